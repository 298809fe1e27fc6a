//! Parts, their prices, branches and what lies in them.

use serde_json::{Value, json};
use tradewire_sandbox_seed::clock::{self, DAY};
use tradewire_sandbox_seed::{CITIES, Rng, phone, street};

use super::{Answer, Call, Refusal, Vendor};

/// Groups of parts: number, name and the group above.
const GROUPS: [(&str, &str, Option<&str>); 6] = [
    ("G1", "Plumbing", None),
    ("G11", "Pipe & fittings", Some("G1")),
    ("G12", "Valves", Some("G1")),
    ("G2", "Heating and cooling", None),
    ("G3", "Electrical", None),
    ("G4", "Tools & safety", None),
];

/// Title, maker, unit, group, price in cents and size. Titles have what breaks careless software.
const PARTS: [(&str, &str, &str, &str, i64, &str); 32] = [
    ("3/4\" copper pipe, type L", "Redtail", "FT", "G11", 389, "3/4\""),
    ("1/2\" copper pipe, type M", "Redtail", "FT", "G11", 214, "1/2\""),
    ("3/4\" x 90° elbow", "Redtail", "EA", "G11", 168, "3/4\""),
    ("1/2\" tee, copper", "Redtail", "EA", "G11", 142, "1/2\""),
    ("PEX tubing 3/4\" \\ red", "Flowmark", "FT", "G11", 96, "3/4\""),
    ("PEX tubing 3/4\" \\ blue", "Flowmark", "FT", "G11", 96, "3/4\""),
    ("P-trap 1-1/2\"", "Flowmark", "EA", "G11", 479, "1-1/2\""),
    ("Wax ring, \"jumbo\"", "Sealwell", "EA", "G11", 325, "4\""),
    ("Ball valve 3/4\"", "Brightport", "EA", "G12", 1289, "3/4\""),
    ("Gate valve 1\"", "Brightport", "EA", "G12", 1875, "1\""),
    ("Pressure relief valve 150 PSI", "Brightport", "EA", "G12", 2160, "3/4\""),
    ("Angle stop 1/4-turn", "Brightport", "EA", "G12", 849, "3/8\""),
    ("Check valve, spring", "Brightport", "EA", "G12", 1575, "3/4\""),
    ("Backflow preventer", "Brightport", "EA", "G12", 18950, "1\""),
    ("Capacitor 45/5 µF 440 V", "Polaris Air", "EA", "G2", 1295, "45/5 µF"),
    ("Contactor 2-pole 30 A", "Polaris Air", "EA", "G2", 1680, "30 A"),
    ("Condenser fan motor ¼ HP", "Polaris Air", "EA", "G2", 13990, "1/4 HP"),
    ("Air filter 16x25x1", "Cleardraft", "CS", "G2", 4320, "16x25x1"),
    ("Air filter 20x20x4", "Cleardraft", "CS", "G2", 11880, "20x20x4"),
    ("Line set 3/8\" x 3/4\" x 50'", "Polaris Air", "EA", "G2", 16450, "50'"),
    ("R-454B refrigerant 20 lb", "Polaris Air", "EA", "G2", 42500, "20 lb"),
    ("Thermostat, Wi-Fi", "Polaris Air", "EA", "G2", 12900, ""),
    ("Hot surface igniter", "Polaris Air", "EA", "G2", 2890, ""),
    ("Flame sensor", "Polaris Air", "EA", "G2", 1150, ""),
    ("Breaker 20 A AFCI", "Lumenwire", "EA", "G3", 4895, "20 A"),
    ("12/2 NM-B cable", "Lumenwire", "FT", "G3", 71, "12/2"),
    ("GFCI receptacle 20 A", "Lumenwire", "EA", "G3", 2175, "20 A"),
    ("Junction box 4\" sq.", "Lumenwire", "EA", "G3", 289, "4\""),
    ("Wire nuts, assorted <100>", "Lumenwire", "BX", "G3", 899, ""),
    ("Dielectric grease & brush", "Sealwell", "EA", "G4", 765, ""),
    ("Teflon tape 1/2\" x 520\"", "Sealwell", "RL", "G4", 119, "1/2\""),
    ("Nitrile gloves (L)", "Cleardraft", "BX", "G4", 1599, "L"),
];

