//! One seeded record: what its domain says about it, written as its type says.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given};
use super::generator::{Generator, Missing};
use super::{accounting, crm, inventory, jobs, payroll, pricebook, reports, settings};
use crate::clock::{self, Ticks};
use crate::json;

/// A record as the store keeps it.
pub struct Seeded {
    /// Its JSON.
    pub text: String,
    /// When it was created.
    pub created: Ticks,
    /// When it was last changed.
    pub modified: Ticks,
    /// Whether it is active.
    pub active: bool,
    /// The id of the record that it belongs to.
    pub parent: Option<String>,
}

/// The record at that place of a collection.
pub fn record(dataset: &Dataset, number: usize, place: usize) -> Seeded {
    let collection = &dataset.plan.collections[number];
    let mut given = domain(dataset, &collection.key, place);
    // What others refer to is not hidden from the lists that would show it.
    let referred_to = !given.is_empty() && !collection.active_param;
    if let Some((wire, _)) = &collection.identity {
        given.entry(wire.clone()).or_insert_with(|| dataset.id(number, place));
    }
    let parent = parent(dataset, number, place, &mut given);
    if !referred_to && !given.contains_key("active") && collection.field("active").is_some() {
        // A list that cannot be asked for inactive records hides them; few are hidden.
        let one_in = if collection.active_param { 23 } else { 53 };
        given.insert("active".into(), json!(place % one_in != 19));
    }
    let active = given.get("active").and_then(Value::as_bool).unwrap_or(true);
    let (created, modified) = dataset.moments(number, place);
    let moment = |wire: &str| given.get(wire).and_then(Value::as_str).and_then(clock::read);
    let created = moment("createdOn").unwrap_or(created);
    let modified = moment("modifiedOn").unwrap_or(modified);
    let id = dataset.number(number, place);
    let mut generator =
        Generator::new(dataset, collection.surface, Some(number), id, Missing::Drawn).dated(created, modified);
    generator.seeded(&collection.fields, &given);
    Seeded { text: generator.finish(), created, modified, active, parent }
}

/// Whose the record is: two in a row belong to the same.
fn parent(dataset: &Dataset, number: usize, place: usize, given: &mut Given) -> Option<String> {
    let (owner, field) = dataset.plan.collections[number].parent.as_ref()?;
    let count = dataset.count(*owner);
    if count == 0 {
        return None;
    }
    let id = match field.as_ref().and_then(|field| given.get(field)) {
        Some(id) => id.clone(),
        None => {
            let id = dataset.id(*owner, (place / 2) % count);
            if let Some(field) = field {
                given.insert(field.clone(), id.clone());
            }
            id
        }
    };
    Some(json::bare(&id.to_string()).into_owned())
}

fn domain(dataset: &Dataset, key: &str, place: usize) -> Given {
    match key {
        "settings/business-units" => settings::business_unit(place),
        "settings/user-roles" => settings::user_role(place),
        "settings/tag-types" => settings::tag_type(place),
        "settings/technicians" => settings::technician(dataset, place),
        "settings/employees" => settings::employee(dataset, place),
        "payroll/activity-codes" => payroll::activity_code(place),
        "payroll/timesheet-codes" => payroll::timesheet_code(place),
        "payroll/payrolls" => payroll::payroll(dataset, place),
        "payroll/payroll-settings" => payroll::settings_of(dataset, place),
        "payroll/gross-pay-items" => payroll::gross_pay_item(dataset, place),
        "payroll/payroll-adjustments" => payroll::adjustment(dataset, place),
        "payroll/jobs/splits" => payroll::split(dataset, place),
        "payroll/jobs/timesheets" => payroll::job_timesheet(dataset, place),
        "payroll/non-job-timesheets" => payroll::non_job_timesheet(dataset, place),
        "crm/customers" => crm::customer(dataset, place),
        "crm/locations" => crm::location(dataset, place),
        "crm/contacts" => crm::contact(dataset, place),
        "crm/customers/contacts" | "crm/locations/contacts" => crm::reach(dataset, key, place),
        "crm/leads" => crm::lead(dataset, place),
        "crm/bookings" => crm::booking(dataset, place),
        "jpm/jobs" => jobs::job(dataset, place),
        "jpm/appointments" => jobs::appointment(dataset, place),
        "jpm/projects" => jobs::project(dataset, place),
        "jpm/job-types" => jobs::job_type(place),
        "dispatch/appointment-assignments" => jobs::assignment(dataset, place),
        "accounting/invoices" => accounting::invoice(dataset, place),
        "accounting/payments" => accounting::payment(dataset, place),
        "accounting/inventory-bills" | "accounting/ap-bills" => accounting::bill(dataset, place),
        "inventory/vendors" => inventory::vendor(dataset, place),
        "inventory/warehouses" => inventory::warehouse(dataset, place),
        "inventory/trucks" => inventory::truck(dataset, place),
        "inventory/purchase-orders" => inventory::purchase_order(dataset, place),
        "inventory/receipts" => inventory::receipt(dataset, place),
        "pricebook/categories" => pricebook::category(dataset, place),
        "pricebook/materials" => pricebook::material(dataset, place),
        "pricebook/equipment" => pricebook::equipment(dataset, place),
        "pricebook/services" => pricebook::service(dataset, place),
        "reporting/report-categories" => reports::category(place),
        "reporting/report-category/reports" => reports::report(place),
        _ => Given::new(),
    }
}
