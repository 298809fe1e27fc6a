//! Who works at the company, and how it is divided.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given};
use super::names;
use crate::clock::{self, DAY};

const UNITS: [&str; 8] = [
    "HVAC Service",
    "HVAC Install",
    "Plumbing",
    "Electrical",
    "Commercial HVAC",
    "Drains",
    "Maintenance Agreements",
    "Sales",
];
const ROLES: [&str; 6] = ["Dispatcher", "CSR", "Office Manager", "Accountant", "Field Manager", "Owner"];
const TAGS: [&str; 12] = [
    "VIP",
    "Do Not Call",
    "Member",
    "Slow Payer",
    "Recall",
    "Rental",
    "Has Dog",
    "Builder",
    "Warranty",
    "Referral",
    "Gate Code",
    "Senior Discount",
];

/// The name of a business unit.
pub fn unit_name(place: usize) -> String {
    let name = UNITS[place % UNITS.len()];
    if place < UNITS.len() { name.to_owned() } else { format!("{name} {}", place / UNITS.len() + 1) }
}

/// The first and last name of an employee or technician. One of them starts like a spreadsheet's formula, one is
/// longer than careless columns.
pub fn person(dataset: &Dataset, technician: bool, place: usize) -> (String, String) {
    let thing = if technician { "technician's name" } else { "employee's name" };
    let (first, last) = names::person(&mut dataset.rng(thing, place));
    match (technician, place) {
        (true, 3) => ("=HYPERLINK(\"http://example.com\")".to_owned(), last.to_owned()),
        (true, 5) => ("Nguyễn Thị Thu".to_owned(), "Trang-O'Malley, \"TJ\"".to_owned()),
        _ => (first.to_owned(), last.to_owned()),
    }
}

/// The id at the payroll provider: six digits. Every seventeenth has none yet.
pub fn payroll_id(dataset: &Dataset, technician: bool, place: usize) -> Value {
    let offset = if technician { 1000 } else { 500_000 };
    let _ = dataset;
    if place % 17 == 16 { Value::Null } else { json!(format!("{:06}", offset + place)) }
}

/// Dollars an hour, in cents.
pub fn rate_cents(dataset: &Dataset, technician: bool, place: usize) -> i64 {
    let thing = if technician { "technician's rate" } else { "employee's rate" };
    dataset.rng(thing, place).between(72, 180) * 25
}

/// Whether they still work here.
pub fn is_active(technician: bool, place: usize) -> bool {
    place % 19 != if technician { 11 } else { 5 }
}

pub fn business_unit(place: usize) -> Given {
    let name = unit_name(place);
    let mut given = Given::new();
    given.insert("officialName".into(), json!(format!("{name}, LLC")));
    given.insert("name".into(), json!(name));
    given.insert("currency".into(), json!("USD"));
    given.insert("active".into(), json!(place % 8 != 7));
    given
}

pub fn user_role(place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(ROLES[place % ROLES.len()]));
    given.insert("employeeType".into(), json!("Employee"));
    given
}

pub fn tag_type(place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(TAGS[place % TAGS.len()]));
    given.insert("code".into(), json!(format!("T{place:02}")));
    given
}

fn either(dataset: &Dataset, technician: bool, place: usize) -> Given {
    let (first, last) = person(dataset, technician, place);
    let units = dataset.count_of("settings/business-units").max(1);
    let mut rng = dataset.rng(if technician { "technician" } else { "employee" }, place);
    let cents = rate_cents(dataset, technician, place);
    let mut given = Given::new();
    given.insert("userId".into(), json!(700_000 + place * 2 + usize::from(technician)));
    given.insert("name".into(), json!(format!("{first} {last}")));
    given.insert("firstName".into(), json!(first));
    given.insert("lastName".into(), json!(last));
    given.insert("active".into(), json!(is_active(technician, place)));
    given.insert("businessUnitId".into(), dataset.id_of("settings/business-units", rng.below(units)));
    given.insert("email".into(), json!(names::email(&mut rng)));
    given.insert("phoneNumber".into(), json!(names::phone(&mut rng)));
    given.insert("hourlyRate".into(), json!(format!("{}.{:02}", cents / 100, cents % 100)));
    given.insert("loginName".into(), json!(format!("user{}", place * 2 + usize::from(technician))));
    let started = dataset.origin - rng.between(420, 3000) * DAY;
    given.insert("startDate".into(), json!(clock::write(started - started.rem_euclid(DAY))));
    given
}

pub fn technician(dataset: &Dataset, place: usize) -> Given {
    let mut given = either(dataset, true, place);
    given.insert("payrollId".into(), payroll_id(dataset, true, place));
    given.insert("team".into(), json!(format!("Team {}", char::from(b'A' + u8::try_from(place % 5).unwrap_or(0)))));
    given
}

pub fn employee(dataset: &Dataset, place: usize) -> Given {
    let mut given = either(dataset, false, place);
    given.insert("managerId".into(), if place == 0 { Value::Null } else { dataset.id_of("settings/employees", 0) });
    given
}
