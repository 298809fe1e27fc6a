//! Reads a component, checks what it asks for, links it.

use std::fmt;
use std::sync::Arc;

use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, OperationRef};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::cache::digest;
use crate::engine::Engine;
use crate::plan::Mismatch;
use crate::run::{PluginPre, RunState, base_linker};
use imports::Linking;

mod functions;
mod imports;
mod standard;

/// A plugin that is ready to run.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) engine: Engine,
    pub(crate) contract: PluginPre<RunState>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) slots: u32,
    digest: Arc<str>,
    operations: Arc<[OperationRef<'static>]>,
    uses_middleware: bool,
    reads_events: bool,
}

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

fn list(faults: &[ImportFault]) -> String {
    faults.iter().map(|fault| format!("\n  - {fault}")).collect()
}

impl Plugin {
    /// Loads a component and binds it to the committed catalog.
    pub fn load(engine: &Engine, bytes: &[u8], grants: Grants) -> Result<Plugin, LoadError> {
        Plugin::load_against(engine, bytes, grants, Catalog::get())
    }

    /// Loads a component and binds it to another catalog: that of a coming release, to see what would break.
    pub fn load_against(
        engine: &Engine,
        bytes: &[u8],
        grants: Grants,
        catalog: &'static Catalog,
    ) -> Result<Plugin, LoadError> {
        check_header(bytes)?;
        let digest = digest(bytes);
        let component = compile(engine, bytes, &digest)?;
        let mut linking = Linking::new(catalog, &grants);
        let mut linker = base_linker(&engine.wasm).map_err(LoadError::Invalid)?;
        linking.imports(engine, &component, &mut linker).map_err(LoadError::Invalid)?;
        check_world(engine, &component)?;
        let (uses_middleware, reads_events) = (linking.uses_middleware(), linking.reads_events());
        let (faults, operations) = linking.finish();
        if !faults.is_empty() {
            return Err(LoadError::Imports(faults));
        }
        let instance = linker.instantiate_pre(&component).map_err(LoadError::Invalid)?;
        let contract = PluginPre::new(instance).map_err(|error| LoadError::WrongWorld(format!("{error:#}")))?;
        Ok(Plugin {
            engine: engine.clone(),
            contract,
            grants: Arc::new(grants),
            slots: engine.slots_of(&component),
            digest: digest.into(),
            operations: operations.into(),
            uses_middleware,
            reads_events,
        })
    }

    /// The SHA-256 of the component, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The operations that the plugin can call.
    pub fn operations(&self) -> &[OperationRef<'static>] {
        &self.operations
    }

    /// Whether the plugin calls suppliers: it imports `tradewire:plugin/middleware`.
    pub fn uses_middleware(&self) -> bool {
        self.uses_middleware
    }

    /// Whether the plugin reads the events that begin its runs: it imports `servicetitan:webhooks/events`.
    pub fn reads_events(&self) -> bool {
        self.reads_events
    }
}

/// A component and a core module begin alike: with a magic word, then a version that tells them apart.
fn check_header(bytes: &[u8]) -> Result<(), LoadError> {
    match (bytes.get(..4), bytes.get(4..8)) {
        (Some(b"\0asm"), Some([1, 0, 0, 0])) => Err(LoadError::CoreModule),
        (Some(b"\0asm"), Some(_)) => Ok(()),
        _ if bytes.is_empty() => Err(LoadError::NotWasm("the file is empty".to_owned())),
        _ => Err(LoadError::NotWasm("it does not begin with WebAssembly's magic word".to_owned())),
    }
}

fn compile(engine: &Engine, bytes: &[u8], digest: &str) -> Result<Component, LoadError> {
    if let Some(component) = engine.cache.as_ref().and_then(|cache| cache.load(&engine.wasm, digest)) {
        return Ok(component);
    }
    let component = Component::from_binary(&engine.wasm, bytes).map_err(LoadError::Invalid)?;
    if let Some(cache) = &engine.cache {
        cache.store(&engine.wasm, digest, &component);
    }
    Ok(component)
}

fn check_world(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let ty = component.component_type();
    match ty.get_export(&engine.wasm, "run").map(|e| e.ty) {
        Some(ComponentItem::ComponentFunc(_)) => Ok(()),
        Some(_) => Err(LoadError::WrongWorld("its export `run` is not a function".to_owned())),
        None => {
            let exports: Vec<String> = ty.exports(&engine.wasm).map(|(name, _)| format!("`{name}`")).collect();
            let exports = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
            Err(LoadError::WrongWorld(format!("it exports {exports}, and no `run`")))
        }
    }
}
