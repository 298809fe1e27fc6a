//! A run's log, files and costs, as the host gives them.

use tradewire_client::Later;
use tradewire_host::{Cost, Level, OutputFile, Sink};
use tradewire_runs::run::{self, Attempt};
use tradewire_store::{HostCalls, LogLevel};

/// Hands on what a plugin logs, writes and costs.
pub struct RunSink(pub Attempt);

impl Sink for RunSink {
    fn log(&self, level: Level, origin: &str, message: &str) {
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        match origin {
            "" => self.0.log.write(level, message),
            origin => self.0.log.write(level, &format!("{origin}: {message}")),
        }
    }

    fn called(&self, operation: &str, cost: Cost) {
        self.0.calls.add(HostCalls {
            operation: operation.to_owned(),
            calls: 1,
            failures: u64::from(cost.failed),
            retries: cost.retries.into(),
            waited_ms: u64::try_from(cost.waited.as_millis()).unwrap_or(u64::MAX),
            bytes: cost.bytes,
        });
    }

    fn create<'a>(&'a self, name: &'a str, content_type: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        Box::pin(async move {
            let file = self.0.files.create(name, content_type).await.map_err(|e| e.to_string())?;
            Ok(Box::new(RunFile(file)) as Box<dyn OutputFile>)
        })
    }
}

struct RunFile(run::OutputFile);

impl OutputFile for RunFile {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, Result<(), String>> {
        Box::pin(async move { self.0.write(bytes).await.map_err(|e| e.to_string()) })
    }

    fn finish(self: Box<Self>, totals: Vec<(String, String)>) -> Later<'static, Result<(), String>> {
        Box::pin(async move { self.0.finish(totals).await.map_err(|e| e.to_string()) })
    }
}
