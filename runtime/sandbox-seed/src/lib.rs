//! Seeded data: any record of any collection, computed from the seed and its place alone.
//!
//! Nothing is generated before it is asked for, and nothing needs another record to exist: a job's customer is a
//! function of the job's place. So a sandbox of 100,000 customers starts at once, and what refers to what holds
//! together whichever is asked for first.

mod accounting;
pub mod clock;
mod crm;
mod dataset;
pub mod generator;
mod inventory;
mod jobs;
pub mod json;
mod names;
mod payroll;
pub mod plan;
mod pricebook;
mod record;
mod reports;
mod rng;
mod settings;
mod size;
mod vocabulary;

pub use dataset::{Dataset, Given};
pub use names::{CITIES, firm, person, phone, street};
pub use record::record;
pub use reports::cells;
pub use rng::{Rng, number_of};

use tradewire_surface::Enum;

/// Whether a text stands for a case of an enumeration, by its word or its number.
#[must_use]
pub fn is_case(cases: &Enum, value: &str) -> bool {
    let by_number = value.parse::<usize>().is_ok_and(|number| number <= cases.cases.len());
    cases.cases.is_empty() || by_number || cases.cases.iter().any(|case| case.wire.eq_ignore_ascii_case(value))
}
