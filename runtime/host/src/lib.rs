//! Loads sandboxed plugins, binds them to the catalog, limits and calls them.
//!
//! A plugin is a WebAssembly component of the world `tradewire:plugin/plugin`. It imports the `servicetitan:*`
//! interfaces that it uses; these imports are its permission request. Loading one
//!
//! 1. reads the names of its imports and checks them against the catalog and the operator's grants ([`LoadError`] names
//!    every fault at once),
//! 2. compiles it, in a process of its own where [`Compiler`] says so, or takes the compiled form from the cache,
//! 3. plans how each imported function's types, as the plugin was compiled with them, stand to the catalog's.
//!
//! A [`Plugin`] is called with [`Plugin::run`]: each run gets an instance of its own, and is bound by [`Limits`].
//!
//! Rooms: `machine_code` holds the settings that all code depends on, `engine` those of runs, `compile` makes machine
//! code within limits, `cache` keeps it, sealed with the installation's key, `load` reads and links components, `plan`
//! compares types, `direct` moves values, `calls` are the host functions, `run` is one run.

mod cache;
mod calls;
mod compile;
mod direct;
mod engine;
mod events;
mod limits;
mod load;
mod load_error;
mod machine_code;
mod middleware;
mod plan;
mod run;
mod seal;
mod sink;
mod state;

pub use cache::Cache;
pub use compile::{Abandon, Compiler, compile_child};
pub use engine::{Engine, EngineOptions};
pub use events::{Event, Events};
pub use limits::{CompileLimits, Limit, Limits};
pub use load::{LoadOptions, Plugin, read_component};
pub use load_error::{ImportFault, LoadError};
pub use machine_code::EngineError;
pub use middleware::{Middleware, MiddlewareResponse};
pub use plan::Mismatch;
pub use run::{Failure, FailureClass, Request, Usage, Window};
pub use sink::{Cost, Level, OutputFile, Sink};
pub use state::{State, StateKeys};
