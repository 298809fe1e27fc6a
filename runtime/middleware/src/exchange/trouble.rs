//! What can go wrong on the way to a vendor and back, in the contracts' own shape.

use tradewire_liquid::{Error, Problem, Value};
use tradewire_secrets::Masker;

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
#[error("{}", .detail.as_deref().unwrap_or(.message))]
pub struct Trouble {
    blame: Blame,
    status: u16,
    /// What the caller is told.
    message: String,
    /// The same with what the pack holds: for the operator and the pack's author.
    detail: Option<String>,
    /// The place in the template's output that it is about, as a pointer.
    place: String,
}

impl Trouble {
    fn new(blame: Blame, status: u16, message: impl Into<String>) -> Trouble {
        Trouble { blame, status, message: message.into(), detail: None, place: String::new() }
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

    /// Of a pack, in words that quote it: the caller is told `message`, which does not.
    pub(crate) fn quoting(message: impl Into<String>, detail: impl Into<String>) -> Trouble {
        Trouble { detail: Some(detail.into()), ..Trouble::pack(message) }
    }

    /// What the caller is not told and the operator is.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Trouble {
        Trouble { status, ..self }
    }

    /// Without what a vendor is sent: where it sends us on, and what is in its certificate, is told too.
    pub(crate) fn masked(self, masker: &Masker) -> Trouble {
        let (message, detail) = (masker.masked(self.message), self.detail.map(|detail| masker.masked(detail)));
        Trouble { message, detail, ..self }
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
        let detail = error.to_string();
        let Error { name, line, column, problem } = error;
        let what = match problem {
            Problem::Call { .. } => return Trouble::new(Blame::ServiceTitan, 502, detail),
            Problem::Limit { .. } => return Trouble::pack(detail),
            Problem::Filter { filter, .. } => format!("`{filter}` cannot use what it is given"),
            Problem::Syntax(_) => "the template is no Liquid".to_owned(),
            Problem::Value(_) => "a value cannot be used here".to_owned(),
            Problem::Json(_) => "what the template writes here is no JSON".to_owned(),
        };
        Trouble::quoting(format!("{name}:{line}:{column}: {what}; the operator's log says more"), detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_holds_is_for_the_operator() {
        let problem = Problem::Json("here should be a JSON value, not `root:*:20000`".to_owned());
        let trouble = Trouble::from(problem.at(&"Templates/a/Request.liquid".into(), "root:*:20000", 0));
        let told = trouble.body().to_json();
        assert!(told.contains("Templates/a/Request.liquid:1:1: what the template writes here is no JSON"), "{told}");
        assert!(!told.contains("root"), "{told}");
        assert!(trouble.to_string().ends_with("not `root:*:20000`") && trouble.detail().is_some(), "{trouble}");
    }
}
