//! The names of files that plugins produce: chosen by strangers, used on other people's disks.

use std::fmt;

/// A name that is safe on every file system that it may be delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a file name: {reason}", name.escape_debug())]
pub struct FileNameError {
    name: String,
    reason: &'static str,
}

/// The most bytes of a name.
const LONGEST: usize = 120;
/// The end of the names of control totals.
pub(crate) const TOTAL_SUFFIX: &str = ".total.json";
/// What Windows takes for a device, whatever follows the first dot.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];

impl FileName {
    /// Checks a name.
    pub fn parse(name: &str) -> Result<Self, FileNameError> {
        let reason = if name.is_empty() {
            "it is empty"
        } else if name.len() > LONGEST {
            "it has more than 120 bytes"
        } else if name.starts_with('.') {
            "it begins with a dot"
        } else if name.starts_with(' ') || name.ends_with([' ', '.']) {
            "it begins or ends with a space, or ends with a dot"
        } else if name.contains(['/', '\\']) {
            "it has a separator"
        } else if name.contains("..") {
            "it has two dots in a row"
        } else if name.contains(|c: char| c.is_control() || is_invisible(c)) {
            "it has a control character or an invisible one"
        } else if name.contains([':', '*', '?', '"', '<', '>', '|']) {
            "it has one of : * ? \" < > |"
        } else if is_device(name) {
            "Windows takes it for a device"
        } else if name.to_ascii_lowercase().ends_with(TOTAL_SUFFIX) {
            "names that end with .total.json are those of control totals"
        } else {
            return Ok(Self(name.to_owned()));
        };
        // A hostile name may be long; the message is not.
        Err(FileNameError { name: name.chars().take(LONGEST).collect(), reason })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names that some file system cannot tell apart have in common.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that show nothing or turn the direction of what follows, so that a name reads as another.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let numbered = |prefix: &str| {
        stem.len() == 4
            && stem.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && stem.ends_with(|c: char| c.is_ascii_digit())
    };
    DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem)) || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_give_files_are_taken() {
        for name in [
            "PRABCEPI.csv",
            "PR_AEPI.csv",
            "Löhne März.csv",
            "lương.xlsx",
            "a",
            "con-file.csv",
            "x".repeat(120).as_str(),
        ] {
            assert!(FileName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_or_deceive_are_refused() {
        let long = "x".repeat(121);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/etc/passwd",
            "a\\b",
            "C:x",
            "a..b",
            ".hidden",
            "a\0b",
            "a\nb",
            "a\u{1b}[2Jb",
            " a",
            "a ",
            "a.",
            "gpj.\u{202e}csv",
            "a\u{200b}",
            "NUL",
            "nul.csv",
            "com1.txt",
            "LPT9",
            "a*b",
            "a?b",
            "a|b",
            "x.csv.total.json",
            "X.TOTAL.JSON",
            &long,
        ] {
            assert!(FileName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_refusal_shows_no_raw_control_characters() {
        let message = FileName::parse("a\u{1b}[2J").map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(
            message,
            Err("`a\\u{1b}[2J` is not a file name: it has a control character or an invisible one".to_owned())
        );
    }
}
