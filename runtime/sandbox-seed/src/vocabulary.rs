//! Plausible texts by the name of a field, where no domain generator says more.

use super::dataset::Dataset;
use super::names;
use super::rng::Rng;

const ITEMS: [&str; 12] = [
    "Furnace tune-up",
    "Drain cleaning",
    "16 SEER condenser",
    "Copper pipe, 3/4\"",
    "Thermostat install",
    "Water heater 50 gal",
    "Air filter 16x25x1",
    "Garbage disposal",
    "Duct sealing",
    "EV charger",
    "Sump pump",
    "Capacitor 45/5 µF",
];
const NOTES: [&str; 8] = [
    "Gate code is 4411, ring twice.",
    "Customer's dog is friendly.",
    "Quoted \"as is\"; see photos.",
    "Second visit needed, part on order.",
    "Paid by check.",
    "Khách hàng nói tiếng Việt.",
    "Attic access through the garage.\nBring the long ladder.",
    "Prefers mornings.",
];
const GROUPS: [&str; 12] = [
    "Residential Service",
    "Commercial HVAC",
    "Plumbing",
    "Electrical",
    "Installation",
    "Maintenance",
    "Drains",
    "Refrigeration",
    "Sales",
    "Warranty",
    "Emergency",
    "New Construction",
];

/// A text for a field of that name in a record of that kind.
pub fn text(record: &str, field: &str, number: i64, rng: &mut Rng) -> String {
    let lower = field.to_ascii_lowercase();
    let is = |part: &str| lower.contains(part);
    if is("email") {
        names::email(rng)
    } else if is("phone") || lower.ends_with("from") && record.contains("call") {
        names::phone(rng)
    } else if is("street") || lower == "line1" {
        names::street(rng)
    } else if is("city") {
        rng.pick(&names::CITIES).0.to_owned()
    } else if lower.ends_with("state") || is("province") {
        rng.pick(&names::CITIES).1.to_owned()
    } else if is("zip") || is("postal") {
        rng.pick(&names::CITIES).2.to_owned()
    } else if is("country") {
        "USA".to_owned()
    } else if lower == "unit" {
        format!("Apt {}", rng.between(1, 40))
    } else if is("firstname") {
        names::person(rng).0.to_owned()
    } else if is("lastname") {
        names::person(rng).1.to_owned()
    } else if is("url") || is("link") {
        format!("https://example.com/{}/{number}", record.trim_end_matches("-page"))
    } else if is("path") || is("filename") || is("alias") {
        format!("{record}/{number}.jpg")
    } else if is("color") {
        format!("#{:06x}", rng.below(0x00ff_ffff))
    } else if is("status") {
        (*rng.pick(&["Open", "Pending", "Completed"])).to_owned()
    } else if is("memo") || is("note") || is("summary") || is("description") || is("comment") || lower == "text" {
        (*rng.pick(&NOTES)).to_owned()
    } else if is("customername")
        || is("createdby")
        || is("username")
        || is("technicianname")
        || is("employeename")
        || is("agentname")
    {
        let (first, last) = names::person(rng);
        format!("{first} {last}")
    } else if is("businessunit") {
        (*rng.pick(&GROUPS)).to_owned()
    } else if is("code") || is("number") || is("reference") || is("external") || is("sid") || is("document") {
        number.to_string()
    } else if is("sku") || is("item") || is("part") {
        (*rng.pick(&ITEMS)).to_owned()
    } else if is("name") || is("title") || is("label") {
        let kind: Vec<&str> = record.split('-').filter(|w| !["export", "response", "record"].contains(w)).collect();
        format!("{} {}", rng.pick(&GROUPS), kind.last().copied().unwrap_or("record"))
    } else if is("currency") {
        "USD".to_owned()
    } else if is("priority") {
        "Normal".to_owned()
    } else if is("version") {
        "1".to_owned()
    } else {
        (*rng.pick(&GROUPS)).to_owned()
    }
}

/// The words that records without a number are found by.
pub fn identity(dataset: &Dataset, collection: usize, place: usize) -> String {
    const REPORTS: [&str; 5] = ["accounting", "operations", "technician-dashboard", "marketing", "payroll"];
    if dataset.plan.collections[collection].key == "reporting/report-categories" {
        return REPORTS.get(place).map_or_else(|| format!("category-{place}"), |name| (*name).to_owned());
    }
    dataset.number(collection, place).to_string()
}
