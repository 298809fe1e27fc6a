//! What the kernel says of a process.

use std::time::Duration;

/// A process, by its number.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// This one.
    pub fn own() -> Process {
        Process(std::process::id())
    }

    /// The time that it has been on a core, in the kernel's ticks of 10 ms.
    pub fn on_core(self) -> Duration {
        let status = self.read("stat");
        // The name in parentheses may hold blanks; what follows does not.
        let fields = status.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        Duration::from_millis(10 * fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>())
    }

    /// Bytes that are in memory.
    pub fn resident(self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most that there ever were.
    pub fn most_resident(self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(self, name: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib * 1024.0)
    }

    fn read(self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.0)).unwrap_or_default()
    }
}
