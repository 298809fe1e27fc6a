//! Calls to vendors in the journal.
//!
//! What is written down is one request to a vendor that acts: `harborline/purchaseorder`, with the body that the
//! endpoint was called with and what its pack made of it. Which requests act, what an answer means and how an answer is
//! kept are the middleware's to say; a request is never repeatable.
//!
//! What the pack's templates write at ServiceTitan on the way is known within the request: it is the same write when the
//! same request is made again, and no other, also where the request is answered from the journal and its templates
//! write nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tradewire_client::{CallError, ServiceTitan};
use tradewire_store::{RunId, Settlement, WriteCall, WriteId, WriteRecord, with_retries};
use tradewire_surface::Method;
use tradewire_text::cut;

use super::write::{Written, lost};
use super::{Journal, describe};

/// The most bytes of an address that are kept: a template makes it of whatever it is given.
const LONGEST_ADDRESS: usize = 8 * 1024;

/// One request to a vendor, and its place in the journal of an attempt.
pub struct VendorRequest {
    journal: Journal,
    vendor: String,
    endpoint: String,
    call: WriteCall,
    inner: Journal,
    /// Its entry once it has been answered, and the attempt that sent it.
    entry: Mutex<Option<(RunId, WriteId)>>,
    /// It came to an end that counts: the next equal one is another.
    counts: AtomicBool,
}

/// A request as it goes out, without secrets.
#[derive(Debug, Clone)]
pub struct Outbound<'a> {
    /// The method.
    pub method: Method,
    /// The address, with its query.
    pub address: String,
    /// The body.
    pub body: &'a [u8],
}

impl Journal {
    /// A request of a vendor's endpoint. `body` is what the endpoint is called with, `identity` what tells the request
    /// from others of that endpoint in the same run; equal ones are told apart by their order.
    pub fn vendor(&self, vendor: &str, endpoint: &str, body: &str, identity: &str) -> VendorRequest {
        let mut call = describe::vendor(vendor, endpoint, body, identity);
        self.shorten(&mut call);
        call.digest = self.digest(call.digest);
        call.ordinal = self.take_ordinal(&call.digest);
        let inner = self.within(&format!("{} {}", call.digest, call.ordinal));
        VendorRequest {
            journal: self.clone(),
            vendor: vendor.to_owned(),
            endpoint: endpoint.to_owned(),
            call,
            inner,
            entry: Mutex::default(),
            counts: AtomicBool::new(false),
        }
    }
}

impl VendorRequest {
    /// A ServiceTitan whose writes are this request's.
    pub fn layer(&self, api: Arc<dyn ServiceTitan>) -> Arc<dyn ServiceTitan> {
        self.inner.layer(api)
    }

    /// The request as it is known from before, where it happened: it is not to be sent.
    pub async fn before(&self) -> Result<Option<WriteRecord>, CallError> {
        let known = self.journal.shared.made_before(&self.call).await?;
        if let Some(known) = &known {
            self.enter(known.run, known.id);
        }
        Ok(known)
    }

    /// Sends the request, which is written down before.
    ///
    /// # Errors
    /// It was not sent, or what came of it could not be recorded.
    pub async fn send<T: Send + 'static>(
        &self,
        request: Outbound<'_>,
        send: impl Future<Output = (Settlement, T)> + Send + 'static,
    ) -> Result<T, CallError> {
        let mut call = self.call.clone();
        (call.method, call.path) = (request.method, cut(&request.address, LONGEST_ADDRESS).into_owned());
        call.arguments.vendor = Some(describe::written_request(&self.vendor, &self.endpoint, request.body));
        let sent = async move {
            let (settlement, came) = send.await;
            let was_answered = matches!(settlement, Settlement::Answered(_));
            (settlement, (was_answered, came))
        };
        match self.journal.write(call, |_| sent).await? {
            Written::Now(id, (was_answered, came)) => {
                if was_answered {
                    self.enter(self.journal.shared.run, id);
                }
                Ok(came)
            }
            // The answer to an earlier attempt's has come in this moment.
            Written::Before(_) => Err(CallError::new("unreachable", "not sent: it has been answered just now")),
        }
    }

    /// It has its answer, and why that is a refusal after all, where it is: what was taken for done was not.
    pub async fn answered(&self, refusal: Option<&str>) -> Result<(), CallError> {
        let Some(message) = refusal else {
            self.counts.store(true, Ordering::SeqCst);
            return Ok(());
        };
        let Some((run, id)) = *self.entry.lock().unwrap_or_else(PoisonError::into_inner) else { return Ok(()) };
        let shared = &self.journal.shared;
        if shared.rehearsed.is_some() {
            return Ok(());
        }
        let settlement = Settlement::Failed { status: None, message: message.to_owned() };
        let settle = || shared.store.settle_write(run, id, &settlement, shared.clock.now());
        with_retries("settling a write", settle).await.map_err(|error| lost(error.to_string()))
    }

    fn enter(&self, run: RunId, id: WriteId) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some((run, id));
    }
}

impl Drop for VendorRequest {
    fn drop(&mut self) {
        // What failed and is made again is the same request, also to its journal.
        if !*self.counts.get_mut() {
            self.journal.free_ordinal(&self.call.digest, self.call.ordinal);
        }
    }
}
