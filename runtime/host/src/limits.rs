//! What a run may use.

use std::fmt;
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The limits of one run. Every message about one names it by its setting.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, in bytes. Default: 64 MiB.
    pub memory: usize,
    /// From start to end, waiting included. Default: 10 minutes.
    pub time: Duration,
    /// What the plugin may hand over in one call, in bytes. Default: 16 MiB.
    pub hand_over: usize,
    /// Calls to ServiceTitan; a page counts as one. Default: 100,000.
    pub host_calls: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: 64 << 20, time: Duration::from_secs(600), hand_over: 16 << 20, host_calls: 100_000 }
    }
}

/// A limit that a run has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::memory`], in bytes.
    Memory(usize),
    /// [`Limits::time`].
    Time(Duration),
    /// [`Limits::hand_over`], in bytes.
    HandOver(usize),
    /// [`Limits::host_calls`].
    HostCalls(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, setting, value) = match self {
            Limit::Memory(bytes) => ("memory", "memory", mebibytes(*bytes)),
            Limit::Time(time) => ("time", "time", format!("{} s", time.as_secs_f64())),
            Limit::HandOver(bytes) => ("what one call may hand over", "hand-over", mebibytes(*bytes)),
            Limit::HostCalls(calls) => ("calls to ServiceTitan", "host-calls", calls.to_string()),
        };
        write!(f, "the limit of {what} is reached: `{setting}` is {value}; raise it in the plugin's `limits`")
    }
}

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Refuses to grow a plugin's memory and tables beyond the limit, and remembers that it did.
#[derive(Debug)]
pub(crate) struct Guard {
    memory: usize,
    grown: usize,
    pub refused: bool,
}

/// Elements of all tables together: functions, in practice. The largest guests have some ten thousand.
const TABLE_ELEMENTS: usize = 1_000_000;

impl Guard {
    pub fn new(limits: &Limits) -> Self {
        Guard { memory: limits.memory, grown: 0, refused: false }
    }

    /// The most memory that the run has had, in bytes.
    pub fn peak(&self) -> usize {
        self.grown
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // A component may have several memories: what counts is their sum.
        let total = self.grown - current.min(self.grown) + desired;
        let allowed = total <= self.memory;
        if allowed {
            self.grown = total;
        } else {
            self.refused = true;
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
