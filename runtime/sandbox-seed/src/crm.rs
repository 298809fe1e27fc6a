//! Customers, where they live, and how to reach them.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given, dollars};
use super::names;
use crate::clock::{self, SECOND};

/// A customer's name: a firm's for one in six.
pub fn customer_name(dataset: &Dataset, place: usize) -> String {
    let mut rng = dataset.rng("customer's name", place);
    if is_firm(dataset, place) {
        names::firm(&mut rng)
    } else {
        let (first, last) = names::person(&mut rng);
        format!("{first} {last}")
    }
}

fn is_firm(dataset: &Dataset, place: usize) -> bool {
    dataset.rng("customer's type", place).chance(170)
}

/// The customer that a location belongs to: each has one, every fifth a second.
pub fn customer_of_location(dataset: &Dataset, location: usize) -> usize {
    let customers = dataset.count_of("crm/customers").max(1);
    if location < customers { location } else { (location - customers) * 5 % customers }
}

/// Where a location is.
pub fn address(dataset: &Dataset, location: usize) -> Value {
    let mut rng = dataset.rng("address", location);
    let (city, state, zip, latitude, longitude) = *rng.pick(&names::CITIES);
    let (north, east) = (rng.unit() - 0.5, rng.unit() - 0.5);
    let degrees = |value: f64| (value * 10_000.0).round() / 10_000.0;
    let unit = if rng.chance(200) { json!(format!("Unit {}", rng.between(1, 60))) } else { Value::Null };
    json!({
        "street": names::street(&mut rng), "unit": unit, "city": city, "state": state, "zip": zip, "country": "USA",
        "latitude": degrees(latitude + north / 5.0), "longitude": degrees(longitude + east / 5.0),
    })
}

/// Two in a hundred customers were merged into an earlier one.
fn merged(place: usize) -> Option<usize> {
    (place > 0 && place % 50 == 31).then(|| place - 1)
}

fn tags(dataset: &Dataset, thing: &str, place: usize) -> Value {
    let mut rng = dataset.rng(thing, place);
    let count = rng.below(3);
    let first = rng.below(12);
    (0..count).map(|at| dataset.id_of("settings/tag-types", first + at)).collect()
}

pub fn customer(dataset: &Dataset, place: usize) -> Given {
    let mut rng = dataset.rng("customer", place);
    let merged = merged(place);
    let mut given = Given::new();
    given.insert("active".into(), json!(merged.is_none() && place % 25 != 17));
    given.insert("name".into(), json!(customer_name(dataset, place)));
    given.insert("type".into(), json!(if is_firm(dataset, place) { "Commercial" } else { "Residential" }));
    given.insert("address".into(), address(dataset, place));
    given.insert("balance".into(), if rng.chance(300) { dollars(rng.between(1000, 250_000)) } else { json!("0.00") });
    given.insert("taxExempt".into(), json!(rng.chance(40)));
    given.insert("doNotMail".into(), json!(rng.chance(60)));
    given.insert("doNotService".into(), json!(rng.chance(10)));
    given.insert("nationalAccount".into(), json!(false));
    given.insert("tagTypeIds".into(), tags(dataset, "customer's tags", place));
    given.insert("customFields".into(), custom_fields(place));
    given.insert("externalData".into(), json!([]));
    given.insert("mergedToId".into(), merged.map_or(Value::Null, |to| dataset.id_of("crm/customers", to)));
    given.insert("creditLimit".into(), Value::Null);
    given.insert("creditLimitBalance".into(), Value::Null);
    given
}

fn custom_fields(place: usize) -> Value {
    match place % 6 {
        0 => json!([{ "typeId": 901, "name": "Gate code", "value": format!("{:04}", place % 10_000) }]),
        1 => json!([{ "typeId": 902, "name": "How did you hear?", "value": "A friend said \"call them\"" }]),
        _ => json!([]),
    }
}

pub fn location(dataset: &Dataset, place: usize) -> Given {
    let customer = customer_of_location(dataset, place);
    let mut given = Given::new();
    given.insert("customerId".into(), dataset.id_of("crm/customers", customer));
    given.insert("active".into(), json!(place % 31 != 20));
    given.insert("name".into(), json!(location_name(dataset, place)));
    given.insert("address".into(), address(dataset, place));
    given.insert("taxExempt".into(), json!(false));
    given.insert("tagTypeIds".into(), tags(dataset, "location's tags", place));
    given.insert("customFields".into(), json!([]));
    given.insert("externalData".into(), json!([]));
    given.insert("mergedToId".into(), Value::Null);
    given
}

/// A location is called after its customer; a second one says so.
pub fn location_name(dataset: &Dataset, location: usize) -> String {
    let name = customer_name(dataset, customer_of_location(dataset, location));
    if location < dataset.count_of("crm/customers") { name } else { format!("{name} (rental)") }
}

pub fn contact(dataset: &Dataset, place: usize) -> Given {
    let (first, last) = names::person(&mut dataset.rng("contact", place));
    let mut given = Given::new();
    given.insert("name".into(), json!(format!("{first} {last}")));
    given.insert("isArchived".into(), json!(place % 29 == 13));
    given
}

/// Ways to reach somebody (customers' and locations' contacts): by telephone or mail.
pub fn reach(dataset: &Dataset, thing: &str, place: usize) -> Given {
    let mut rng = dataset.rng(thing, place);
    let mail = place % 2 == 1;
    let mut given = Given::new();
    given.insert("type".into(), json!(if mail { "Email" } else { "MobilePhone" }));
    given.insert("value".into(), json!(if mail { names::email(&mut rng) } else { names::phone(&mut rng) }));
    given
}

pub fn lead(dataset: &Dataset, place: usize) -> Given {
    let mut rng = dataset.rng("lead", place);
    let location = rng.below(dataset.count_of("crm/locations"));
    let mut given = Given::new();
    given.insert("locationId".into(), dataset.id_of("crm/locations", location));
    given.insert("customerId".into(), dataset.id_of("crm/customers", customer_of_location(dataset, location)));
    given.insert("status".into(), json!(*rng.pick(&["Open", "Converted", "Dismissed"])));
    given
}

pub fn booking(dataset: &Dataset, place: usize) -> Given {
    let mut rng = dataset.rng("booking", place);
    let start = dataset.origin + rng.between(1, 30) * 86_400 * SECOND;
    let mut given = Given::new();
    given.insert("name".into(), json!(customer_name(dataset, place)));
    given.insert("address".into(), address(dataset, place));
    given.insert("source".into(), json!("Web"));
    given.insert("start".into(), json!(clock::write(start)));
    given.insert("externalId".into(), json!(format!("web-{place}")));
    given
}
