//! From the words of paths and fields to the things they mean: `jobId` means a record of `jpm/jobs`.

/// One of many: `activity-codes` is `activity-code`.
pub fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && !stem.ends_with('u') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// Each word in the singular: `jobs-canceled-logs` is `job-canceled-log`.
pub fn singular_each(words: &str) -> String {
    words.split(['-', '/']).map(singular).collect::<Vec<_>>().join("-")
}

/// `purchaseOrder` as `purchase-order`; snake case as well.
pub fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    out
}

/// The thing that a field refers to, in kebab case and the singular, where its name says that it refers to one:
/// `tagTypeIds` refers to a `tag-type`.
pub fn referent(field: &str) -> Option<String> {
    let stem = field
        .strip_suffix("Ids")
        .or_else(|| field.strip_suffix("Id"))
        .or_else(|| field.strip_suffix("_id"))
        .or_else(|| field.strip_suffix("IdList"))?;
    (!stem.is_empty()).then(|| kebab(stem))
}

/// Where a referent's name is not that of its collection.
pub fn synonym(referent: &str) -> Option<&'static str> {
    Some(match referent {
        "created-by" | "modified-by" | "updated-by" | "manager" | "assigned-to" | "reported-by" | "booked-by"
        | "user" | "owner" | "agent" | "approved-by" | "requested-by" | "canceled-by" | "dismissed-by"
        | "project-manager" | "involved-employee" | "assigned-by" | "edited-by" | "rejected-by" | "author"
        | "follow-up-assignee" | "sold-by-employee" => "settings/employees",
        "sold-by" | "technician" | "primary-technician" | "preferred-technician" | "lead-technician" => {
            "settings/technicians"
        }
        "sku" | "material" | "item" => "pricebook/materials",
        "service" | "recurring-service-sku" | "sale-task" => "pricebook/services",
        "equipment-sku" => "pricebook/equipment",
        "inventory-location" | "warehouse" | "from-location" | "to-location" | "ship-to-location" => {
            "inventory/warehouses"
        }
        "bill-to-customer" => "crm/customers",
        "service-location" => "crm/locations",
        "parent-job" | "recall-for" | "warranty" | "source-job" => "jpm/jobs",
        "adjustment-to" | "applied-to-invoice" => "accounting/invoices",
        "equipment" => "equipment-systems/installed-equipment",
        "bill" => "accounting/inventory-bills",
        "general-ledger-account" | "gl-account" => "accounting/gl-accounts",
        "lead-call" | "call" => "telecom/calls",
        "scheduler" => "scheduling-pro/schedulers",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_things_come_down_to_one_form() {
        assert_eq!(singular("categories"), "category");
        assert_eq!(singular("business-units"), "business-unit");
        assert_eq!(singular("statuses"), "statuse");
        assert_eq!(singular("status"), "status");
        assert_eq!(singular_each("jobs/canceled-log"), singular_each("job-canceled-logs"));
        assert_eq!(kebab("purchaseOrder"), "purchase-order");
        assert_eq!(kebab("report_category"), "report-category");
    }

    #[test]
    fn a_field_says_what_it_refers_to() {
        assert_eq!(referent("tagTypeIds").as_deref(), Some("tag-type"));
        assert_eq!(referent("createdById").as_deref(), Some("created-by"));
        assert_eq!(referent("id"), None);
        assert_eq!(referent("paid"), None);
    }
}
