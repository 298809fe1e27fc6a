//! ServiceTitan, as plugins and templates see it: [`ServiceTitan`].
//!
//! A trait, because what answers is not always the network: a run's journal answers for writes that were made before.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use tradewire_surface::path::Path;
use tradewire_surface::{Method, OperationRef};

use crate::arguments::Arguments;
use crate::download::Download;
use crate::error::{Error, FieldError};
use crate::pages::Pages;
use crate::request::method as http_method;
use crate::tenant::{Answered, Tenant};

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

    /// Calls what the catalog does not know: the path is filled in with the tenant, `params` go into the query.
    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a Path,
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

/// Why a call did not succeed, as plugins and templates are told: what ServiceTitan's [`Error`] says, or the host's own
/// refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallError {
    /// [`Kind::word`](crate::Kind::word), or `refused`.
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
    pub unresolved: bool,
    /// How often the request was sent.
    pub attempts: u32,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.fields.iter().try_for_each(|field| write!(f, "; {}: {}", field.field, field.messages.join(", ")))?;
        if self.unresolved {
            f.write_str("; the call may have taken effect all the same: look before sending it again")?;
        }
        self.trace_id.iter().try_for_each(|id| write!(f, " [trace {id}]"))
    }
}

impl std::error::Error for CallError {}

impl CallError {
    /// An error of the host's own. A long message is cut: it may repeat what was asked for, and is written down.
    pub fn new(kind: &str, message: impl Into<String>) -> CallError {
        let message = tradewire_text::message(message.into());
        CallError { kind: kind.to_owned(), message, ..CallError::default() }
    }
}

impl ServiceTitan for Tenant {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async move { Ok(Tenant::call(self, operation, arguments).await?) })
    }

    fn pages(&self, operation: OperationRef<'static>, arguments: &Arguments) -> Box<dyn PageSource> {
        Box::new(Tenant::pages(self, operation, arguments))
    }

    fn download<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        Box::pin(async move {
            let file = Tenant::download(self, operation, arguments).await?;
            Ok(Box::new(file) as Box<dyn FileAnswer>)
        })
    }

    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a Path,
        params: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async move { Ok(Tenant::raw(self, http_method(method), path, params, body).await?) })
    }
}

impl PageSource for Pages {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        Box::pin(async move {
            let page = Pages::next(self).await?;
            Ok(page.map(|page| Answered { status: 200, body: page.body, attempts: page.attempts, waited: page.waited }))
        })
    }
}

impl FileAnswer for Download {
    fn content_type(&self) -> Option<String> {
        self.content_type.clone()
    }

    fn length(&self) -> Option<u64> {
        self.length
    }

    fn chunk(&mut self) -> Later<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(async move { Ok(Download::chunk(self).await?) })
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> CallError {
        CallError {
            kind: error.kind().word().into_owned(),
            message: error.message().to_owned(),
            status: error.status(),
            trace_id: error.trace_id().map(str::to_owned),
            fields: error.fields().to_vec(),
            unresolved: error.unresolved(),
            attempts: error.attempts(),
        }
    }
}
