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

/// What turning a component into machine code may use. Every message about one names it by its setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// The component itself, in bytes. Default: 128 MiB.
    pub component: usize,
    /// Processor time. Default: 2 minutes.
    pub time: Duration,
    /// Memory, in bytes. Default: 2 GiB.
    pub memory: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits { component: 128 << 20, time: Duration::from_secs(120), memory: 2 << 30 }
    }
}

/// A limit that a run, or what comes before it, has reached.
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
    /// [`CompileLimits::component`], in bytes.
    Component(usize),
    /// [`CompileLimits::time`].
    CompileTime(Duration),
    /// [`CompileLimits::memory`], in bytes.
    CompileMemory(usize),
}

impl Limit {
    /// The line of a plugin's configuration that makes it twice as large.
    pub fn raised(&self) -> String {
        let twice = match *self {
            Limit::Memory(bytes) => Limit::Memory(bytes.saturating_mul(2)),
            Limit::Time(time) => Limit::Time(time.saturating_mul(2)),
            Limit::HandOver(bytes) => Limit::HandOver(bytes.saturating_mul(2)),
            Limit::HostCalls(calls) => Limit::HostCalls(calls.saturating_mul(2)),
            Limit::Answer(bytes) => Limit::Answer(bytes.saturating_mul(2)),
            Limit::Component(bytes) => Limit::Component(bytes.saturating_mul(2)),
            Limit::CompileTime(time) => Limit::CompileTime(time.saturating_mul(2)),
            Limit::CompileMemory(bytes) => Limit::CompileMemory(bytes.saturating_mul(2)),
        };
        let (_, setting, value) = twice.told();
        match self {
            Limit::HostCalls(_) => format!("limits = {{ {setting} = {value} }}"),
            _ => format!("limits = {{ {setting} = \"{value}\" }}"),
        }
    }

    /// What it limits, its setting and its value.
    fn told(&self) -> (&'static str, &'static str, String) {
        match self {
            Limit::Memory(bytes) => ("memory", "memory", size(*bytes)),
            Limit::Time(time) => ("time", "time", seconds(*time)),
            Limit::HandOver(bytes) => ("what one call may hand over", "hand_over", size(*bytes)),
            Limit::HostCalls(calls) => ("calls", "host_calls", calls.to_string()),
            Limit::Answer(bytes) => ("one answer", "answer", size(*bytes)),
            Limit::Component(bytes) => ("the component's size", "component", size(*bytes)),
            Limit::CompileTime(time) => ("processor time for compiling", "compile_time", seconds(*time)),
            Limit::CompileMemory(bytes) => ("memory for compiling", "compile_memory", size(*bytes)),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, setting, value) = self.told();
        write!(f, "the limit of {what} is reached: `{setting}` is {value}; raise it in the plugin's `limits`")
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
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
        assert!(Limit::CompileTime(Duration::from_secs(120)).to_string().contains("`compile_time` is 120 s"));
        assert!(Limit::CompileMemory(2 << 30).to_string().contains("`compile_memory` is 2 GiB"));
        assert_eq!(Limit::CompileTime(Duration::from_secs(120)).raised(), "limits = { compile_time = \"240 s\" }");
        assert_eq!(Limit::CompileMemory(2 << 30).raised(), "limits = { compile_memory = \"4 GiB\" }");
        assert_eq!(Limit::HostCalls(5).raised(), "limits = { host_calls = 10 }");
        assert!(Limit::Component(128 << 20).to_string().contains("`component` is 128 MiB"));
    }
}