/// Numbers of branches begin with it.
const FIRST_PART: usize = 1001;
/// How many branches there are; each is in another city.
const BRANCHES: usize = 5;
const PAGE: usize = 20;

/// A part's place by its number.
pub(super) fn part(number: &str) -> Option<usize> {
    let place = number.strip_prefix("HL-")?.parse::<usize>().ok()?.checked_sub(FIRST_PART)?;
    (place < PARTS.len()).then_some(place)
}

pub(super) fn part_number(place: usize) -> String {
    format!("HL-{}", FIRST_PART + place)
}

pub(super) fn part_count() -> usize {
    PARTS.len()
}

pub(super) fn title(place: usize) -> &'static str {
    PARTS[place].0
}

pub(super) fn unit(place: usize) -> &'static str {
    PARTS[place].2
}

pub(super) fn group(place: usize) -> &'static str {
    PARTS[place].3
}

/// The main groups: number and name.
pub(super) fn main_groups() -> impl Iterator<Item = (&'static str, &'static str)> {
    GROUPS.iter().filter(|group| group.2.is_none()).map(|group| (group.0, group.1))
}

/// An amount in cents as a number of dollars.
pub(super) fn dollars(cents: i64) -> Value {
    json!(cents as f64 / 100.0)
}

/// A branch's place by its number.
pub(super) fn branch(number: &str) -> Option<usize> {
    (0..BRANCHES).find(|place| branch_number(*place) == number)
}

pub(super) fn branch_number(place: usize) -> String {
    format!("B-{:02}", place + 1)
}

pub(super) fn branch_places() -> std::ops::Range<usize> {
    0..BRANCHES
}

impl Vendor {
    /// No longer made; what is left is sold.
    pub fn is_discontinued(&self, place: usize) -> bool {
        place > 0 && self.rng("discontinued", place).chance(80)
    }

    /// The price in a list, in cents.
    pub fn list_price(&self, place: usize) -> i64 {
        let seeded = || PARTS[place].4 * self.rng("price", place).between(94, 112) / 100;
        self.listed.lock().get(&place).copied().unwrap_or_else(seeded)
    }

    /// What lies in a branch before anybody orders, in thousandths of a unit.
    pub fn seeded_stock(&self, branch: usize, place: usize) -> i64 {
        let mut rng = self.rng("stock", branch * PARTS.len() + place);
        if rng.chance(150) { 0 } else { rng.between(1, 240) * 1000 }
    }

    fn part(&self, place: usize, now: tradewire_sandbox_seed::clock::Ticks) -> Value {
        let (title, maker, unit, group, _, size) = PARTS[place];
        let mut rng = self.rng("part", place);
        let number = part_number(place);
        let changed = now - now.rem_euclid(DAY) - rng.between(1, 300) * DAY;
        let mut spec = vec![json!({ "label": "Unit", "text": unit })];
        if !size.is_empty() {
            spec.push(json!({ "label": "Size", "text": size }));
        }
        let gone = self.is_discontinued(place);
        json!({
            "part_no": number, "title": title, "long_text": format!("{title}, made by {maker}.\nSold by {unit}."),
            "maker": maker, "maker_part_no": format!("{}{:04}", &maker[..2].to_uppercase(), rng.between(100, 9999)),
            "group_no": group, "unit": unit, "list_price": dollars(self.list_price(place)),
            "upc": format!("0{:011}", rng.between(10_000_000_000, 99_999_999_999)), "spec": spec,
            "discontinued": gone, "replaced_by": gone.then(|| part_number(place - 1)),
            "warranty_months": if rng.chance(500) { json!(rng.between(1, 10) * 12) } else { json!(null) },
            "picture": format!("https://example.com/harborline/{number}.jpg"), "changed_at": clock::write(changed),
        })
    }

