//! What the child process does: it binds itself to its limits, reads a component, tells what it asks for, compiles it
//! when it is told to, and ends.
//!
//! It is given nothing but its three pipes: no environment, no descriptor, no secret; and it can open nothing.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::asks::Asks;
use super::frame::{self, Kind};
use crate::machine_code;

/// What the child is to keep to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    /// The process that waits for it.
    pub parent: u32,
    /// The most memory of a run, by which the code depends on the engine.
    pub run_memory: usize,
    /// Bytes of the component.
    pub component: usize,
    /// Processor time, in seconds.
    pub seconds: u64,
    /// Bytes of memory.
    pub memory: usize,
}

/// The most bytes of an order.
const LONGEST_ORDER: usize = 4096;
/// What the child is told when what the component asks for is granted.
pub(super) const GO_ON: u8 = 1;

/// Compiles the one component that is handed over on standard input: the whole life of the process that
/// [`Compiler::Child`](crate::Compiler::Child) starts.
pub fn compile_child() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut stdin = io::stdin();
    let order = frame::read_bytes(&mut stdin, LONGEST_ORDER)?;
    let order: Order = serde_json::from_slice(&order)?;
    restrict(&order)?;
    let component = frame::read_bytes(&mut stdin, order.component)?;
    let mut stdout = io::stdout().lock();
    match Asks::read(&component) {
        Ok(asks) => frame::write(&mut stdout, Kind::Asks, &serde_json::to_vec(&asks)?)?,
        Err(why) => return frame::write(&mut stdout, Kind::Invalid, why.as_bytes()),
    }
    let mut answer = [0];
    stdin.read_exact(&mut answer)?;
    if answer[0] != GO_ON {
        return Ok(());
    }
    // Whoever waits keeps the pipe open: nobody is there any more when it ends.
    std::thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let engine = machine_code::compiler(order.run_memory).map_err(io::Error::other)?;
    match engine.precompile_component(&component) {
        Ok(code) => frame::write(&mut stdout, Kind::Code, &code),
        Err(error) if error.chain().any(is_out_of_memory) => frame::write(&mut stdout, Kind::NoMemory, b""),
        Err(error) => frame::write(&mut stdout, Kind::Invalid, format!("{error:#}").as_bytes()),
    }
}

fn is_out_of_memory(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
}

#[cfg(not(unix))]
fn restrict(_: &Order) -> io::Result<()> {
    Ok(())
}

/// Gives up what it does not need, for good.
#[cfg(unix)]
fn restrict(order: &Order) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getppid, getrlimit, nice, setrlimit};
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal};
        set_parent_process_death_signal(Some(Signal::KILL))?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        close_what_was_inherited()?;
    }
    // It may have ended before it was asked to tell.
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get().cast_unsigned() != order.parent) {
        return Err(io::Error::other("nobody waits for it any more"));
    }
    nice(PRIORITY)?;
    let between = |resource: Resource, current: u64, maximum: u64| {
        // What is allowed by now cannot be exceeded.
        let allowed = |most: u64| Some(getrlimit(resource).maximum.map_or(most, |allowed| allowed.min(most)));
        setrlimit(resource, Rlimit { current: allowed(current), maximum: allowed(maximum) })
    };
    let limit = |resource, most| between(resource, most, most);
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    // Those that it has stay open; another gets no number.
    limit(Resource::Nofile, 3)?;
    // At the first of the two it is told by a signal of its own, at the second it is killed.
    between(Resource::Cpu, order.seconds.max(1), order.seconds.max(1).saturating_add(1))?;
    // Private memory that can be written to; of addresses an engine sets aside more than it uses.
    limit(Resource::Data, order.memory as u64)?;
    limit(Resource::As, (order.memory as u64).saturating_add(ADDRESSES))?;
    Ok(())
}

/// By how much its priority is lower: whoever serves goes first.
#[cfg(unix)]
const PRIORITY: i32 = 10;
/// Bytes of addresses beside those of memory: the program itself, the stacks of its threads, what allocators reserve.
#[cfg(unix)]
const ADDRESSES: u64 = 4 << 30;

/// Rust opens nothing that a child inherits; whoever started this program may have.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn close_what_was_inherited() -> io::Result<()> {
    const FIRST: libc::c_uint = 3;
    const NO_FLAGS: libc::c_uint = 0;
    // SAFETY: the process has opened nothing yet, so nobody owns a descriptor from 3 on. No crate offers this call.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, NO_FLAGS) };
    if closed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
