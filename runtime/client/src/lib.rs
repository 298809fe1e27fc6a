//! One ServiceTitan over HTTP: tokens, rate limit, retries, pages and files, driven by the catalog.
//!
//! A [`Client`] is one application (its app key) in one [`Environment`]. A [`Tenant`] is that application on behalf of
//! one customer; tenants of a client share connections, and the same tenant always shares its token and its pace. What
//! calls on behalf of plugins and templates does so through the trait [`ServiceTitan`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use tradewire_client::{Arguments, Client, Credentials, Options};
//! use tradewire_surface::Catalog;
//!
//! let client = Client::new(Options::new("integration".parse()?, "ak1.example".into()))?;
//! let acme = client.tenant(Credentials {
//!     tenant: 1234567890,
//!     client_id: "cid.example".into(),
//!     client_secret: "cs1.example".into(),
//! });
//!
//! let payrolls = Catalog::get().operation("payroll/payrolls.get-list").ok_or("unknown operation")?;
//! let mut pages = acme.pages(payrolls, &Arguments::default());
//! while let Some(page) = pages.next().await? {
//!     println!("{} records, {} bytes", page.records, page.body.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is sent again, and what never is
//!
//! | What happened | Read | `PUT`, `DELETE` | Other writes |
//! |---|---|---|---|
//! | no connection: nothing was sent | again | again | again |
//! | 429, 503: answered that it was not done | again | again | again |
//! | 401 | once, with a fresh token | once | once |
//! | connection broke after sending, time-out, 502, 504 | again | again | never: [`Error::unresolved`] |
//! | 500 | again | no | no |
//! | 409 from reporting (under maintenance) | again | no | no |
//!
//! ServiceTitan has no idempotency key, so a write whose answer was lost is reported as *unresolved* and left to the
//! caller. Waits follow `Retry-After` where there is one, else they back off with full jitter.
//!
//! # Secrets
//!
//! App key, client secret and tokens are in no log line, no error and no `Debug` output; answers that quote them are
//! masked before their text goes into an [`Error`], and before a record goes to whoever asked for it.

mod api;
mod arguments;
mod aside;
mod client;
mod doors;
mod download;
mod envelope;
mod environment;
mod error;
mod exchange;
mod meter;
mod options;
mod pace;
mod pages;
mod problem;
mod reading;
mod request;
mod retry;
mod tenant;
mod title;
mod token;

pub use api::{CallError, FileAnswer, Later, PageSource, ServiceTitan};
pub use arguments::{Arguments, LONGEST_PARAMETER, LONGEST_PARAMETERS, Room, Source, Upload};
pub use client::{Client, SetupError};
pub use download::Download;
pub use environment::{Environment, UnknownEnvironment};
pub use error::{Error, FieldError, Kind};
pub use meter::Meter;
pub use options::{Credentials, Options, RateLimit, Retry};
pub use pages::{Page, Pages};
pub use request::fill;
pub use tenant::{Answered, Tenant};

pub use reqwest::Method;
pub use secrecy::SecretString;
