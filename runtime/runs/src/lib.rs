//! What carries out a run.
//!
//! A [`Runner`](run::Runner) carries out one export of a [`Config`](tradewire_config::Config) for one tenant and one
//! window: it hands an [`Attempt`](run::Attempt) to whatever executes plugins ([`Execute`](run::Execute)), keeps its
//! time limit, its log and its files, writes down what it changes at ServiceTitan ([`journal`]), delivers what it
//! produced ([`delivery`]) together with what it keeps for later runs ([`state`]), and records all of it in a
//! [`Store`](tradewire_store::Store). A [`Scheduler`](scheduler::Scheduler) does so whenever a slot of a
//! [`Schedule`](tradewire_schedule::Schedule) is due, something has changed at ServiceTitan ([`feed`]), events have
//! come in (`tradewire-webhooks`) or another run has succeeded. What became of runs, and what operators may do about
//! it, is [`history`].
//!
//! ```no_run
//! use std::{path::PathBuf, sync::Arc};
//! use tradewire_config::Config;
//! use tradewire_runs::clock::SystemClock;
//! use tradewire_runs::run::{Attempt, Execute, Failure, Request, Runner, RunnerOptions, Summary};
//! use tradewire_store_sqlite::SqliteStore;
//!
//! struct Greeter;
//!
//! #[async_trait::async_trait]
//! impl Execute for Greeter {
//!     async fn execute(&self, attempt: Attempt) -> Result<Summary, Failure> {
//!         let mut file = attempt.files.create("hello.txt", "text/plain").await?;
//!         file.write(attempt.job.tenant.as_bytes()).await?;
//!         file.finish(vec![("rows".into(), "1".into())]).await?;
//!         Ok(Summary { message: format!("greeted for {}", attempt.job.window) })
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let state = PathBuf::from(".tradewire");
//! let runner = Runner::new(RunnerOptions {
//!     config: Arc::new(Config::load("tradewire.toml")?),
//!     store: Arc::new(SqliteStore::open(&state.join("tradewire.db"))?),
//!     execute: Arc::new(Greeter),
//!     clock: Arc::new(SystemClock),
//!     state,
//!     observer: None,
//! });
//! let report = runner.run(Request::now("weekly-payroll", "acme"), Default::default()).await?;
//! println!("{}", report.outcome());
//! # Ok(())
//! # }
//! ```

mod alive;
pub mod clock;
pub mod delivery;
pub mod feed;
pub mod history;
pub mod journal;
mod log;
mod replay;
pub mod run;
pub mod scheduler;
pub mod state;

pub use log::RunLog;
pub use replay::{ReplayError, replay};
pub use tokio_util::sync::CancellationToken;
