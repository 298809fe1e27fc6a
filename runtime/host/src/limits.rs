//! What a run may use.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The limits of one run. Every message about one names it by its setting.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, in bytes. Default: 64 MiB.
    pub memory: usize,
    /// From start to end, waiting included. Default: 10 minutes.
    pub time: Duration,
    /// What the plugin may hand over in one call, in bytes, as the host holds it. Default: 16 MiB.
    pub hand_over: usize,
    /// Calls to ServiceTitan and to suppliers; a page counts as one. Default: 100,000.
    pub host_calls: u64,
    /// One answer of ServiceTitan or of a supplier, in bytes. Default: 64 MiB.
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 64 << 20,
            time: Duration::from_secs(600),
            hand_over: 16 << 20,
            host_calls: 100_000,
            answer: 64 << 20,
        }
    }
}

/// A limit that a run has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::memory`], in bytes.
    Memory(usize),
    /// [`Limits::time`].
    Time(Duration),
    /// [`Limits::hand_over`], in bytes.
    HandOver(usize),
    /// [`Limits::host_calls`].
    HostCalls(u64),
    /// [`Limits::answer`], in bytes.
    Answer(usize),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, setting, value) = match self {
            Limit::Memory(bytes) => ("memory", "memory", size(*bytes)),
            Limit::Time(time) => ("time", "time", format!("{} s", time.as_secs_f64())),
            Limit::HandOver(bytes) => ("what one call may hand over", "hand_over", size(*bytes)),
            Limit::HostCalls(calls) => ("calls", "host_calls", calls.to_string()),
            Limit::Answer(bytes) => ("one answer", "answer", size(*bytes)),
        };
        write!(f, "the limit of {what} is reached: `{setting}` is {value}; raise it in the plugin's `limits`")
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

/// Refuses to grow a plugin's memories and tables beyond the limit, and remembers that it did.
#[derive(Debug)]
pub(crate) struct Guard {
    memory: usize,
    /// Bytes of all memories together. A growth that was allowed and then failed stays counted: wasmtime reports
    /// also failures that were never asked about, so taking any back would let a plugin lower the count at will.
    grown: Arc<AtomicUsize>,
    /// Elements of all tables together.
    elements: usize,
    pub refused: bool,
}

/// Elements of all tables together: functions, in practice. The largest guests have some ten thousand.
const TABLE_ELEMENTS: usize = 1_000_000;

impl Guard {
    /// Counts in `grown`, which whoever asks for the most memory that the run has had looks at.
    pub fn new(limits: &Limits, grown: Arc<AtomicUsize>) -> Self {
        Guard { memory: limits.memory, grown, elements: 0, refused: false }
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // A component may have several memories: what counts is their sum.
        let total = self.grown.load(Ordering::Relaxed).saturating_add(desired.saturating_sub(current));
        let allowed = total <= self.memory;
        if allowed {
            self.grown.store(total, Ordering::Relaxed);
        } else {
            self.refused = true;
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.elements.saturating_add(desired.saturating_sub(current));
        let allowed = total <= TABLE_ELEMENTS;
        if allowed {
            self.elements = total;
        }
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn guard(memory: usize) -> Guard {
        Guard::new(&Limits { memory, ..Limits::default() }, Arc::default())
    }

    #[test]
    fn several_memories_share_one_limit() {
        let mut guard = guard(100);
        assert!(guard.memory_growing(0, 60, None).unwrap());
        assert!(!guard.memory_growing(0, 50, None).unwrap());
        assert!(guard.memory_growing(0, 40, None).unwrap());
        assert!(guard.refused);
        assert_eq!(guard.grown.load(Ordering::Relaxed), 100);
    }

    #[test]
    fn a_growth_that_failed_takes_nothing_off_the_count() {
        let mut guard = guard(100);
        assert!(guard.memory_growing(0, 80, None).unwrap());
        guard.memory_grow_failed(wasmtime::format_err!("no room")).unwrap();
        assert!(!guard.memory_growing(80, 160, None).unwrap());
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        let mut guard = guard(usize::MAX - 1);
        assert!(guard.memory_growing(0, 10, None).unwrap());
        assert!(!guard.memory_growing(0, usize::MAX, None).unwrap());
        assert!(!guard.table_growing(0, usize::MAX, None).unwrap());
    }

    #[test]
    fn several_tables_share_one_limit() {
        let mut guard = guard(0);
        assert!(guard.table_growing(0, TABLE_ELEMENTS, None).unwrap());
        assert!(!guard.table_growing(0, 1, None).unwrap());
    }

    #[test]
    fn each_limit_names_its_value_and_its_setting() {
        let told = Limit::Memory(65_536).to_string();
        assert_eq!(told, "the limit of memory is reached: `memory` is 64 KiB; raise it in the plugin's `limits`");
        assert!(Limit::HandOver(16 << 20).to_string().contains("`hand_over` is 16 MiB"));
        assert!(Limit::Time(Duration::from_millis(1500)).to_string().contains("`time` is 1.5 s"));
    }
}