    fn branch(&self, place: usize) -> Value {
        let mut rng = self.rng("branch", place);
        let (city, state, zip, lat, lon) = CITIES[place];
        json!({
            "branch_no": branch_number(place), "title": format!("Harborline {city}"), "tel": phone(&mut rng),
            "counter_lead": lead(&mut rng), "region": if state == "AZ" { "WEST" } else { "EAST" },
            "addr": { "line_1": street(&mut rng), "line_2": null, "town": city, "state_code": state, "zip": zip },
            "geo": [lat, lon], "open": "06:30-17:00",
        })
    }
}

fn lead(rng: &mut Rng) -> String {
    let (first, last) = tradewire_sandbox_seed::person(rng);
    format!("{first} {last}")
}

fn miles(from: (f64, f64), to: (f64, f64)) -> f64 {
    // On a map that is flat around here; nobody drives by it.
    let (up, across) = ((from.0 - to.0) * 69.0, (from.1 - to.1) * 57.0);
    (up.hypot(across) * 10.0).round() / 10.0
}

/// `GET branches`: the nearest first to `zip` or to `lat` and `lon`; `limit` of them.
pub(super) fn branches(call: &Call<'_>) -> Answer {
    let by_zip =
        call.asked("zip").and_then(|zip| CITIES.iter().find(|city| city.2 == zip)).map(|city| (city.3, city.4));
    let by_place = call.number("lat")?.zip(call.number("lon")?);
    let from: Option<(f64, f64)> = by_place.or(by_zip);
    let distance = |place: usize| from.map_or(0.0, |from| miles(from, (CITIES[place].3, CITIES[place].4)));
    let mut places: Vec<usize> = branch_places().collect();
    places.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    places.truncate(call.number("limit")?.unwrap_or(BRANCHES));
    let branches: Vec<Value> = places.into_iter().map(|place| call.vendor.branch(place)).collect();
    Ok((200, json!({ "branches": branches })))
}

/// `GET transfers`: from which other branches a branch is filled up, or all such pairs.
pub(super) fn transfers(call: &Call<'_>) -> Answer {
    let wanted = match call.asked("to") {
        Some(number) => Some(branch(&number).ok_or_else(|| Refusal::missing("branch", &number))?),
        None => None,
    };
    let pairs = branch_places().filter(|to| wanted.is_none_or(|wanted| wanted == *to));
    let pairs = pairs.flat_map(|to| branch_places().filter(move |from| *from != to).map(move |from| (to, from)));
    let place = |at: usize| (CITIES[at].3, CITIES[at].4);
    let transfer = |(to, from): (usize, usize)| {
        let miles = miles(place(to), place(from));
        let days = if miles < 60.0 { 0 } else { 2 };
        json!({ "to_branch": branch_number(to), "from_branch": branch_number(from), "miles": miles, "days": days })
    };
    Ok((200, json!({ "transfers": pairs.map(transfer).collect::<Vec<_>>() })))
}

/// `GET parts`: the catalogue, a page behind `cursor`, with the groups on the first page.
pub(super) fn parts(call: &Call<'_>) -> Answer {
    let from: usize = call.number("cursor")?.unwrap_or(0).min(PARTS.len());
    let to = PARTS.len().min(from + call.number("limit")?.unwrap_or(PAGE).clamp(1, PAGE));
    let parts: Vec<Value> = (from..to).map(|place| call.vendor.part(place, call.now)).collect();
    let group = |(number, title, above): &(&str, &str, Option<&str>)| json!({ "group_no": number, "title": title, "parent_no": above });
    let groups: Vec<Value> = GROUPS.iter().filter(|_| from == 0).map(group).collect();
    let cursor = (to < PARTS.len()).then(|| to.to_string());
    Ok((200, json!({ "parts": parts, "groups": groups, "cursor": cursor })))
}
