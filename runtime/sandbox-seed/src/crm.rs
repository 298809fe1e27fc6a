//! Customers, where they live, and how to reach them.

use serde_json::{Value, json};

use super::names;
use super::world::{Given, World, dollars};
use crate::clock::{self, SECOND};

/// A customer's name: a firm's for one in six.
pub fn customer_name(world: &World, place: usize) -> String {
    let mut draw = world.draw("customer's name", place);
    if is_firm(world, place) {
        names::firm(&mut draw)
    } else {
        let (first, last) = names::person(&mut draw);
        format!("{first} {last}")
    }
}

fn is_firm(world: &World, place: usize) -> bool {
    world.draw("customer's type", place).chance(170)
}

/// The customer that a location belongs to: each has one, every fifth a second.
pub fn customer_of_location(world: &World, location: usize) -> usize {
    let customers = world.count_of("crm/customers").max(1);
    if location < customers { location } else { (location - customers) * 5 % customers }
}

/// Where a location is.
pub fn address(world: &World, location: usize) -> Value {
    let mut draw = world.draw("address", location);
    let (city, state, zip, latitude, longitude) = *draw.pick(&names::CITIES);
    let (north, east) = (draw.unit() - 0.5, draw.unit() - 0.5);
    let degrees = |value: f64| (value * 10_000.0).round() / 10_000.0;
    let unit = if draw.chance(200) { json!(format!("Unit {}", draw.between(1, 60))) } else { Value::Null };
    json!({
        "street": names::street(&mut draw), "unit": unit, "city": city, "state": state, "zip": zip, "country": "USA",
        "latitude": degrees(latitude + north / 5.0), "longitude": degrees(longitude + east / 5.0),
    })
}

/// Two in a hundred customers were merged into an earlier one.
fn merged(place: usize) -> Option<usize> {
    (place > 0 && place % 50 == 31).then(|| place - 1)
}

fn tags(world: &World, thing: &str, place: usize) -> Value {
    let mut draw = world.draw(thing, place);
    let count = draw.below(3);
    let first = draw.below(12);
    (0..count).map(|at| world.id_of("settings/tag-types", first + at)).collect()
}

pub fn customer(world: &World, place: usize) -> Given {
    let mut draw = world.draw("customer", place);
    let merged = merged(place);
    let mut given = Given::new();
    given.insert("active".into(), json!(merged.is_none() && place % 25 != 17));
    given.insert("name".into(), json!(customer_name(world, place)));
    given.insert("type".into(), json!(if is_firm(world, place) { "Commercial" } else { "Residential" }));
    given.insert("address".into(), address(world, place));
    given.insert("balance".into(), if draw.chance(300) { dollars(draw.between(1000, 250_000)) } else { json!("0.00") });
    given.insert("taxExempt".into(), json!(draw.chance(40)));
    given.insert("doNotMail".into(), json!(draw.chance(60)));
    given.insert("doNotService".into(), json!(draw.chance(10)));
    given.insert("nationalAccount".into(), json!(false));
    given.insert("tagTypeIds".into(), tags(world, "customer's tags", place));
    given.insert("customFields".into(), custom_fields(place));
    given.insert("externalData".into(), json!([]));
    given.insert("mergedToId".into(), merged.map_or(Value::Null, |to| world.id_of("crm/customers", to)));
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

pub fn location(world: &World, place: usize) -> Given {
    let customer = customer_of_location(world, place);
    let mut given = Given::new();
    given.insert("customerId".into(), world.id_of("crm/customers", customer));
    given.insert("active".into(), json!(place % 31 != 20));
    given.insert("name".into(), json!(location_name(world, place)));
    given.insert("address".into(), address(world, place));
    given.insert("taxExempt".into(), json!(false));
    given.insert("tagTypeIds".into(), tags(world, "location's tags", place));
    given.insert("customFields".into(), json!([]));
    given.insert("externalData".into(), json!([]));
    given.insert("mergedToId".into(), Value::Null);
    given
}

/// A location is called after its customer; a second one says so.
pub fn location_name(world: &World, location: usize) -> String {
    let name = customer_name(world, customer_of_location(world, location));
    if location < world.count_of("crm/customers") { name } else { format!("{name} (rental)") }
}

pub fn contact(world: &World, place: usize) -> Given {
    let (first, last) = names::person(&mut world.draw("contact", place));
    let mut given = Given::new();
    given.insert("name".into(), json!(format!("{first} {last}")));
    given.insert("isArchived".into(), json!(place % 29 == 13));
    given
}

/// Ways to reach somebody (customers' and locations' contacts): by telephone or mail.
pub fn reach(world: &World, thing: &str, place: usize) -> Given {
    let mut draw = world.draw(thing, place);
    let mail = place % 2 == 1;
    let mut given = Given::new();
    given.insert("type".into(), json!(if mail { "Email" } else { "MobilePhone" }));
    given.insert("value".into(), json!(if mail { names::email(&mut draw) } else { names::phone(&mut draw) }));
    given
}

pub fn lead(world: &World, place: usize) -> Given {
    let mut draw = world.draw("lead", place);
    let location = draw.below(world.count_of("crm/locations"));
    let mut given = Given::new();
    given.insert("locationId".into(), world.id_of("crm/locations", location));
    given.insert("customerId".into(), world.id_of("crm/customers", customer_of_location(world, location)));
    given.insert("status".into(), json!(*draw.pick(&["Open", "Converted", "Dismissed"])));
    given
}

pub fn booking(world: &World, place: usize) -> Given {
    let mut draw = world.draw("booking", place);
    let start = world.origin + draw.between(1, 30) * 86_400 * SECOND;
    let mut given = Given::new();
    given.insert("name".into(), json!(customer_name(world, place)));
    given.insert("address".into(), address(world, place));
    given.insert("source".into(), json!("Web"));
    given.insert("start".into(), json!(clock::write(start)));
    given.insert("externalId".into(), json!(format!("web-{place}")));
    given
}
