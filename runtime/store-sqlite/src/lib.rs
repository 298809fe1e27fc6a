//! The embedded store: one SQLite file in WAL mode, and one thread of its own that speaks to it.
//!
//! All statements go through that thread in order, so nothing here blocks the async runtime, and transactions of one
//! process never collide. Other processes may use the same file: each write takes the lock at once (`IMMEDIATE`) and
//! waits for it a while. `synchronous` is `FULL`: what the store has answered survives a power cut.
//!
//! ```no_run
//! use tradewire_store::{RunFilter, Store as _};
//! use tradewire_store_sqlite::SqliteStore;
//!
//! # async fn example() -> Result<(), tradewire_store::StoreError> {
//! let store = SqliteStore::open(".tradewire/tradewire.db".as_ref())?;
//! for run in store.runs(&RunFilter::default()).await? {
//!     println!("{} {}", run.opening.export, run.opening.tenant);
//! }
//! # Ok(())
//! # }
//! ```

mod backup;
mod columns;
mod deliveries;
mod dispatches;
mod events;
mod fault;
mod files;
mod pauses;
mod prune;
mod runs;
mod schema;
mod slots;
mod states;
mod store;
mod writes;

use std::time::Duration;

pub use backup::BackupError;
pub use store::SqliteStore;

/// How long a statement waits for another process.
const BUSY: Duration = Duration::from_secs(5);
