//! What goes wrong in a plugin, in words for its operator.
//!
//! Calls fail with [`Error`], runs with [`Failure`]. A failure is either *refused* (data or settings must change
//! first) or *transient* (a later try may succeed); the `?` operator makes the right one of everything that the SDK
//! returns. Only what the plugin itself finds wrong needs [`Failure::refused`].

use std::fmt;

use crate::bindings::wasi::config::store;
use crate::bindings::wasi::keyvalue::{atomics, store as keyvalue};
use crate::{Error, ErrorKind, Failure, FailureKind, Summary};

/// What plugin functions return.
pub type Result<T, E = Failure> = core::result::Result<T, E>;

/// How an error reads. The bindings call this for every type that an operation fails with.
pub(crate) trait Wording {
    fn word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl Wording for Error {
    fn word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.message)?;
        for field in &self.fields {
            write!(f, "; {}: {}", field.field, field.messages.join(", "))?;
        }
        if let Some(trace) = &self.trace_id {
            write!(f, " (trace {trace})")?;
        }
        if self.unresolved {
            f.write_str("; the call was sent and its answer was lost, so it may have had its effect")?;
        }
        Ok(())
    }
}

impl Error {
    /// Whether the same call may succeed later with nothing changed.
    pub fn is_transient(&self) -> bool {
        !self.unresolved
            && matches!(
                self.kind,
                ErrorKind::RateLimited | ErrorKind::Server | ErrorKind::Unreachable | ErrorKind::Timeout
            )
    }

    /// Whether there is no such record.
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }
}

impl Wording for store::Error {
    fn word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            store::Error::Upstream(reason) | store::Error::Io(reason) => write!(f, "cannot read settings: {reason}"),
        }
    }
}

impl Wording for keyvalue::Error {
    fn word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            keyvalue::Error::NoSuchStore => f.write_str("there is no such bucket"),
            keyvalue::Error::AccessDenied => f.write_str("it is not the plugin's"),
            keyvalue::Error::Other(reason) => f.write_str(reason),
        }
    }
}

impl Wording for atomics::CasError {
    fn word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            atomics::CasError::StoreError(error) => error.word(f),
            atomics::CasError::CasFailed(_) => f.write_str("the value has changed since it was looked at"),
        }
    }
}

impl Wording for Failure {
    fn word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.reasons.iter().try_for_each(|reason| write!(f, "\n  {reason}"))
    }
}

impl Failure {
    /// The data or the settings must change first: the same run would fail again.
    pub fn refused(message: impl Into<String>) -> Self {
        Failure { kind: FailureKind::Refused, message: message.into(), reasons: Vec::new() }
    }

    /// Something outside failed: a later try may succeed.
    pub fn transient(message: impl Into<String>) -> Self {
        Failure { kind: FailureKind::Transient, message: message.into(), reasons: Vec::new() }
    }

    /// With every single reason, each a line of its own.
    pub fn because(mut self, reasons: impl IntoIterator<Item = impl ToString>) -> Self {
        self.reasons.extend(reasons.into_iter().map(|reason| reason.to_string()));
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = if error.is_transient() { FailureKind::Transient } else { FailureKind::Refused };
        Failure { kind, message: error.to_string(), reasons: Vec::new() }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Failure::transient(error.to_string())
    }
}

/// Writing to a [`File`](crate::File) fails when the run's output limit is reached.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::refused(error.to_string())
    }
}

impl From<rust_decimal::Error> for Failure {
    fn from(error: rust_decimal::Error) -> Self {
        Failure::refused(format!("not an exact number: {error}"))
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::refused(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Failure::refused(message)
    }
}

impl Summary {
    /// One line for the operator.
    pub fn new(message: impl Into<String>) -> Self {
        Summary { message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldError;

    fn error(kind: ErrorKind) -> Error {
        Error {
            kind,
            operation: "payroll/payrolls.get-list".into(),
            message: "the rate limit was reached".into(),
            status: Some(429),
            trace_id: Some("00-ab".into()),
            fields: vec![FieldError { field: "sort".into(), messages: vec!["is unknown".into()] }],
            unresolved: false,
        }
    }

    #[test]
    fn an_error_reads_as_one_line_with_everything_that_support_asks_for() {
        assert_eq!(
            error(ErrorKind::Invalid).to_string(),
            "payroll/payrolls.get-list: the rate limit was reached; sort: is unknown (trace 00-ab)"
        );
    }

    #[test]
    fn only_outside_failures_are_worth_another_try() {
        assert_eq!(Failure::from(error(ErrorKind::RateLimited)).kind, FailureKind::Transient);
        assert_eq!(Failure::from(error(ErrorKind::Unreachable)).kind, FailureKind::Transient);
        assert_eq!(Failure::from(error(ErrorKind::Forbidden)).kind, FailureKind::Refused);
        assert_eq!(Failure::from(error(ErrorKind::Invalid)).kind, FailureKind::Refused);
    }

    #[test]
    fn an_unresolved_write_is_never_called_transient() {
        let lost = Error { unresolved: true, ..error(ErrorKind::Timeout) };
        assert_eq!(Failure::from(lost).kind, FailureKind::Refused);
    }

    #[test]
    fn a_failure_reads_with_every_reason_on_its_own_line() {
        let failure = Failure::refused("two people cannot be paid").because(["Ann has no id", "Bob has no id"]);
        assert_eq!(failure.to_string(), "two people cannot be paid\n  Ann has no id\n  Bob has no id");
    }
}
