//! What one attempt of a plugin may use, and what compiling it may.

use std::time::Duration;

use super::source::Section;

const MIB: u64 = 1024 * 1024;

/// What one attempt of a plugin may use, and what compiling it may: the `limits` of a plugin, every one of them with a
/// default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `memory`: bytes of linear memory. 64 MiB; at most 4 GiB.
    pub memory: u64,
    /// `time`: from start to end of an attempt, waiting included. 10 minutes; at most a day.
    pub time: Duration,
    /// `output`: bytes of all files together. 256 MiB.
    pub output: u64,
    /// `files`: how many files. 64.
    pub files: u32,
    /// `host_calls`: calls into the host. 1,000,000.
    pub host_calls: u64,
    /// `transfer`: bytes that the plugin transfers in one call, its own answer included. 16 MiB.
    pub transfer: u64,
    /// `answer`: bytes of one answer of ServiceTitan. 64 MiB.
    pub answer: u64,
    /// `state`: bytes of all that an export keeps for a tenant, keys included. 16 MiB; at most 1 GiB.
    pub state: u64,
    /// `state_keys`: how many values it keeps. 100,000; at most 1,000,000.
    pub state_keys: u64,
    /// `state_value`: bytes of one value. 1 MiB.
    pub state_value: u64,
    /// `state_key`: bytes of one key. 512; at most 64 KiB.
    pub state_key: u64,
    /// `log`: bytes of log that are kept; lines past them are counted and dropped. 1 MiB; at most 1 GiB.
    pub log: u64,
    /// `log_lines`: lines of log that are kept; more are counted and dropped. 10,000.
    pub log_lines: u32,
    /// `component`: bytes of the component's file. 128 MiB; at most 1 GiB.
    pub component: u64,
    /// `compile_time`: processor time for compiling it, in whole seconds. 2 minutes; at least a second, at most an hour.
    pub compile_time: Duration,
    /// `compile_memory`: bytes of memory for compiling it. 2 GiB; at least 256 MiB, at most 64 GiB.
    pub compile_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 * MIB,
            time: Duration::from_secs(600),
            output: 256 * MIB,
            files: 64,
            host_calls: 1_000_000,
            transfer: 16 * MIB,
            answer: 64 * MIB,
            state: 16 * MIB,
            state_keys: 100_000,
            state_value: MIB,
            state_key: 512,
            log: MIB,
            log_lines: 10_000,
            component: 128 * MIB,
            compile_time: Duration::from_secs(120),
            compile_memory: 2048 * MIB,
        }
    }
}

impl Limits {
    pub(super) fn read(section: &Section<'_, '_>) -> Self {
        let standard = Self::default();
        let count = |key, most| section.count(key, most);
        Self {
            memory: section.size("memory", 64 * 1024, 4096 * MIB).unwrap_or(standard.memory),
            time: section.time("time", Duration::from_secs(24 * 3600)).unwrap_or(standard.time),
            output: section.size("output", 1, u64::MAX).unwrap_or(standard.output),
            files: count("files", 10_000).map_or(standard.files, |n| n as u32),
            host_calls: count("host_calls", i64::MAX as u64).unwrap_or(standard.host_calls),
            transfer: section.size("transfer", 64 * 1024, 1024 * MIB).unwrap_or(standard.transfer),
            answer: section.size("answer", 1024, 4096 * MIB).unwrap_or(standard.answer),
            state: section.size("state", 1, 1024 * MIB).unwrap_or(standard.state),
            state_keys: count("state_keys", 1_000_000).unwrap_or(standard.state_keys),
            state_value: section.size("state_value", 1, 1024 * MIB).unwrap_or(standard.state_value),
            state_key: section.size("state_key", 1, 64 * 1024).unwrap_or(standard.state_key),
            log: section.size("log", 1024, 1024 * MIB).unwrap_or(standard.log),
            log_lines: count("log_lines", 10_000_000).map_or(standard.log_lines, |n| n as u32),
            component: section.size("component", 1024, 1024 * MIB).unwrap_or(standard.component),
            compile_time: section
                .time_from("compile_time", Duration::from_secs(1), Duration::from_secs(3600))
                .unwrap_or(standard.compile_time),
            compile_memory: section
                .size("compile_memory", 256 * MIB, 64 * 1024 * MIB)
                .unwrap_or(standard.compile_memory),
        }
    }
}
