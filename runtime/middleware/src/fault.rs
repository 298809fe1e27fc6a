//! What is wrong with a pack: all of it at once, each with file, line and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeStruct, Serializer};
use tradewire_text::visible;

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
    /// The place in the contract that it is held against: `purchaseorder.response#/properties/success`.
    pub contract: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    /// Something that makes the pack unusable.
    pub fn error(file: impl AsRef<Path>, message: impl Into<String>) -> Fault {
        let file = file.as_ref().to_owned();
        Fault { severity: Severity::Error, file, place: None, contract: None, message: message.into(), help: None }
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

    /// Says what in the contract it is held against.
    #[must_use]
    pub fn contract(self, contract: impl Into<String>) -> Fault {
        Fault { contract: Some(contract.into()), ..self }
    }

    /// The same, seen from where the pack's folder is seen from.
    #[must_use]
    pub fn under(self, folder: &Path) -> Fault {
        // What is joined to nothing ends with a slash.
        let file = if self.file.as_os_str().is_empty() { folder.to_owned() } else { folder.join(&self.file) };
        Fault { file, ..self }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }

    /// All of it but how grave it is, for where that is said already: on one line, whatever the pack's author named its
    /// files and wrote into them.
    #[must_use]
    pub fn text(&self) -> String {
        let place = self.place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        let contract = self.contract.as_ref().map(|contract| format!(" ({contract})")).unwrap_or_default();
        let help = self.help.as_ref().map(|help| format!("; help: {help}")).unwrap_or_default();
        let text = format!("{}{place}: {}{contract}{help}", self.file.display(), self.message);
        visible(&text).into_owned()
    }
}

impl From<tradewire_liquid::Error> for Fault {
    fn from(error: tradewire_liquid::Error) -> Fault {
        Fault::error(&*error.name, error.problem.to_string()).at(error.line, error.column)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{word}: {}", self.text())
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Fault", 7)?;
        fields.serialize_field("severity", if self.severity == Severity::Error { "error" } else { "warning" })?;
        fields.serialize_field("file", &self.file.display().to_string())?;
        fields.serialize_field("line", &self.place.map(|(line, _)| line))?;
        fields.serialize_field("column", &self.place.map(|(_, column)| column))?;
        fields.serialize_field("contract", &self.contract)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("help", &self.help)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_begins_no_line_of_its_own_and_no_terminal_obeys_it() {
        let fault = Fault::warning("br\nerror: all is well\u{1b}[2J/x", "here is `\u{9b}`").help("a\rb");
        assert_eq!(fault.to_string(), "warning: br\\nerror: all is well\\u001b[2J/x: here is `\\u009b`; help: a\\rb");
    }
}
