//! One seeded record: what its domain says about it, written as its type says.

use serde_json::{Value, json};

use super::scribe::{Missing, Scribe};
use super::world::{Given, World};
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
pub fn record(world: &World, number: usize, place: usize) -> Seeded {
    let collection = &world.plan.collections[number];
    let mut given = domain(world, &collection.key, place);
    // What others refer to is not hidden from the lists that would show it.
    let referred_to = !given.is_empty() && !collection.active_param;
    if let Some((wire, _)) = &collection.identity {
        given.entry(wire.clone()).or_insert_with(|| world.id(number, place));
    }
    let parent = parent(world, number, place, &mut given);
    if !referred_to && !given.contains_key("active") && collection.field("active").is_some() {
        // A list that cannot be asked for inactive records hides them; few are hidden.
        let one_in = if collection.active_param { 23 } else { 53 };
        given.insert("active".into(), json!(place % one_in != 19));
    }
    let active = given.get("active").and_then(Value::as_bool).unwrap_or(true);
    let (created, modified) = world.moments(number, place);
    let moment = |wire: &str| given.get(wire).and_then(Value::as_str).and_then(clock::read);
    let created = moment("createdOn").unwrap_or(created);
    let modified = moment("modifiedOn").unwrap_or(modified);
    let id = world.number(number, place);
    let mut scribe = Scribe::new(world, collection.surface, Some(number), id, Missing::Drawn).dated(created, modified);
    scribe.seeded(&collection.fields, &given);
    Seeded { text: scribe.finish(), created, modified, active, parent }
}

/// Whose the record is: two in a row belong to the same.
fn parent(world: &World, number: usize, place: usize, given: &mut Given) -> Option<String> {
    let (owner, field) = world.plan.collections[number].parent.as_ref()?;
    let count = world.count(*owner);
    if count == 0 {
        return None;
    }
    let id = match field.as_ref().and_then(|field| given.get(field)) {
        Some(id) => id.clone(),
        None => {
            let id = world.id(*owner, (place / 2) % count);
            if let Some(field) = field {
                given.insert(field.clone(), id.clone());
            }
            id
        }
    };
    Some(json::bare(&id.to_string()).into_owned())
}

fn domain(world: &World, key: &str, place: usize) -> Given {
    match key {
        "settings/business-units" => settings::business_unit(place),
        "settings/user-roles" => settings::user_role(place),
        "settings/tag-types" => settings::tag_type(place),
        "settings/technicians" => settings::technician(world, place),
        "settings/employees" => settings::employee(world, place),
        "payroll/activity-codes" => payroll::activity_code(place),
        "payroll/timesheet-codes" => payroll::timesheet_code(place),
        "payroll/payrolls" => payroll::payroll(world, place),
        "payroll/payroll-settings" => payroll::settings_of(world, place),
        "payroll/gross-pay-items" => payroll::gross_pay_item(world, place),
        "payroll/payroll-adjustments" => payroll::adjustment(world, place),
        "payroll/jobs/splits" => payroll::split(world, place),
        "payroll/jobs/timesheets" => payroll::job_timesheet(world, place),
        "payroll/non-job-timesheets" => payroll::non_job_timesheet(world, place),
        "crm/customers" => crm::customer(world, place),
        "crm/locations" => crm::location(world, place),
        "crm/contacts" => crm::contact(world, place),
        "crm/customers/contacts" | "crm/locations/contacts" => crm::reach(world, key, place),
        "crm/leads" => crm::lead(world, place),
        "crm/bookings" => crm::booking(world, place),
        "jpm/jobs" => jobs::job(world, place),
        "jpm/appointments" => jobs::appointment(world, place),
        "jpm/projects" => jobs::project(world, place),
        "jpm/job-types" => jobs::job_type(place),
        "dispatch/appointment-assignments" => jobs::assignment(world, place),
        "accounting/invoices" => accounting::invoice(world, place),
        "accounting/payments" => accounting::payment(world, place),
        "accounting/inventory-bills" | "accounting/ap-bills" => accounting::bill(world, place),
        "inventory/vendors" => inventory::vendor(world, place),
        "inventory/warehouses" => inventory::warehouse(world, place),
        "inventory/trucks" => inventory::truck(world, place),
        "inventory/purchase-orders" => inventory::purchase_order(world, place),
        "inventory/receipts" => inventory::receipt(world, place),
        "pricebook/categories" => pricebook::category(world, place),
        "pricebook/materials" => pricebook::material(world, place),
        "pricebook/equipment" => pricebook::equipment(world, place),
        "pricebook/services" => pricebook::service(world, place),
        "reporting/report-categories" => reports::category(place),
        "reporting/report-category/reports" => reports::report(place),
        _ => Given::new(),
    }
}
