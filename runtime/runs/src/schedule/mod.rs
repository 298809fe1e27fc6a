//! When an export is due, and which span of time a run accounts for.
//!
//! A schedule's truth is its slots: they come from the cron expression and the time zone, never from when a run
//! began or ended. What a schedule does about slots that pass while nobody is there, or while a run is still going,
//! is its [`Missed`] and its [`Overlap`]; what it does about runs that fail, its [`Retries`].

mod expression;
mod policy;
mod slots;
mod window;

pub use expression::{CronExpression, CronFault};
pub use policy::{Missed, Overlap, Retries};
pub use slots::Slots;
pub use window::{Window, WindowError, WindowRule};
