//! Why a plugin is not loaded, all faults at once.

use std::fmt;

use crate::limits::Limit;
use crate::plan::Mismatch;

/// Why a plugin is not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is not WebAssembly at all.
    #[error("not a WebAssembly component: {0}; help: build it for the target `wasm32-wasip2`")]
    NotWasm(String),
    /// The file is WebAssembly, but a core module.
    #[error(
        "this is a core WebAssembly module, not a component; help: build it for the target `wasm32-wasip2`, or make a component of it with `wasm-tools component new`"
    )]
    CoreModule,
    /// The component cannot be compiled.
    #[error("the component is not valid: {0:#}")]
    Invalid(wasmtime::Error),
    /// Compiling the component takes more than it may.
    #[error("{}", .0.with_help())]
    Limit(Limit),
    /// The compiler itself failed.
    #[error("the compiler failed, which is no fault of the configuration: {0}")]
    Compiler(String),
    /// The component is not in the cache, and is not to be compiled.
    #[error("the component is not compiled yet")]
    NotCompiled,
    /// [`Abandon::abandon`](crate::Abandon::abandon).
    #[error("loading it was given up")]
    Abandoned,
    /// The component is of another world.
    #[error("this component is not a Tradewire plugin: {0}; help: export `run` of the world `tradewire:plugin/plugin`")]
    WrongWorld(String),
    /// The component asks for what there is not, or what it may not have.
    #[error("the plugin asks for what it cannot have:{}", list(.0))]
    Imports(Vec<ImportFault>),
}

/// One thing that a component asks for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportFault {
    /// There is no such interface or function.
    Unknown {
        /// What is imported.
        import: String,
        /// What may have been meant.
        help: Option<String>,
    },
    /// The operation's types do not fit.
    Mismatch(Mismatch),
    /// The operator has not granted the operations.
    NotGranted {
        /// The operations.
        operations: Vec<String>,
        /// The line of the configuration that grants them.
        line: String,
    },
}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportFault::Unknown { import, help } => {
                write!(f, "`{import}` is not offered")?;
                help.iter().try_for_each(|help| write!(f, "; help: {help}"))
            }
            ImportFault::Mismatch(mismatch) => {
                write!(f, "{mismatch}; help: build the plugin against the current contract")
            }
            ImportFault::NotGranted { operations, line } => {
                write!(f, "not granted: `{}`; help: write `{line}`", operations.join("`, `"))
            }
        }
    }
}

/// How many faults are told one by one.
pub(crate) const MOST_TOLD: usize = 100;

fn list(faults: &[ImportFault]) -> String {
    let mut list: String = faults.iter().take(MOST_TOLD).map(|fault| format!("\n  - {fault}")).collect();
    if faults.len() > MOST_TOLD {
        list += &format!("\n  - and {} more", faults.len() - MOST_TOLD);
    }
    list
}
