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
    /// What the plugin may transfer in one call, in bytes, as the host holds it. Default: 16 MiB.
    pub transfer: usize,
    /// Calls to ServiceTitan and to vendors; a page counts as one. Default: 100,000.
    pub host_calls: u64,
    /// One answer of ServiceTitan or of a vendor, in bytes. Default: 64 MiB.
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 64 << 20,
            time: Duration::from_secs(600),
            transfer: 16 << 20,
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
    /// [`Limits::transfer`], in bytes.
    Transfer(usize),
    /// [`Limits::host_calls`].
    HostCalls(u64),
    /// [`Limits::answer`], in bytes.
    Answer(usize),
    /// [`CompileLimits::component`], in bytes.
    Component {
        /// The limit.
        limit: usize,
        /// What the component has.
        size: usize,
    },
    /// [`CompileLimits::time`].
    CompileTime(Duration),
    /// [`CompileLimits::memory`], in bytes.
    CompileMemory(usize),
}

/// The most that each of [`CompileLimits`] may be in a configuration.
const MOST_COMPONENT: usize = 1 << 30;
const MOST_COMPILE_TIME: Duration = Duration::from_secs(3600);
const MOST_COMPILE_MEMORY: usize = 64 << 30;

impl Limit {
    /// That a limit of compiling is reached, and the line that lets this component through, or twice as much where nobody
    /// knows how much that is.
    pub(crate) fn with_help(&self) -> String {
        let (raised, most, fits) = match *self {
            Limit::Component { size, .. } => {
                let limit = size.checked_next_power_of_two().unwrap_or(usize::MAX).max(1 << 10);
                let most = Limit::Component { limit: MOST_COMPONENT, size };
                (Limit::Component { limit, size }, most, limit <= MOST_COMPONENT)
            }
            Limit::CompileTime(time) => {
                // In whole seconds, as the system counts them.
                let twice = time.max(Duration::from_secs(1)).saturating_mul(2);
                let twice = Duration::from_secs(twice.as_secs() + u64::from(twice.subsec_nanos() > 0));
                let most = MOST_COMPILE_TIME;
                (Limit::CompileTime(twice.min(most)), Limit::CompileTime(most), time < most)
            }
            Limit::CompileMemory(bytes) => {
                let (twice, most) = (bytes.saturating_mul(2), MOST_COMPILE_MEMORY);
                (Limit::CompileMemory(twice.min(most)), Limit::CompileMemory(most), bytes < most)
            }
            _ => return self.to_string(),
        };
        let ((_, setting, value), (.., highest)) = (raised.told(), most.told());
        if fits {
            return format!("{self}: write `{setting} = \"{value}\"` into them, beside what is there");
        }
        let reached = self.reached();
        format!("{reached}; make the component smaller, as `{setting}` may be {highest} at most")
    }

    /// `the limit of time is reached: `time` is 1 s`
    fn reached(&self) -> String {
        let (what, setting, value) = self.told();
        format!("the limit of {what} is reached: `{setting}` is {value}")
    }

    /// What it limits, its setting and its value.
    fn told(&self) -> (&'static str, &'static str, String) {
        match self {
            Limit::Memory(bytes) => ("memory", "memory", size(*bytes)),
            Limit::Time(time) => ("time", "time", seconds(*time)),
            Limit::Transfer(bytes) => ("what one call may transfer", "transfer", size(*bytes)),
            Limit::HostCalls(calls) => ("calls", "host_calls", calls.to_string()),
            Limit::Answer(bytes) => ("one answer", "answer", size(*bytes)),
            Limit::Component { limit, .. } => ("the component's size", "component", size(*limit)),
            Limit::CompileTime(time) => ("processor time for compiling", "compile_time", seconds(*time)),
            Limit::CompileMemory(bytes) => ("memory for compiling", "compile_memory", size(*bytes)),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; raise it in the plugin's `limits`", self.reached())
    }
}

impl std::error::Error for Limit {}

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
        assert!(Limit::Transfer(16 << 20).to_string().contains("`transfer` is 16 MiB"));
        assert!(Limit::Time(Duration::from_millis(1500)).to_string().contains("`time` is 1.5 s"));
        assert!(Limit::CompileTime(Duration::from_secs(120)).to_string().contains("`compile_time` is 120 s"));
        assert!(Limit::CompileMemory(2 << 30).to_string().contains("`compile_memory` is 2 GiB"));
        let component = Limit::Component { limit: 128 << 20, size: 200 << 20 };
        assert!(component.to_string().contains("`component` is 128 MiB"));
    }

    #[test]
    fn limits_of_compiling_tell_a_line_that_helps() {
        let helps = |limit: Limit, line: &str| {
            let (told, line) = (limit.with_help(), format!("limits`: write `{line}` into them, beside what is there"));
            assert!(told.ends_with(&line), "{told}");
        };
        helps(Limit::CompileTime(Duration::from_secs(120)), "compile_time = \"240 s\"");
        helps(Limit::CompileTime(Duration::from_millis(300)), "compile_time = \"2 s\"");
        helps(Limit::CompileTime(Duration::from_millis(1200)), "compile_time = \"3 s\"");
        helps(Limit::CompileTime(Duration::from_secs(3000)), "compile_time = \"3600 s\"");
        helps(Limit::CompileMemory(2 << 30), "compile_memory = \"4 GiB\"");
        helps(Limit::Component { limit: 2 << 10, size: 5_400_000 }, "component = \"8 MiB\"");
        helps(Limit::Component { limit: 100, size: 101 }, "component = \"1 KiB\"");
        let told = Limit::Component { limit: 128 << 20, size: 1 << 40 }.with_help();
        assert!(
            told.ends_with("is 128 MiB; make the component smaller, as `component` may be 1 GiB at most"),
            "{told}"
        );
        let told = Limit::CompileTime(Duration::from_secs(3600)).with_help();
        assert!(
            told.ends_with("is 3600 s; make the component smaller, as `compile_time` may be 3600 s at most"),
            "{told}"
        );
    }
}
