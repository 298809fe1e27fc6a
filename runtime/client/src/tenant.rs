//! One application on behalf of one tenant: the doors through which it is called.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use tradewire_surface::OperationRef;
use tradewire_surface::path::Path;

use crate::arguments::Arguments;
use crate::doors::{Doors, Shared};
use crate::download::Download;
use crate::error::{Error, Kind};
use crate::exchange::Reply;
use crate::meter::{Counters, Meter};
use crate::pace::Pace;
use crate::pages::Pages;
use crate::request::{Expects, Request};
use crate::token::Tokens;

/// One application on behalf of one tenant. Cheap to clone; clones share one meter.
#[derive(Clone)]
pub struct Tenant(Arc<Doors>);

/// An answer of success.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// The body, JSON or empty. It has not been parsed.
    pub body: Bytes,
    /// How often the request was sent.
    pub attempts: u32,
    /// How long the rate limit held it back.
    pub waited: Duration,
}

impl Tenant {
    pub(crate) fn new(shared: Arc<Shared>, pace: Arc<Pace>, tokens: Arc<Tokens>) -> Tenant {
        Tenant(Arc::new(Doors { shared, pace, tokens, counters: Counters::default() }))
    }

    /// ServiceTitan's number of the tenant.
    pub fn id(&self) -> i64 {
        self.0.tokens.credentials.tenant
    }

    /// What the calls through this handle and its clones have cost so far.
    pub fn meter(&self) -> Meter {
        self.0.counters.read()
    }

    /// Calls an operation that answers JSON or nothing.
    pub async fn call(&self, op: OperationRef<'_>, arguments: &Arguments) -> Result<Answered, Error> {
        let request = Request::of(op, self.id(), arguments)?;
        if request.expects == Expects::File {
            return Err(Error::new(Kind::Invalid, "the operation answers a file; download it").at(&request.operation));
        }
        self.answered(&request).await
    }

    /// Calls an operation that answers a file, and follows where it is redirected to: without the token and the app
    /// key, and never from `https` to `http`.
    pub async fn download(&self, op: OperationRef<'_>, arguments: &Arguments) -> Result<Download, Error> {
        let request = Request::of(op, self.id(), arguments)?;
        if request.expects != Expects::File {
            return Err(Error::new(Kind::Invalid, "the operation answers no file; call it").at(&request.operation));
        }
        let sent = self.0.send(&request).await?;
        match sent.reply {
            Reply::Stream(response) => {
                Ok(Download::new(Arc::clone(&self.0), request.operation, response, sent.attempts))
            }
            Reply::Whole { .. } => Err(Error::new(Kind::Unreadable, "no file came back").at(&request.operation)),
        }
    }

    /// Walks through the records of an operation page by page; the next page is fetched while one is read. Nothing is
    /// sent before the first [`Pages::next`]. An operation without pages, or wrong arguments, make that first call
    /// fail.
    pub fn pages(&self, op: OperationRef<'_>, arguments: &Arguments) -> Pages {
        Pages::new(self.clone(), op, arguments)
    }

    /// Calls what the catalog does not know: same token, pace and retries. The path holds `/tenant/{tenant}/` or this
    /// tenant's number. What does not read by its method counts as a write.
    pub async fn raw(
        &self,
        method: Method,
        path: &Path,
        params: &[(String, String)],
        body: Option<Bytes>,
    ) -> Result<Answered, Error> {
        let request = Request::raw(method, path, params, self.id(), body)?;
        self.answered(&request).await
    }

    pub(crate) async fn answered(&self, request: &Request) -> Result<Answered, Error> {
        let sent = self.0.send(request).await?;
        match sent.reply {
            Reply::Whole { status, body } => {
                Ok(Answered { status, body, attempts: sent.attempts, waited: sent.waited })
            }
            Reply::Stream(_) => Err(Error::new(Kind::Unreadable, "a file came back").at(&request.operation)),
        }
    }

    #[cfg(test)]
    pub(crate) fn shares_pace_with(&self, other: &Tenant) -> bool {
        Arc::ptr_eq(&self.0.pace, &other.0.pace)
    }

    #[cfg(test)]
    pub(crate) fn shares_token_with(&self, other: &Tenant) -> bool {
        Arc::ptr_eq(&self.0.tokens, &other.0.tokens)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("environment", &self.0.shared.options.environment)
            .field("id", &self.id())
            .field("client_id", &self.0.tokens.credentials.client_id)
            .finish_non_exhaustive()
    }
}
