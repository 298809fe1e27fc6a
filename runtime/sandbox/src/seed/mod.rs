//! Seeded data: any record of any collection, computed from the seed and its place alone.
//!
//! Nothing is generated before it is asked for, and nothing needs another record to exist: a job's customer is a
//! function of the job's place. So a sandbox of 100,000 customers starts at once, and what refers to what holds
//! together whichever is asked for first.

mod accounting;
mod crm;
mod draw;
mod inventory;
mod jobs;
mod names;
mod payroll;
mod pricebook;
mod record;
mod reports;
pub(crate) mod scribe;
mod settings;
mod size;
mod words;
mod world;

pub(crate) use draw::{Draw, number_of};
pub(crate) use names::{CITIES, firm, person, phone, street};
pub(crate) use record::record;
pub(crate) use reports::cells;
pub(crate) use world::{Given, World};
