//! An offline ServiceTitan, served from the catalog.
//!
//! Every operation of the [catalog](tradewire_surface::Catalog) answers, over seeded data that hangs together
//! (technicians have payroll settings, gross pay items refer to them and to jobs, purchase orders to vendors and
//! items), with the real API's tokens, scopes, limits, pages, feeds, validation and problems. No operation has a
//! handler of its own: [`plan`](tradewire_sandbox_seed::plan) derives from the catalog what each one does to which
//! collection of records.
//!
//! ```no_run
//! # async fn example() -> Result<(), tradewire_sandbox::Error> {
//! use tradewire_sandbox::{Options, Sandbox};
//!
//! let running = Sandbox::start(Options::default(), ([127, 0, 0, 1], 0).into()).await?;
//! println!("{}", running.url());
//! running.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Beside the API it serves `/_sandbox/…`, by which tests look behind the wire and order faults, see [`control`]; and
//! `/_vendor/v1/…`, a vendor with an API of its own, for middleware to talk to.

mod auth;
pub mod control;
mod example;
mod faults;
mod feed;
mod ledger;
mod limit;
mod operate;
mod options;
mod outcome;
mod problem;
mod serve;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod validate;
mod vendor;
mod wire;

pub use faults::{Act, Fault, Faults};
pub use ledger::Entry;
pub use options::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT, Error, Options, SandboxTenant};
pub use serve::{Running, Sandbox};
pub use vendor::DEMO_VENDOR_KEY;
