//! Vendors, called through their request-middleware packs as ServiceTitan calls them.
//!
//! ```no_run
//! use std::io::Write as _;
//! use tradewire_plugin::{Result, Run, Summary, log, middleware};
//!
//! fn run(run: Run) -> Result<Summary> {
//!     let wanted = r#"{ "accountId": "H-7001", "items": [{ "itemId": "HL-1001", "quantity": 3 }] }"#;
//!     let answer = middleware::call("harborline", "stock-level", wanted)?;
//!     for warning in &answer.warnings {
//!         log::warn!("{warning}");
//!     }
//!     let mut file = run.create_file("stock.json", "application/json")?;
//!     file.write_all(answer.body.as_bytes())?;
//!     file.finish([("status", answer.status)])?;
//!     Ok(Summary::new("asked for the stock of one item"))
//! }
//! ```

use crate::bindings::tradewire::plugin::middleware;
use crate::{Failure, Result};

pub use middleware::Response;

/// Calls an endpoint of a vendor's pack: `vendor` is the pack's name in the configuration, `body` is JSON in the
/// shape of the endpoint's contract, and so is the body of the answer.
///
/// An answer that tells of a failure (`success` false) is an answer: look into its body.
///
/// What acts (an order) is done once however often a run is tried: a later attempt that asks for the same gets the first
/// one's answer. The same is what has an equal `body`, so what changes from attempt to attempt (the time, a random
/// number) has no place in it.
///
/// # Errors
/// A refusal that names the endpoint, when the pack or the endpoint is unknown or not granted, or a limit of the run is
/// reached.
pub fn call(vendor: &str, endpoint: &str, body: impl AsRef<str>) -> Result<Response> {
    middleware::call(vendor, endpoint, body.as_ref())
        .map_err(|e| Failure::refused(format!("middleware/{vendor}.{endpoint}: {e}")))
}
