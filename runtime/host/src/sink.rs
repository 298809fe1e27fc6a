//! Where a run's log lines and files go.

use std::fmt;

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

/// Takes what a run says and makes.
pub trait Sink: Send + Sync {
    /// A line of the run's log. `origin` is the plugin's own word, or `stdout` and `stderr`.
    fn log(&self, level: Level, origin: &str, message: &str);

    /// Begins a file. The name is the plugin's and not to be trusted.
    fn create(&self, name: &str, content_type: &str) -> Result<Box<dyn OutputFile>, String>;
}

/// A file that a run is writing. Dropped without [`OutputFile::finish`], it never was.
pub trait OutputFile: Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), String>;

    /// Ends the file, with its control total: names and exact values.
    fn finish(self: Box<Self>, totals: Vec<(String, String)>) -> Result<(), String>;
}
