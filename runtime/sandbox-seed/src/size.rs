//! How many records each collection starts with, for a number of customers.

use crate::plan::Plan;

/// Weeks of payroll that are seeded.
pub const PAYROLL_WEEKS: usize = 10;
/// Gross pay items of a person in a week.
pub const ITEMS_A_WEEK: usize = 7;

/// Collections whose records are a company's own choices: a handful, whatever its size.
const HANDFUL: [&str; 27] = [
    "types",
    "statuses",
    "substatuses",
    "reasons",
    "categories",
    "roles",
    "zones",
    "codes",
    "teams",
    "terms",
    "skills",
    "markups",
    "templates",
    "windows",
    "fields",
    "type",
    "tags",
    "segments",
    "warehouses",
    "schedulers",
    "forms",
    "accounts",
    "routers",
    "activity-categories",
    "rates",
    "materialsmarkup",
    "costs",
];

/// Seeded records by collection.
pub fn counts(plan: &Plan, customers: usize) -> Vec<usize> {
    let customers = customers.max(1);
    let technicians = (customers / 50).clamp(8, 20_000);
    let employees = (customers / 100).clamp(6, 10_000);
    let people = technicians + employees;
    let jobs = customers * 2;
    let of = |key: &str| -> Option<usize> {
        Some(match key {
            "crm/customers" => customers,
            "crm/locations" => customers + customers / 5,
            "crm/contacts" => customers,
            "crm/leads" | "crm/bookings" => customers / 4 + 5,
            "jpm/jobs" | "accounting/invoices" | "jpm/appointments" => jobs,
            "accounting/payments" => jobs * 4 / 5,
            "jpm/projects" => customers / 10 + 3,
            "settings/technicians" => technicians,
            "settings/employees" => employees,
            "settings/business-units" => (customers / 1000).clamp(4, 24),
            "settings/user-roles" => 6,
            "settings/tag-types" => 12,
            "payroll/payrolls" => people * PAYROLL_WEEKS,
            "payroll/gross-pay-items" => people * PAYROLL_WEEKS * ITEMS_A_WEEK,
            "payroll/payroll-settings" => people,
            "payroll/activity-codes" => 8,
            "payroll/timesheet-codes" => 6,
            "payroll/jobs/splits" => jobs + jobs / 4,
            "payroll/jobs/timesheets" => jobs,
            "payroll/non-job-timesheets" => people * PAYROLL_WEEKS,
            "payroll/payroll-adjustments" => people * 2,
            "inventory/vendors" => (customers / 100).clamp(6, 200),
            "inventory/warehouses" => 3,
            "inventory/trucks" => technicians,
            "inventory/purchase-orders" => customers / 2 + 6,
            "inventory/receipts" | "accounting/inventory-bills" | "accounting/ap-bills" => customers * 2 / 5 + 4,
            "pricebook/categories" => 14,
            "pricebook/services" | "pricebook/materials" => (customers / 10).clamp(40, 4000),
            "pricebook/equipment" => (customers / 20).clamp(20, 1000),
            "memberships/memberships" => customers / 5 + 4,
            "dispatch/appointment-assignments" => jobs,
            "reporting/report-categories" => 5,
            "reporting/report-category/reports" => 15,
            _ => return None,
        })
    };
    let mut counts: Vec<Option<usize>> = plan.collections.iter().map(|c| of(&c.key)).collect();
    for _ in 0..4 {
        for (number, collection) in plan.collections.iter().enumerate() {
            if counts[number].is_some() {
                continue;
            }
            let last = collection.key.rsplit(['/', '-']).next().unwrap_or_default();
            counts[number] = match collection.parent {
                Some((parent, _)) => counts[parent].map(|parents| parents.min(10_000) * 2),
                None if HANDFUL.contains(&last) => Some(12),
                None => Some((customers / 5).clamp(25, 5000)),
            };
        }
    }
    counts.into_iter().map(|count| count.unwrap_or(20)).collect()
}
