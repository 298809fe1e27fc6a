//! The pricebook: a tree of categories, services, materials and equipment with their vendors.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given, dollars};
use super::inventory;

const MATERIALS: [&str; 10] = [
    "Copper pipe 3/4\"",
    "Run capacitor 45/5 µF",
    "Air filter 16x25x1",
    "PVC elbow 2\"",
    "R-410A, 25 lb",
    "Thermostat wire 18/5",
    "Breaker 20 A",
    "Flex duct 8\"",
    "Ball valve 1/2\"",
    "Igniter, hot surface",
];
const SERVICES: [&str; 8] = [
    "Tune-up",
    "Diagnostic fee",
    "Drain clearing",
    "Capacitor replacement",
    "Water heater flush",
    "Panel inspection",
    "Refrigerant recharge",
    "Duct sealing",
];
const EQUIPMENT: [&str; 6] =
    ["Condenser 3 t", "Furnace 80k BTU", "Water heater 50 gal", "Heat pump 4 t", "Tankless heater", "Air handler"];
const CATEGORIES: [&str; 14] = [
    "HVAC",
    "Plumbing",
    "Electrical",
    "Repairs",
    "Installs",
    "Maintenance",
    "Drains",
    "Water Heaters",
    "Lighting",
    "Pipe",
    "Refrigerants",
    "Filters",
    "Controls",
    "Fasteners",
];

pub fn material_name(place: usize) -> String {
    format!("{} ({})", MATERIALS[place % MATERIALS.len()], place + 1)
}

pub fn material_code(place: usize) -> String {
    format!("M{:05}", place + 1)
}

pub fn service_code(place: usize) -> String {
    format!("S{:05}", place + 1)
}

pub fn vendor_part(place: usize) -> String {
    format!("VP-{:04}-{}", place + 1, place % 7)
}

/// What a material costs, in cents.
pub fn cost_cents(dataset: &Dataset, place: usize) -> i64 {
    dataset.rng("material's cost", place).between(85, 42_000)
}

fn vendor(dataset: &Dataset, place: usize, part: String, cents: i64) -> Value {
    let vendor = place % dataset.count_of("inventory/vendors").max(1);
    json!({
        "vendorName": inventory::vendor_name(vendor), "vendorId": dataset.id_of("inventory/vendors", vendor), "vendorPart": part,
        "cost": dollars(cents), "active": true, "memo": null, "primarySubAccount": null, "otherSubAccounts": [],
    })
}

fn priced(given: &mut Given, cents: i64) {
    for (field, per_cent) in
        [("cost", 100), ("price", 250), ("memberPrice", 225), ("addOnPrice", 240), ("addOnMemberPrice", 215)]
    {
        given.insert(field.into(), dollars(cents * per_cent / 100));
    }
}

fn vendors(dataset: &Dataset, place: usize, cents: i64, given: &mut Given) {
    given.insert("primaryVendor".into(), vendor(dataset, place, vendor_part(place), cents));
    let others = if place.is_multiple_of(3) {
        json!([vendor(dataset, place + 1, format!("ALT-{place}"), cents * 104 / 100)])
    } else {
        json!([])
    };
    given.insert("otherVendors".into(), others);
}

pub fn material(dataset: &Dataset, place: usize) -> Given {
    let cents = cost_cents(dataset, place);
    let mut given = Given::new();
    given.insert("code".into(), json!(material_code(place)));
    given.insert("displayName".into(), json!(material_name(place)));
    given.insert("description".into(), json!(format!("<p>{}</p>", material_name(place))));
    given.insert("active".into(), json!(place % 20 != 18));
    priced(&mut given, cents);
    vendors(dataset, place, cents, &mut given);
    given.insert("categories".into(), json!([dataset.id_of("pricebook/categories", 9 + place % 5)]));
    for field in ["assets", "externalData", "variationsOrConfigurableMaterials"] {
        given.insert(field.into(), json!([]));
    }
    given
}

pub fn equipment(dataset: &Dataset, place: usize) -> Given {
    let cents = dataset.rng("equipment's cost", place).between(40_000, 420_000);
    let mut given = Given::new();
    given.insert("code".into(), json!(format!("E{:05}", place + 1)));
    given.insert("displayName".into(), json!(format!("{} ({})", EQUIPMENT[place % EQUIPMENT.len()], place + 1)));
    given.insert("active".into(), json!(place % 20 != 18));
    priced(&mut given, cents);
    vendors(dataset, place, cents, &mut given);
    given.insert("categories".into(), json!([dataset.id_of("pricebook/categories", 9 + place % 5)]));
    given
}

pub fn service(dataset: &Dataset, place: usize) -> Given {
    let cents = dataset.rng("service's cost", place).between(4000, 90_000);
    let category = 3 + place % 6;
    let mut given = Given::new();
    given.insert("code".into(), json!(service_code(place)));
    given.insert("displayName".into(), json!(format!("{} ({})", SERVICES[place % SERVICES.len()], place + 1)));
    given.insert("active".into(), json!(place % 20 != 18));
    priced(&mut given, cents);
    given.insert(
        "categories".into(),
        json!([{ "id": dataset.id_of("pricebook/categories", category), "name": CATEGORIES[category], "active": true }]),
    );
    let materials = dataset.count_of("pricebook/materials").max(1);
    given.insert(
        "serviceMaterials".into(),
        json!([{ "skuId": dataset.id_of("pricebook/materials", place % materials), "quantity": "1.00" }]),
    );
    given
}

/// The first three are roots, the next six services' branches under them, the rest materials'.
fn parent(place: usize) -> Option<usize> {
    match place {
        0..=2 => None,
        3..=8 => Some((place - 3) % 3),
        9 => None,
        _ => Some(9),
    }
}

pub fn category(dataset: &Dataset, place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(CATEGORIES[place % CATEGORIES.len()]));
    given.insert("active".into(), json!(true));
    let up = parent(place).map_or(Value::Null, |parent| dataset.id_of("pricebook/categories", parent));
    given.insert("parentId".into(), up);
    given.insert("position".into(), json!(place));
    given.insert("categoryType".into(), json!(if place < 9 { "Services" } else { "Materials" }));
    let children: Vec<Value> = (0..CATEGORIES.len().min(dataset.count_of("pricebook/categories")))
        .filter(|child| parent(*child) == Some(place))
        .map(|child| {
            let mut given = category(dataset, child);
            given.insert("id".into(), dataset.id_of("pricebook/categories", child));
            Value::Object(given)
        })
        .collect();
    given.insert("subcategories".into(), json!(children));
    given
}
