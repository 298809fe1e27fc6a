//! What is wrong with a pack: all of it at once, each with file, line and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// How grave a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The pack works, perhaps not as meant.
    Warning,
    /// The pack cannot be used.
    Error,
}

/// Something wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How grave it is.
    pub severity: Severity,
    /// The file, within the pack.
    pub file: PathBuf,
    /// Line and column from 1, where they are known.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    /// Something that makes the pack unusable.
    pub fn error(file: impl AsRef<Path>, message: impl Into<String>) -> Fault {
        let file = file.as_ref().to_owned();
        Fault { severity: Severity::Error, file, place: None, message: message.into(), help: None }
    }

    /// Something to look at.
    pub fn warning(file: impl AsRef<Path>, message: impl Into<String>) -> Fault {
        Fault { severity: Severity::Warning, ..Fault::error(file, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(self, line: u32, column: u32) -> Fault {
        Fault { place: Some((line, column)), ..self }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }
}

impl From<crate::liquid::Error> for Fault {
    fn from(error: crate::liquid::Error) -> Fault {
        Fault::error(&*error.name, error.problem.to_string()).at(error.line, error.column)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{word}: {}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; help: {help}"),
            None => Ok(()),
        }
    }
}
