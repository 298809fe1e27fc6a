//! Names of people, firms and places: plain ones, and those that break careless software.

use super::rng::Rng;

const FIRST: [&str; 48] = [
    "Maria", "James", "Siobhan", "Luis", "Anh", "Chloé", "Dwayne", "Ingrid", "Tomasz", "Priya", "Kwame", "Beatriz",
    "Oleg", "Hannah", "Minh", "Zoë", "Carlos", "Fatima", "Erik", "Mei", "Patrick", "Aisha", "Jürgen", "Rosa", "Walter",
    "Thúy", "Nina", "Samuel", "Ada", "Björn", "Esther", "Quang", "Lena", "Marcus", "Yusuf", "Ivy", "Diego", "Grace",
    "Håkon", "Olivia", "Pavel", "Renée", "Simon", "Tessa", "Umberto", "Vera", "Xavier", "Linh",
];
const LAST: [&str; 48] = [
    "O'Brien",
    "Nguyễn",
    "Smith",
    "García",
    "D'Angelo",
    "Müller",
    "Johnson",
    "Trần",
    "Kowalski",
    "Patel",
    "Mensah",
    "da Silva",
    "Petrov",
    "Cohen",
    "Phạm",
    "Lévesque",
    "Hernández",
    "Al-Sayed",
    "Lindqvist",
    "Chen",
    "McAllister",
    "Okafor",
    "Groß",
    "Ruiz",
    "Brown",
    "Lê",
    "Rossi",
    "Carter",
    "Whitfield",
    "Åkesson",
    "Baker",
    "Võ",
    "Fischer",
    "Freeman",
    "Yılmaz",
    "Hall",
    "Morales",
    "Kim",
    "Sørensen",
    "Ward",
    "Dvořák",
    "Beaulieu",
    "Katz",
    "van Dijk",
    "Esposito",
    "Novak",
    "Castillo",
    "Đặng",
];
const FIRMS: [&str; 20] = [
    "Desert Bloom Dental",
    "Copper State Offices",
    "Joe's \"Best\" Diner",
    "Saguaro & Sons",
    "Riverside Apartments",
    "Palo Verde School",
    "Café Montréal",
    "Mesa Self-Storage",
    "Sunrise HOA",
    "Quán Phở 24",
    "Ironwood Brewing Co.",
    "Camelback Veterinary",
    "Bright Minds Preschool",
    "St. Mary's Parish",
    "Old Town Hotel",
    "Ocotillo Property Group",
    "Thunderbird Tire, Inc.",
    "Papago Fitness",
    "Agave Florist",
    "Baseline Laundry",
];
const STREETS: [&str; 16] = [
    "Main St",
    "E Camelback Rd",
    "N Central Ave",
    "O'Neil Ct",
    "W Peoria Ave",
    "Ash Ln",
    "S Mill Ave",
    "Juniper Way",
    "Calle del Norte",
    "Oak Hill Dr",
    "Thomas Rd",
    "Lakeshore Blvd",
    "Piñon Trl",
    "E University Dr",
    "Elm St",
    "2nd Ave",
];
/// City, state, postcode, latitude and longitude.
pub const CITIES: [(&str, &str, &str, f64, f64); 10] = [
    ("Phoenix", "AZ", "85004", 33.4484, -112.074),
    ("Tempe", "AZ", "85281", 33.4255, -111.94),
    ("Mesa", "AZ", "85201", 33.4152, -111.8315),
    ("Tucson", "AZ", "85701", 32.2226, -110.9747),
    ("Glendale", "CA", "91203", 34.1425, -118.2551),
    ("Fresno", "CA", "93721", 36.7378, -119.7871),
    ("Denver", "CO", "80202", 39.7392, -104.9903),
    ("Española", "NM", "87532", 35.9911, -106.0806),
    ("Boston", "MA", "02108", 42.3601, -71.0589),
    ("Austin", "TX", "78701", 30.2672, -97.7431),
];

/// A first and a last name.
pub fn person(rng: &mut Rng) -> (&'static str, &'static str) {
    (rng.pick::<&str>(&FIRST), rng.pick::<&str>(&LAST))
}

/// A firm.
pub fn firm(rng: &mut Rng) -> String {
    let name = *rng.pick(&FIRMS);
    if rng.chance(300) { format!("{name} #{}", rng.between(2, 40)) } else { name.to_owned() }
}

/// A house number and a street.
pub fn street(rng: &mut Rng) -> String {
    format!("{} {}", rng.between(12, 9999), rng.pick(&STREETS))
}

/// A telephone number that nobody has.
pub fn phone(rng: &mut Rng) -> String {
    format!("602555{:04}", rng.between(100, 199))
}

/// An address for mail that goes nowhere.
pub fn email(rng: &mut Rng) -> String {
    let (first, last) = person(rng);
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    format!("{}.{}{}@example.com", plain(first), plain(last), rng.between(1, 999))
}
