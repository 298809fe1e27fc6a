//! Faults of the configuration, and how they are shown: as rustc shows its own.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;
use tradewire_text::cut;

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

/// How many faults are shown, how many bytes of their lines, and how many of what is wrong: a file that is no
/// configuration at all has any number of each.
const MOST_SHOWN: usize = 200;
const LONGEST_LINES: usize = 4096;
const LONGEST_MESSAGE: usize = 2000;

/// The lines that a fault is in, the number of the first, and where in them it is.
fn lines_of<'t>(text: &'t str, span: &Range<usize>) -> (&'t str, usize, Range<usize>) {
    let end = text.floor_char_boundary(span.end.min(text.len()));
    let start = text.floor_char_boundary(span.start.min(end));
    let from = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let upto = text[end..].find('\n').map_or(text.len(), |newline| end + newline);
    let first = 1 + text[..from].bytes().filter(|byte| *byte == b'\n').count();
    (&text[from..upto], first, start - from..end - from)
}

fn render(path: &Path, text: &str, faults: &[Fault], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let path = path.display().to_string();
    let mut shown = String::new();
    for fault in faults.iter().take(MOST_SHOWN) {
        let message = cut(&fault.message, LONGEST_MESSAGE);
        let title = Level::ERROR.primary_title(&*message);
        let (lines, first, span) = lines_of(text, &fault.span);
        let mut report = vec![if lines.len() <= LONGEST_LINES {
            let snippet = Snippet::source(lines).line_start(first).path(path.as_str());
            title.element(snippet.annotation(AnnotationKind::Primary.span(span)))
        } else {
            title.element(Origin::path(path.as_str()).line(fault.line).char_column(fault.column))
        }];
        if let Some(help) = &fault.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        shown.push_str(&renderer.render(&report));
        shown.push_str("\n\n");
    }
    if faults.len() > MOST_SHOWN {
        let more = faults.len() - MOST_SHOWN;
        shown.push_str(&format!("and {more} more, which are told when these are mended\n\n"));
    }
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    shown.push_str(&format!("{path}: {count}"));
    shown
}
