//! What a Tradewire plugin is written with.
//!
//! A plugin is one function from a [`Run`] to a [`Summary`]. It reads and writes ServiceTitan through typed functions,
//! one module a surface (switch the surface's feature on), one module a resource, one function an operation; it never
//! sees HTTP, tokens, pages or limits. What it calls is what it asks the operator for.
//!
//! ```no_run
//! # #[cfg(feature = "payroll")]
//! # mod plugin {
//! use std::io::Write as _;
//! use tradewire_plugin::{Result, Run, Summary, payroll};
//!
//! fn run(run: Run) -> Result<Summary> {
//!     let mut file = run.create_file("hours.csv", "text/csv")?;
//!     let mut rows = 0;
//!     for item in payroll::gross_pay_items().date_on_or_after(&run.window().start).records() {
//!         let item = item?;
//!         let hours = tradewire_plugin::decimal(&item.paid_duration_hours)?.unwrap_or_default();
//!         writeln!(file, "{},{hours}\r", item.employee_id.unwrap_or_default())?;
//!         rows += 1;
//!     }
//!     file.finish([("rows", rows)])?;
//!     Ok(Summary::new(format!("{rows} rows")))
//! }
//!
//! tradewire_plugin::export_plugin!(run);
//! # }
//! ```
//!
//! Query and body records have a setter for every optional field and `new` where something must be given; a paged
//! operation's query has [`pages`](Pages), [`records`](Records) and `all`. Log with the [`log`] crate's macros. Call
//! vendors with [`middleware::call`]; keep what later runs are to know in [`Run::state`]. With the feature `webhooks`,
//! `Run::events` has the events that began the run; with `tables`, `Run::create_table` writes reports as CSV, JSON
//! Lines, XLSX or Parquet.

pub mod config;
pub mod errors;
#[cfg(feature = "webhooks")]
pub mod events;
pub mod files;
pub mod logging;
pub mod middleware;
pub mod money;
pub mod pages;
pub mod run;
pub mod state;
#[cfg(feature = "tables")]
pub mod tables;
pub mod time;

/// The bindings as wit-bindgen makes them. Use the modules of the surfaces instead.
#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, clippy::unwrap_used)]
pub mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

#[allow(missing_docs, clippy::all)]
mod surfaces {
    include!(concat!(env!("OUT_DIR"), "/surfaces.rs"));
}

pub use bindings::servicetitan::api::files::{Download, Upload};
pub use bindings::servicetitan::api::raw;
pub use bindings::servicetitan::api::types::{Error, ErrorKind, FieldError};
pub use bindings::tradewire::plugin::runs::{Failure, FailureKind, Summary, Window};
pub use config::Settings;
pub use errors::Result;
pub use files::File;
pub use log;
pub use money::{Decimal, decimal};
pub use pages::{Pages, RecordOf, Records};
pub use run::Run;
pub use state::State;
#[allow(unused_imports)] // Without features there are no surfaces.
pub use surfaces::*;
pub use time::moment;

/// Makes a function `fn(Run) -> Result<Summary>` the plugin that this crate is.
#[macro_export]
macro_rules! export_plugin {
    ($run:path) => {
        const _: () = {
            struct Exported;
            impl $crate::bindings::Guest for Exported {
                fn run(context: $crate::run::Context) -> Result<$crate::Summary, $crate::Failure> {
                    $crate::run::start(context, $run)
                }
            }
    $crate::bindings::export_bindings!(Exported with_types_in $crate::bindings);
        };
    };
}
