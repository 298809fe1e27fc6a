//! What is printed: text for people, JSON for scripts, progress on a terminal.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

/// Prints results to standard output, everything else to standard error.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub fn new(json: bool, quiet: bool) -> Self {
        Output { json, quiet }
    }

    /// Whether a script reads.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether errors may have colours.
    pub fn colour(&self) -> bool {
        !self.json && stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
    }

    /// Sends the runtime's own events to standard error: `TRADEWIRE_LOG` says which, warnings by default.
    pub fn trace(&self) {
        let filter = tracing_subscriber::EnvFilter::try_from_env("TRADEWIRE_LOG");
        let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
        let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(self.colour());
        // Only the first call of a process can set it; that is this one.
        let _ = if self.json { events.json().try_init() } else { events.try_init() };
    }

    /// A result: `text` for people, `value` for scripts.
    pub fn result(&self, text: &str, value: &impl Serialize) {
        let mut out = stdout().lock();
        // Whoever closes the pipe has read enough.
        let _ = match self.json.then(|| serde_json::to_string(value)) {
            Some(Ok(json)) => writeln!(out, "{json}"),
            _ => writeln!(out, "{}", text.trim_end()),
        };
    }

    /// What is going on, for people who wait.
    pub fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            let _ = writeln!(stderr(), "{text}");
        }
    }

    /// An error, with all that led to it.
    pub fn error(&self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        let _ = if self.json {
            writeln!(stderr(), "{}", json!({ "error": text }))
        } else {
            writeln!(stderr(), "error: {text}")
        };
    }

    /// Shows that something takes time: a spinner on a terminal, one plain line elsewhere.
    pub fn busy(&self, text: &str) -> Busy {
        if self.quiet || self.json {
            return Busy(None);
        }
        if !stderr().is_terminal() {
            self.note(text);
            return Busy(None);
        }
        let bar = ProgressBar::new_spinner().with_message(text.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Busy(Some(bar))
    }
}

/// Something that takes time; over when it is dropped.
pub struct Busy(Option<ProgressBar>);

impl Busy {
    /// Says how far it is.
    pub fn at(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(text.to_owned());
        }
    }

    /// Prints a line without tearing the spinner.
    pub fn line(&self, text: &str) {
        match &self.0 {
            Some(bar) => bar.println(text),
            None => drop(writeln!(stderr(), "{text}")),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
