//! Reads a component, checks what it asks for, links it.

use std::sync::Arc;

use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, OperationRef};
use wasmtime::component::Component;

use crate::cache::digest;
use crate::compile::{Abandon, Asks};
use crate::engine::Engine;
use crate::limits::CompileLimits;
use crate::load_error::{LoadError, MOST_TOLD};
use crate::run::{PluginPre, RunState, base_linker};
use imports::link_imports;
pub use read::read_component;
use review::Review;

mod functions;
mod imports;
mod read;
mod review;
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

/// How a component is loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// What it is bound to.
    pub catalog: &'static Catalog,
    /// What compiling it may use.
    pub limits: CompileLimits,
    /// Whether it is compiled where it is not in the cache; else it is refused then ([`LoadError::NotCompiled`]).
    pub compile: bool,
    /// Gives it up.
    pub abandon: Abandon,
}

impl Default for LoadOptions {
    /// The committed catalog and the standard limits.
    fn default() -> Self {
        LoadOptions {
            catalog: Catalog::get(),
            limits: CompileLimits::default(),
            compile: true,
            abandon: Abandon::default(),
        }
    }
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
        Plugin::load_with(engine, bytes, grants, &LoadOptions { catalog, ..LoadOptions::default() })
    }

    /// Loads a component. Blocks for as long as compiling takes, unless it is given up.
    pub fn load_with(
        engine: &Engine,
        bytes: &[u8],
        grants: Grants,
        options: &LoadOptions,
    ) -> Result<Plugin, LoadError> {
        check_header(bytes)?;
        let digest = digest(bytes);
        let component = compiled(engine, bytes, &digest, &grants, options)?;
        let asks = Asks::of(&engine.wasm, &component);
        check_world(&asks)?;
        let mut review = Review::of(options.catalog, &grants, &asks);
        let mut linker = base_linker(&engine.wasm).map_err(LoadError::Invalid)?;
        let linked = link_imports(engine, &component, &review.meanings, &mut linker);
        review.faults.extend(linked.map_err(LoadError::Invalid)?);
        let (uses_middleware, reads_events) = (review.uses_middleware, review.reads_events);
        let operations = review.finish()?;
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

    /// Whether the plugin calls vendors: it imports `tradewire:plugin/middleware`.
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

/// The component as machine code: from the cache, or compiled once what it asks for is in order.
fn compiled(
    engine: &Engine,
    bytes: &[u8],
    digest: &str,
    grants: &Grants,
    options: &LoadOptions,
) -> Result<Component, LoadError> {
    if let Some(component) = engine.cache.as_ref().and_then(|cache| cache.load(&engine.wasm, digest)) {
        return Ok(component);
    }
    if !options.compile {
        return Err(LoadError::NotCompiled);
    }
    let review = |asks: &Asks| {
        check_world(asks)?;
        Review::of(options.catalog, grants, asks).finish().map(drop)
    };
    let code = engine.compiling.compile(&engine.wasm, bytes, options.limits, &options.abandon, review)?;
    let component = deserialize(&engine.wasm, &code).map_err(LoadError::Invalid)?;
    if let Some(cache) = &engine.cache {
        cache.store(&engine.wasm, digest, &code);
    }
    Ok(component)
}

#[allow(unsafe_code)]
fn deserialize(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: wasmtime asks that it wrote these bytes itself. They are the compiler's answer of just now: this process's
    // own, or that of a child that runs the same program and whose pipe nobody else has.
    unsafe { Component::deserialize(engine, code) }
}

fn check_world(asks: &Asks) -> Result<(), LoadError> {
    match asks.exports.iter().find(|(name, _)| name == "run") {
        Some((_, true)) => Ok(()),
        Some((_, false)) => Err(LoadError::WrongWorld("its export `run` is not a function".to_owned())),
        None => {
            let names: Vec<String> = asks.exports.iter().take(MOST_TOLD).map(|(name, _)| format!("`{name}`")).collect();
            let exports = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            Err(LoadError::WrongWorld(format!("it exports {exports}, and no `run`")))
        }
    }
}
