//! Why an answer's JSON did not become a value, and where.

use jiter::{JiterError, Peek};
use wasmtime::Error;

/// Why JSON did not become a value.
pub(super) enum Fault {
    /// The component itself failed: it gave no memory.
    Trap(Error),
    /// The JSON is not what the plan wants.
    Unreadable { place: String, problem: String },
}

impl Fault {
    pub fn of(problem: impl Into<String>) -> Fault {
        Fault::Unreadable { place: String::new(), problem: problem.into() }
    }

    /// Puts the place that was being read in front.
    pub fn within(self, outer: &str) -> Fault {
        match self {
            Fault::Unreadable { place, problem } => Fault::Unreadable { place: format!("{outer}{place}"), problem },
            trap => trap,
        }
    }
}

impl From<Error> for Fault {
    fn from(trap: Error) -> Fault {
        Fault::Trap(trap)
    }
}

impl From<JiterError> for Fault {
    fn from(error: JiterError) -> Fault {
        Fault::of(format!("not JSON at byte {}: {}", error.index, error.error_type))
    }
}

/// What was found is not what is wanted.
pub(super) fn unexpected(wanted: &str, found: Peek) -> Fault {
    let found = match found {
        Peek::Null => "null",
        Peek::True | Peek::False => "a boolean",
        Peek::String => "text",
        Peek::Array => "a list",
        Peek::Object => "an object",
        _ if found.is_num() => "a number",
        _ => "what is not JSON",
    };
    Fault::of(format!("{wanted} is expected, found {found}"))
}
