//! The command line from end to end: the real binary, real components, real sockets.
//!
//! ServiceTitan is the sandbox, served by this very process; the components are those that `plugins/build` makes.

#![allow(missing_docs, clippy::unwrap_used)]

mod bench;
mod call;
mod check;
mod compile;
mod crash;
mod deliveries;
mod demo;
mod doctor;
mod exports;
mod faults;
mod feeds;
mod front_door;
mod history;
mod hostile;
mod inspect;
mod journal;
mod neighbours;
mod nights;
mod onslaught;
mod outbound;
mod payroll;
mod payroll_files;
mod private;
mod purchasing;
mod refusals;
mod reload;
mod sandbox;
mod schedule;
mod secrets_sweep;
mod serve;
mod state;
mod template;
mod vault;
mod vendors;
mod webhooks;
