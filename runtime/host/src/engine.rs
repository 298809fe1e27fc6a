//! wasmtime, set up once for the process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tradewire_workers::Workers;
use wasmtime::component::Component;
use wasmtime::{Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::Cache;
use crate::compile::{Compiler, Compiling};
use crate::machine_code::{EngineError, config};

/// What an engine is made of.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// How many runs there may be at once; more wait for their turn. A plugin of many modules counts as several.
    /// Default: 1,000.
    pub runs: u32,
    /// The most memory that any run may be allowed, in bytes. Default: 1 GiB. Only addresses are set aside.
    pub memory: usize,
    /// Where compiled components are kept; none keeps them nowhere.
    pub cache: Option<Cache>,
    /// Who compiles components. Default: this process.
    pub compiler: Compiler,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions { runs: 1_000, memory: 1 << 30, cache: None, compiler: Compiler::default() }
    }
}

/// Compiles and runs plugins. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) cache: Option<Cache>,
    pub(crate) compiling: Compiling,
    pub(crate) memory: usize,
    pub(crate) workers: Arc<Workers>,
    runs: u32,
    slots: Arc<Semaphore>,
}

/// How often a running plugin is asked whether its time is up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// What one slot holds. A component in JavaScript or Python is made of several core modules.
const MEMORIES: u32 = 2;
const TABLES: u32 = 8;
/// How many slots are kept as the last run left them, cleared.
const WARM: u32 = 16;
/// The most that one component may hold.
const MOST_MODULES: u32 = 32;

impl Engine {
    /// Sets up the engine, and a thread that counts its time.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let runs = options.runs.max(1);
        let scans = PoolingAllocationConfig::is_pagemap_scan_available();
        let mut pool = PoolingAllocationConfig::new();
        // Memories and tables are set aside, so `slot` counts them; instances are only numbers.
        pool.total_component_instances(runs)
            .total_core_instances(runs.saturating_mul(MOST_MODULES))
            .total_memories(runs.saturating_mul(MEMORIES))
            .total_tables(runs.saturating_mul(TABLES))
            .total_stacks(runs)
            .max_memories_per_component(8.min(runs.saturating_mul(MEMORIES)))
            .max_tables_per_component(32.min(runs.saturating_mul(TABLES)))
            .max_core_instances_per_component(MOST_MODULES)
            .max_memory_size(options.memory)
            .table_elements(100_000)
            .max_component_instance_size(4 << 20)
            .max_core_instance_size(4 << 20)
            // What a run has touched is scattered over its memory: with a kernel that tells which pages, these are
            // cleared and kept for the next; without, giving all back is cheaper than clearing what was never used.
            .linear_memory_keep_resident(if scans { 512 << 10 } else { 0 })
            .pagemap_scan(if scans { Enabled::Yes } else { Enabled::No })
            .table_keep_resident(64 << 10)
            // What many runs at once have touched is given back when they have ended, but for a few.
            .max_unused_warm_slots(WARM.min(runs))
            .async_stack_keep_resident(16 << 10);
        let mut config = config(options.memory);
        // A stack keeps nothing of the run before it: neither what it held nor, beyond a little, its memory.
        config.async_stack_zeroing(true).allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let wasm = wasmtime::Engine::new(&config).map_err(EngineError)?;
        let workers = Workers::start().map_err(|error| EngineError(error.into()))?;
        count_time(wasm.weak());
        let slots = Arc::new(Semaphore::new(runs as usize));
        let compiling = Compiling::new(options.compiler, options.memory);
        let workers = Arc::new(workers);
        Ok(Engine { wasm, cache: options.cache, compiling, memory: options.memory, workers, runs, slots })
    }

    /// The most memory that a run may be allowed, in bytes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// How many slots a run of the component takes.
    pub(crate) fn slots_of(&self, component: &Component) -> u32 {
        let needs = component.resources_required();
        let count = needs.map_or(1, |n| n.num_memories.div_ceil(MEMORIES).max(n.num_tables.div_ceil(TABLES)));
        count.clamp(1, self.runs)
    }

    /// Waits until there is room for a run, in order of arrival.
    pub(crate) async fn slot(&self, count: u32) -> Option<OwnedSemaphorePermit> {
        // It fails only when it is closed, which nothing does.
        self.slots.clone().acquire_many_owned(count).await.ok()
    }
}

/// Starts the thread that counts time. It ends with the engine.
fn count_time(engine: wasmtime::EngineWeak) {
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::*;
    use crate::machine_code::compiler;

    #[test]
    fn what_a_child_compiles_fits_the_engine() {
        let hash = |engine: &wasmtime::Engine| {
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        let runs = Engine::new(EngineOptions { runs: 1, ..EngineOptions::default() }).unwrap();
        assert_eq!(hash(&compiler(runs.memory).unwrap()), hash(&runs.wasm));
        assert_ne!(hash(&compiler(runs.memory * 2).unwrap()), hash(&runs.wasm));
    }
}
