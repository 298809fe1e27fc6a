//! What machine code depends on: who compiles and who runs a component agree on it.

use wasmtime::{Config, Engine, InstanceAllocationStrategy};

/// wasmtime cannot be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot start: {0:#}")]
pub struct EngineError(pub(crate) wasmtime::Error);

/// How deep a plugin may call itself. It may do so twice on one stack: where it calls the host, and once more where the
/// host asks it for memory for the answer.
const WASM_STACK: usize = 512 << 10;
/// What the host's own calls may take of that stack, those that read answers of many levels included.
const HOST_STACK: usize = 1 << 20;

/// The settings, for runs of at most so much memory.
pub(crate) fn config(memory: usize) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .memory_reservation(memory as u64)
        .memory_guard_size(64 << 10)
        .async_stack_size(2 * WASM_STACK + HOST_STACK)
        .max_wasm_stack(WASM_STACK);
    config
}

/// An engine that compiles for those of this memory, and sets nothing aside for runs.
pub(crate) fn compiler(memory: usize) -> Result<Engine, EngineError> {
    let mut config = config(memory);
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config).map_err(EngineError)
}
