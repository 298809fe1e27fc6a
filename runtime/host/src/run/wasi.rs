//! What of WASI a plugin gets, and how much of it at once.

use std::sync::Arc;

use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut, bail};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi_io::bindings::wasi::io::poll::Host as _;

use super::RunState;
use super::stdio::LogStream;
use crate::sink::{Level, Sink};

/// The interface whose one function takes a list of any length.
const POLL: &str = "wasi:io/poll@0.2.12";
/// The most things that a plugin may wait for at once.
const MOST_AWAITED: usize = 1_000;
/// The most random bytes that it may ask for at once.
const RANDOM_BYTES: u64 = 1 << 20;

/// Clocks, random bytes, and the run's log as standard output and error. No files, no sockets, not even such as lead
/// nowhere: each would be a descriptor of the process.
pub(super) fn context(sink: &Arc<dyn Sink>) -> WasiCtx {
    WasiCtx::builder()
        .stdout(LogStream::new(sink, Level::Info, "stdout"))
        .stderr(LogStream::new(sink, Level::Warn, "stderr"))
        .max_random_size(RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

/// Adds WASI.
pub(super) fn add_to_linker(linker: &mut Linker<RunState>) -> Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    linker.instance(POLL)?.func_wrap_async(
        "poll",
        |mut store: StoreContextMut<'_, RunState>, (awaited,): (Vec<Resource<DynPollable>>,)| {
            Box::new(async move {
                if awaited.len() > MOST_AWAITED {
                    bail!("it waits for {} things at once, and may for {MOST_AWAITED}", awaited.len());
                }
                Ok((store.data_mut().table.poll(awaited).await?,))
            })
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}
