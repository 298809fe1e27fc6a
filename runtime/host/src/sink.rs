//! Where a run's log lines and files go.

use std::fmt;
use std::time::Duration;

use tradewire_client::Later;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        })
    }
}

/// What one call to ServiceTitan or to a vendor cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Whether it failed.
    pub failed: bool,
    /// Tries beyond the first.
    pub retries: u32,
    /// How long the rate limit held it back.
    pub waited: Duration,
    /// Bytes that were answered.
    pub bytes: u64,
}

/// Takes what a run says and makes.
pub trait Sink: Send + Sync {
    /// A line of the run's log. `origin` is the plugin's own word, or `stdout` and `stderr`.
    fn log(&self, level: Level, origin: &str, message: &str);

    /// A call is over: to ServiceTitan, where a page is one, or to a vendor, which is told as
    /// `middleware/<vendor>.<endpoint>`.
    fn called(&self, operation: &str, cost: Cost);

    /// Begins a file. The name is the plugin's and not to be trusted.
    fn create<'a>(&'a self, name: &'a str, content_type: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>>;
}

/// A file that a run is writing. Dropped without [`OutputFile::finish`], it never was.
pub trait OutputFile: Send {
    /// Appends bytes.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, Result<(), String>>;

    /// Ends the file, with its control total: names and exact values.
    fn finish(self: Box<Self>, totals: Vec<(String, String)>) -> Later<'static, Result<(), String>>;
}
