//! wasmtime, set up once for the process.

use std::time::Duration;

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::Cache;

/// What an engine is made of.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// How many runs there may be at once. Default: 1,000.
    pub runs: u32,
    /// The most memory that any run may be allowed, in bytes. Default: 1 GiB. Only addresses are set aside.
    pub memory: usize,
    /// Where compiled components are kept; none keeps them nowhere.
    pub cache: Option<Cache>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions { runs: 1_000, memory: 1 << 30, cache: None }
    }
}

/// Compiles and runs plugins. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) cache: Option<Cache>,
    pub(crate) memory: usize,
}

/// wasmtime cannot be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot start: {0:#}")]
pub struct EngineError(wasmtime::Error);

/// How often a running plugin is asked whether its time is up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

impl Engine {
    /// Sets up the engine, and a thread that counts its time.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let mut pool = PoolingAllocationConfig::new();
        // A component in JavaScript or Python is made of several core modules.
        pool.total_component_instances(options.runs)
            .total_core_instances(options.runs.saturating_mul(4))
            .total_memories(options.runs.saturating_mul(2))
            .total_tables(options.runs.saturating_mul(8))
            .total_stacks(options.runs)
            .max_memories_per_component(8)
            .max_tables_per_component(32)
            .max_core_instances_per_component(32)
            .max_memory_size(options.memory)
            .table_elements(100_000)
            .max_component_instance_size(4 << 20)
            .max_core_instance_size(4 << 20)
            .linear_memory_keep_resident(256 << 10)
            .async_stack_keep_resident(16 << 10);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .wasm_component_model(true)
            .epoch_interruption(true)
            .memory_reservation(options.memory as u64)
            .memory_guard_size(64 << 10)
            .async_stack_size(1 << 20)
            .max_wasm_stack(512 << 10);
        let wasm = wasmtime::Engine::new(&config).map_err(EngineError)?;
        count_time(wasm.weak());
        Ok(Engine { wasm, cache: options.cache, memory: options.memory })
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
