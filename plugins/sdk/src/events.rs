//! The webhook events that began a run: `on` in its export's configuration says which.
//!
//! ```no_run
//! use std::io::Write as _;
//! use tradewire_plugin::webhooks::events::Event;
//! use tradewire_plugin::{Result, Run, Summary};
//!
//! fn run(run: Run) -> Result<Summary> {
//!     let mut file = run.create_file("jobs.csv", "text/csv")?;
//!     let mut jobs = 0;
//!     for happened in run.events() {
//!         let happened = happened?;
//!         if let Event::JpmJobCompleted(completed) = happened.event {
//!             let id = completed.job.map(|job| job.id).unwrap_or_default();
//!             writeln!(file, "{},{id}\r", happened.time)?;
//!             jobs += 1;
//!         }
//!     }
//!     file.finish([("jobs", jobs)])?;
//!     Ok(Summary::new(format!("{jobs} jobs were completed")))
//! }
//! ```
//!
//! Events are handed over with the run: once it has succeeded they are done with. Where it fails, its next attempt gets the
//! same ones again, and what the attempts write at ServiceTitan is written once. An event that this SDK does not know is
//! [`Event::Other`], with its data as JSON.

use crate::Error;
use crate::bindings::servicetitan::webhooks::events::next;
pub use crate::bindings::servicetitan::webhooks::events::{Envelope, Event};

/// How many are fetched at a time.
const PAGE: u32 = 200;

/// An iterator over the events of a run, in the order in which they came in; a few hundred of them are held at a time. A
/// second one goes on where the first was left.
#[derive(Debug, Default)]
pub struct Events {
    page: std::vec::IntoIter<Envelope>,
    ended: bool,
}

impl Iterator for Events {
    type Item = Result<Envelope, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(event) = self.page.next() {
            return Some(Ok(event));
        }
        if self.ended {
            return None;
        }
        match next(PAGE) {
            Ok(page) => {
                self.ended = page.is_empty();
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}
