//! ServiceTitan, as host functions see it.
//!
//! A trait, because what answers is not always the network: a run's journal answers for writes that were made before.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use serde_json::json;
use tradewire_client::{Answered, Arguments};
use tradewire_surface::{Method, OperationRef};

/// A future of a trait object.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One tenant's ServiceTitan.
pub trait ServiceTitan: Send + Sync {
    /// Calls an operation whose answer is JSON or nothing.
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>>;

    /// Walks through an operation with pages.
    fn pages(&self, operation: OperationRef<'static>, arguments: &Arguments) -> Box<dyn PageSource>;

    /// Calls an operation whose answer is a file.
    fn download<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>>;

    /// Calls what the catalog does not know: `{tenant}` in the path is filled in, `params` go into the query.
    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        params: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>>;
}

/// Pages, one after the other.
pub trait PageSource: Send {
    /// The next page as it came, or none after the last.
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>>;
}

/// A file that is being received.
pub trait FileAnswer: Send {
    /// Its media type.
    fn content_type(&self) -> Option<String>;
    /// Its length in bytes, where it is known.
    fn length(&self) -> Option<u64>;
    /// The next piece, of any size; none at the end.
    fn chunk(&mut self) -> Later<'_, Result<Option<Bytes>, CallError>>;
}

/// Why a call did not succeed: what a plugin gets as `servicetitan:api/types.error`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallError {
    /// A case of `error-kind`.
    pub kind: String,
    /// One line: what went wrong and what to do.
    pub message: String,
    /// The HTTP status.
    pub status: Option<u16>,
    /// ServiceTitan's id of the request.
    pub trace_id: Option<String>,
    /// What is wrong with which field.
    pub fields: Vec<FieldError>,
    /// Whether the call may have changed something.
    pub in_doubt: bool,
    /// How often the request was sent.
    pub attempts: u32,
}

/// The messages about one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as ServiceTitan names it.
    pub field: String,
    /// What is wrong with it.
    pub messages: Vec<String>,
}

impl CallError {
    /// An error of the host's own.
    pub fn new(kind: &str, message: impl Into<String>) -> CallError {
        CallError { kind: kind.to_owned(), message: message.into(), ..CallError::default() }
    }

    /// As JSON, with the field names of WIT.
    pub(crate) fn json(&self, operation: &str) -> String {
        let fields: Vec<_> = self.fields.iter().map(|f| json!({ "field": f.field, "messages": f.messages })).collect();
        json!({
            "kind": self.kind, "operation": operation, "message": self.message, "status": self.status,
            "trace-id": self.trace_id, "fields": fields, "in-doubt": self.in_doubt,
        })
        .to_string()
    }
}
