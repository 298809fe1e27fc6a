//! ServiceTitan behind a journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_surface::{Answer, Catalog, Effect, Method, OperationRef};

use super::{Begun, Journal, Settlement, Shared, WriteAnswer, WriteCall, describe, look};
use crate::store::{LogLevel, StoreError, WriteId, patiently};

/// A ServiceTitan whose writes go through a journal.
pub(super) struct Journaled {
    pub(super) journal: Journal,
    pub(super) api: Arc<dyn ServiceTitan>,
}

/// The answer to a write that happened and whose answer is not known.
const NO_CONTENT: u16 = 204;

impl ServiceTitan for Journaled {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        if !is_write(operation) {
            return self.api.call(operation, arguments);
        }
        Box::pin(async move {
            let call = describe::operation(operation, self.journal.0.tenant, arguments).await?;
            let (api, sent) = (self.api.clone(), arguments.clone());
            self.write(call, async move { api.call(operation, &sent).await }).await
        })
    }

    fn pages(&self, operation: OperationRef<'static>, arguments: &Arguments) -> Box<dyn PageSource> {
        self.api.pages(operation, arguments)
    }

    /// Files are answered by reads alone.
    fn download<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        self.api.download(operation, arguments)
    }

    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        params: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        if method == Method::Get {
            return self.api.raw(method, path, params, body);
        }
        Box::pin(async move {
            let call = describe::raw(method, path, self.journal.0.tenant, params, body.as_ref());
            let (api, path, params) = (self.api.clone(), path.to_owned(), params.to_vec());
            self.write(call, async move { api.raw(method, &path, &params, body).await }).await
        })
    }
}

/// Whether calling it may change something. A `POST` that reads may be sent as often as one likes.
fn is_write(operation: OperationRef<'_>) -> bool {
    operation.operation.effect == Effect::Write && operation.operation.method != Method::Get
}

impl Journaled {
    /// Makes a write, or answers for it. In a task of its own: whoever calls may be cancelled, and what was sent is to be
    /// settled all the same.
    async fn write(
        &self,
        mut call: WriteCall,
        send: impl Future<Output = Result<Answered, CallError>> + Send + 'static,
    ) -> Result<Answered, CallError> {
        let journal = self.journal.0.clone();
        call.ordinal = journal.take_ordinal(&call.digest);
        let made = Arc::new(call);
        let (shared, call) = (journal.clone(), made.clone());
        let written = journal.writes.spawn(async move { shared.write(&call, send).await });
        match written.await.unwrap_or_else(|error| Err(lost(format!("the runtime failed: {error}")))) {
            Ok(Written::Now(answered)) => Ok(answered),
            Ok(Written::Before(WriteAnswer { status, body: Some(body) })) => Ok(recorded(status, body)),
            Ok(Written::Before(WriteAnswer { body: None, .. })) => self.ask_again(&made).await,
            Err(error) => Err(error),
        }
    }

    /// The answer to a write that an operator says has happened: the record that it names as it is now, where the answer
    /// would be one; else nothing.
    async fn ask_again(&self, call: &WriteCall) -> Result<Answered, CallError> {
        let written = Catalog::get().operation(&call.operation);
        let written = written.filter(|written| matches!(written.operation.answer, Answer::Json(_)));
        match written.and_then(|written| look::record(written, &call.arguments.path)) {
            Some((read, path)) => self.api.call(read, &Arguments { path, ..Arguments::default() }).await,
            None => Ok(recorded(NO_CONTENT, Bytes::new())),
        }
    }
}

/// A write that happened.
enum Written {
    Now(Answered),
    Before(WriteAnswer),
}

impl Shared {
    async fn write(
        &self,
        call: &WriteCall,
        send: impl Future<Output = Result<Answered, CallError>>,
    ) -> Result<Written, CallError> {
        if self.is_behind.load(Ordering::SeqCst) {
            return Err(CallError::new("refused", "not sent: the answer to an earlier write could not be recorded"));
        }
        let begun = patiently("beginning a write", || self.store.begin_write(self.run, call, self.clock.now())).await;
        let (id, again) = match begun {
            Ok(Begun::Answered(answer)) => {
                self.tell_answered(call);
                return Ok(Written::Before(answer));
            }
            Ok(Begun::InDoubt(doubt)) => return Err(waits(call, doubt)),
            Ok(Begun::Send { id, again }) => (id, again),
            Err(error) => {
                self.free_ordinal(&call.digest, call.ordinal);
                return Err(not_sent(&error));
            }
        };
        let result = send.await;
        // The first sending had its effect: the record is gone, as it should be.
        let deleted = again && call.method == Method::Delete;
        let is_gone = |error: &CallError| deleted && error.status == Some(404) && !error.in_doubt;
        let result = result.or_else(|e| if is_gone(&e) { Ok(recorded(NO_CONTENT, Bytes::new())) } else { Err(e) });
        let settlement = settlement(&result);
        let settled =
            patiently("settling a write", || self.store.settle_write(self.run, id, &settlement, self.clock.now()));
        if let Err(error) = settled.await {
            tracing::error!(run = %self.run, operation = call.operation, %error, "a write is not settled: it is in doubt");
            self.is_behind.store(true, Ordering::SeqCst);
            return Err(lost(format!("its answer could not be recorded: {error}")));
        }
        if result.as_ref().is_err_and(|error| !error.in_doubt || call.is_repeatable()) {
            self.free_ordinal(&call.digest, call.ordinal);
        }
        result.map(Written::Now)
    }

    fn tell_answered(&self, call: &WriteCall) {
        let text = format!("{}: made before; answered from the journal, nothing was sent", call.operation);
        // Once for people; of a thousand writes the rest is detail.
        let first = !self.has_answered.swap(true, Ordering::SeqCst);
        self.log.write(if first { LogLevel::Info } else { LogLevel::Debug }, &text);
    }
}

fn settlement(result: &Result<Answered, CallError>) -> Settlement {
    match result {
        Ok(answered) => {
            Settlement::Answered(WriteAnswer { status: answered.status, body: Some(answered.body.clone()) })
        }
        Err(error) if error.in_doubt => Settlement::InDoubt { message: error.message.clone() },
        Err(error) => Settlement::Failed { status: error.status, message: error.message.clone() },
    }
}

fn recorded(status: u16, body: Bytes) -> Answered {
    Answered { status, body, attempts: 0, waited: Duration::ZERO }
}

fn waits(call: &WriteCall, doubt: WriteId) -> CallError {
    let message = format!(
        "not sent: write {doubt} of this run is in doubt, so the run waits; `tradewire doubts list` shows what is to be \
         settled"
    );
    tracing::debug!(operation = call.operation, %doubt, "a write is held back");
    CallError::new("refused", message)
}

/// The journal does not take the write. A store that failed may do so later.
fn not_sent(error: &StoreError) -> CallError {
    let kind = if error.is_passing() { "unreachable" } else { "refused" };
    CallError::new(kind, format!("not sent: it cannot be written down before: {error}"))
}

/// It was sent, and what came of it is not known.
fn lost(message: String) -> CallError {
    CallError { in_doubt: true, ..CallError::new("unreadable", message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_walked_through_or_downloaded_writes_nothing() {
        for operation in Catalog::get().operations().filter(|operation| is_write(*operation)) {
            assert_eq!(operation.operation.paging, None, "{}", operation.id());
            assert_ne!(operation.operation.answer, Answer::File, "{}", operation.id());
        }
    }
}
