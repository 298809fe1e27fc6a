//! Why a call did not succeed.
//!
//! One type for every call. It keeps what ServiceTitan said (status, title, trace id, field errors), what the client
//! did (attempts) and what it could not find out (whether a write took effect). Texts of servers are bounded, on one
//! line and free of secrets; addresses are shown as `host:port`, without path or query.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::ser::SerializeStruct;

/// The most bytes of an operation's name: a raw call's is its path.
const LONGEST_OPERATION: usize = 512;

/// Why a call did not succeed.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    operation: String,
    message: String,
    status: Option<u16>,
    title: Option<String>,
    trace_id: Option<String>,
    fields: Vec<FieldError>,
    attempts: u32,
    unresolved: bool,
    retry_after: Option<Duration>,
}

/// The kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request is wrong (400, 422), or its arguments made no request at all (no status).
    Invalid,
    /// The token or the app key is not accepted (401).
    Unauthorized,
    /// The application lacks the scope (403).
    Forbidden,
    /// There is no such record, or no such operation (404).
    NotFound,
    /// The record's state does not allow it (409).
    Conflict,
    /// The rate limit was reached and waiting for it took too long (429).
    RateLimited,
    /// ServiceTitan failed (5xx).
    Server,
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The answer is larger than [`Options::max_answer`](crate::Options::max_answer).
    TooLarge,
    /// The answer is not what the catalog says: a web page, broken JSON, a feed that goes in circles.
    Unreadable,
    /// The token endpoint does not accept the client id and secret.
    Credentials,
    /// Another status.
    Other(u16),
}

/// What is wrong with one field of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field, as ServiceTitan names it.
    pub field: String,
    /// What it says about it.
    pub messages: Vec<String>,
}

impl Kind {
    /// The kind of an HTTP status that is no success.
    pub(crate) fn of_status(status: u16) -> Kind {
        match status {
            400 | 422 => Kind::Invalid,
            401 => Kind::Unauthorized,
            403 => Kind::Forbidden,
            404 => Kind::NotFound,
            409 => Kind::Conflict,
            429 => Kind::RateLimited,
            500..=599 => Kind::Server,
            other => Kind::Other(other),
        }
    }

    /// Its name, as in the contract of plugins: `not-found`; `status-418` for [`Kind::Other`].
    pub fn word(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Kind::Invalid => "invalid",
            Kind::Unauthorized => "unauthorized",
            Kind::Forbidden => "forbidden",
            Kind::NotFound => "not-found",
            Kind::Conflict => "conflict",
            Kind::RateLimited => "rate-limited",
            Kind::Server => "server",
            Kind::Unreachable => "unreachable",
            Kind::Timeout => "timeout",
            Kind::TooLarge => "too-large",
            Kind::Unreadable => "unreadable",
            Kind::Credentials => "credentials",
            Kind::Other(status) => return Cow::Owned(format!("status-{status}")),
        })
    }

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_transient(self) -> bool {
        matches!(self, Kind::RateLimited | Kind::Server | Kind::Unreachable | Kind::Timeout)
    }
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            operation: String::new(),
            message: tradewire_text::message(message.into()),
            status: None,
            title: None,
            trace_id: None,
            fields: Vec::new(),
            attempts: 0,
            unresolved: false,
            retry_after: None,
        }))
    }

    pub(crate) fn with_status(mut self, status: u16) -> Error {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_problem(mut self, problem: crate::problem::Problem) -> Error {
        self.0.title = problem.title;
        self.0.trace_id = problem.trace_id;
        self.0.fields = problem.fields;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Error {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Error {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_unresolved(mut self, unresolved: bool) -> Error {
        self.0.unresolved = unresolved;
        self
    }

    pub(crate) fn at(mut self, operation: &str) -> Error {
        self.0.operation = tradewire_text::cut(operation, LONGEST_OPERATION).into_owned();
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The operation that was called: `payroll/gross-pay-items.get-list`, or method and path of a raw call.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// One line: what went wrong and what to do, without the operation.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// What ServiceTitan says in one sentence.
    pub fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// ServiceTitan's own id of the request, for its support.
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// What is wrong with which field of the request.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// How often it was tried; 0 where nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the write may have taken effect all the same: it was sent, and its answer was lost.
    pub fn unresolved(&self) -> bool {
        self.0.unresolved
    }

    /// How long ServiceTitan asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The error as JSON, as its [`Serialize`] writes it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, message, fields, attempts, unresolved, trace_id, .. } = &*self.0;
        if !operation.is_empty() {
            write!(f, "{operation}: ")?;
        }
        f.write_str(message)?;
        for FieldError { field, messages } in fields {
            write!(f, "; {field}: {}", messages.join(", "))?;
        }
        if *attempts > 1 {
            write!(f, " (tried {attempts} times)")?;
        }
        if *unresolved {
            f.write_str("; the call may have taken effect all the same: look before sending it again")?;
        }
        if let Some(id) = trace_id {
            write!(f, " [trace {id}]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl Serialize for Error {
    /// `{"kind","operation","message","status","title","traceId","fields":[{"field","messages"}],"attempts",
    /// "unresolved","retryAfter"}`; `retryAfter` in seconds.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = &*self.0;
        let mut s = serializer.serialize_struct("Error", 10)?;
        s.serialize_field("kind", &inner.kind.word())?;
        s.serialize_field("operation", &inner.operation)?;
        s.serialize_field("message", &inner.message)?;
        s.serialize_field("status", &inner.status)?;
        s.serialize_field("title", &inner.title)?;
        s.serialize_field("traceId", &inner.trace_id)?;
        s.serialize_field("fields", &inner.fields)?;
        s.serialize_field("attempts", &inner.attempts)?;
        s.serialize_field("unresolved", &inner.unresolved)?;
        s.serialize_field("retryAfter", &inner.retry_after.map(|d| d.as_secs_f64()))?;
        s.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::problem::Problem;

    #[test]
    fn json_carries_what_the_contract_of_plugins_asks_for() {
        let problem = Problem {
            title: Some("One or more validation errors occurred.".into()),
            trace_id: Some("00-ab".into()),
            fields: vec![FieldError { field: "sort".into(), messages: vec!["bad".into()] }],
        };
        let error = Error::new(Kind::Invalid, "no").with_status(400).with_problem(problem).at("crm/customers.get-list");
        let json: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(json["kind"], "invalid");
        assert_eq!(json["status"], 400);
        assert_eq!(json["traceId"], "00-ab");
        assert_eq!(json["fields"][0]["messages"][0], "bad");
        assert_eq!(json["operation"], "crm/customers.get-list");
        assert_eq!(json["unresolved"], false);
    }

    #[test]
    fn an_unresolved_write_says_so_where_people_read_it() {
        let error =
            Error::new(Kind::Unreachable, "the connection broke").with_unresolved(true).with_attempts(3).at("a/b.c");
        let text = error.to_string();
        assert!(
            text.starts_with("a/b.c: the connection broke (tried 3 times); the call may have taken effect"),
            "{text}"
        );
    }
}
