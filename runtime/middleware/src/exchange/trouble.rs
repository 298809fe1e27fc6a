//! What can go wrong on the way to a vendor and back, in the contracts' own shape.

use crate::liquid::{Error, Problem, Value};

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The call of ServiceTitan's.
    Caller,
    /// The pack: a template or what it asks for.
    Pack,
    /// The vendor, or the way to it.
    Vendor,
    /// ServiceTitan, asked by a template.
    ServiceTitan,
    /// The runtime, which cannot carry the call now.
    Runtime,
}

/// Why a call has no answer of the vendor's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    blame: Blame,
    status: u16,
    message: String,
    /// The place in the template's output that it is about, as a pointer.
    place: String,
}

impl Trouble {
    fn new(blame: Blame, status: u16, message: impl Into<String>) -> Trouble {
        Trouble { blame, status, message: message.into(), place: String::new() }
    }

    /// A call that cannot be carried as it is: 400 unless another status is said.
    pub fn caller(message: impl Into<String>) -> Trouble {
        Trouble::new(Blame::Caller, 400, message)
    }

    /// A call that can be carried later: 503.
    pub fn busy(message: impl Into<String>) -> Trouble {
        Trouble::new(Blame::Runtime, 503, message)
    }

    pub(crate) fn pack(message: impl Into<String>) -> Trouble {
        Trouble::new(Blame::Pack, 500, message)
    }

    pub(crate) fn vendor(message: impl Into<String>) -> Trouble {
        Trouble::new(Blame::Vendor, 502, message)
    }

    /// Another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Trouble {
        Trouble { status, ..self }
    }

    /// Says what in the template's output it is about.
    pub(crate) fn about(self, pointer: impl Into<String>) -> Trouble {
        Trouble { place: pointer.into(), ..self }
    }

    /// The place in the template's output that it is about, as a pointer; the whole where none was said.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        self.blame
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let kind = match self.blame {
            Blame::Caller => "Request",
            Blame::Pack => "Template",
            Blame::Vendor => "Vendor",
            Blame::ServiceTitan => "ServiceTitan",
            Blame::Runtime => "Runtime",
        };
        Value::object([
            ("success", Value::from(false)),
            ("errorCode", self.status.to_string().into()),
            ("errorKind", kind.into()),
            ("message", self.message.as_str().into()),
            ("errorMessage", self.message.as_str().into()),
        ])
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        let message = error.to_string();
        match error.problem {
            Problem::ServiceTitan { .. } => Trouble::new(Blame::ServiceTitan, 502, message),
            _ => Trouble::pack(message),
        }
    }
}
