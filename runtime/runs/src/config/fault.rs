//! Faults of the configuration, and how they are shown: as rustc shows its own.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file has faults.
    #[error("{}", render(path, text, faults, false))]
    Faulty {
        /// The file.
        path: PathBuf,
        /// Its text, with what may be a secret masked.
        text: String,
        /// Every fault, in the order of the file.
        faults: Vec<Fault>,
    },
}

impl ConfigError {
    /// The faults as a person reads them; `colour` for a terminal.
    pub fn render(&self, colour: bool) -> String {
        match self {
            ConfigError::Faulty { path, text, faults } => render(path, text, faults, colour),
            ConfigError::Unreadable { .. } => self.to_string(),
        }
    }

    /// The faults as a script reads them.
    pub fn faults(&self) -> &[Fault] {
        match self {
            ConfigError::Faulty { faults, .. } => faults,
            ConfigError::Unreadable { .. } => &[],
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The bytes of the file that are meant.
    #[serde(skip)]
    pub span: Range<usize>,
}

impl Fault {
    pub(super) fn at(text: &str, span: Range<usize>, message: String, help: Option<String>) -> Self {
        let start = span.start.min(text.len());
        let before = &text.as_bytes()[..start];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let column = 1 + String::from_utf8_lossy(&before[line_start..]).chars().count();
        Self { line, column, message, help, span }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}

fn render(path: &Path, text: &str, faults: &[Fault], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let path = path.display().to_string();
    let mut shown = String::new();
    for fault in faults {
        let end = fault.span.end.min(text.len());
        let span = fault.span.start.min(end)..end;
        let snippet = Snippet::source(text).path(path.as_str()).annotation(AnnotationKind::Primary.span(span));
        let mut report = vec![Level::ERROR.primary_title(fault.message.as_str()).element(snippet)];
        if let Some(help) = &fault.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        shown.push_str(&renderer.render(&report));
        shown.push_str("\n\n");
    }
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    shown.push_str(&format!("{path}: {count}"));
    shown
}
