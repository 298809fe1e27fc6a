//! The log of the run, behind the [`log`] crate's macros: `log::info!("12 people")`.

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::bindings::wasi::logging::logging;

struct RunLog;

/// Sends what the [`log`] macros write to the run's log, and panics with their place. [`export_plugin!`] does it.
///
/// [`export_plugin!`]: crate::export_plugin
pub fn install() {
    if log::set_logger(&RunLog).is_ok() {
        log::set_max_level(LevelFilter::Trace);
        std::panic::set_hook(Box::new(|panic| {
            logging::log(logging::Level::Critical, "panic", &panic.to_string());
        }));
    }
}

impl Log for RunLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            Level::Error => logging::Level::Error,
            Level::Warn => logging::Level::Warn,
            Level::Info => logging::Level::Info,
            Level::Debug => logging::Level::Debug,
            Level::Trace => logging::Level::Trace,
        };
        logging::log(level, record.target(), &record.args().to_string());
    }

    fn flush(&self) {}
}
