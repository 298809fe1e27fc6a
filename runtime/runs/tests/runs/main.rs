//! Runs from their slot to their delivery, over a real store, with plugins that are closures and a clock that is set.
#![allow(clippy::unwrap_used)]

mod after;
mod clock;
mod deliveries;
mod events;
mod journal;
mod permits;
mod recovery;
mod reload;
mod retries;
mod runs;
mod scheduler;
mod schedules;
mod state;
mod status;
mod support;
mod vendors;
