//! ServiceTitan behind a journal.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, Room, ServiceTitan};
use tradewire_store::{Settlement, WriteAnswer, WriteCall};
use tradewire_surface::{Answer, Catalog, Effect, Method, OperationRef};

use super::write::Written;
use super::{Journal, describe, look};

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
            // Before it is written down: what is never sent is not kept either.
            arguments.fit().map_err(not_sent)?;
            let call = describe::operation(operation, self.journal.shared.tenant, arguments).await?;
            let (api, sent) = (self.api.clone(), arguments.clone());
            self.write(call, move || async move { api.call(operation, &sent).await }).await
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
        path: &'a tradewire_surface::path::Path,
        params: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        if method == Method::Get {
            return self.api.raw(method, path, params, body);
        }
        Box::pin(async move {
            Room::fits_parameters(params).map_err(not_sent)?;
            let call = describe::raw(method, path, self.journal.shared.tenant, params, body.clone()).await?;
            let (api, path, params) = (self.api.clone(), path.clone(), params.to_vec());
            self.write(call, move || async move { api.raw(method, &path, &params, body).await }).await
        })
    }
}

fn not_sent(problem: String) -> CallError {
    CallError::new("invalid", format!("not sent: {problem}"))
}

/// Whether calling it may change something. A `POST` that reads may be sent as often as one likes.
fn is_write(operation: OperationRef<'_>) -> bool {
    operation.operation.effect == Effect::Write && operation.operation.method != Method::Get
}

impl Journaled {
    async fn write<F>(
        &self,
        mut call: WriteCall,
        send: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Answered, CallError>
    where
        F: Future<Output = Result<Answered, CallError>> + Send,
    {
        self.journal.shorten(&mut call);
        call.digest = self.journal.digest(call.digest);
        call.ordinal = self.journal.take_ordinal(&call.digest);
        let (made, method) = (call.clone(), call.method);
        let written = self.journal.write(call, move |again| async move {
            let result = send().await;
            // The first sending had its effect: the record is gone, as it should be.
            let deleted = again && method == Method::Delete;
            let is_gone = |error: &CallError| deleted && error.status == Some(404) && !error.unresolved;
            let result = result.or_else(|e| if is_gone(&e) { Ok(recorded(NO_CONTENT, Bytes::new())) } else { Err(e) });
            (settlement(&result), result)
        });
        match written.await {
            Ok(Written::Now(_, Ok(answered))) => Ok(answered),
            Ok(Written::Before(WriteAnswer { status, body: Some(body) })) => Ok(recorded(status, body)),
            Ok(Written::Before(WriteAnswer { body: None, .. })) => self.ask_again(&made).await,
            Ok(Written::Now(_, Err(error))) | Err(error) => {
                if !error.unresolved || made.repeatable {
                    self.journal.free_ordinal(&made.digest, made.ordinal);
                }
                Err(error)
            }
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

fn settlement(result: &Result<Answered, CallError>) -> Settlement {
    match result {
        Ok(answered) => {
            Settlement::Answered(WriteAnswer { status: answered.status, body: Some(answered.body.clone()) })
        }
        Err(error) if error.unresolved => Settlement::Unresolved { message: error.message.clone() },
        Err(error) => Settlement::Failed { status: error.status, message: error.message.clone() },
    }
}

fn recorded(status: u16, body: Bytes) -> Answered {
    Answered { status, body, attempts: 0, waited: Duration::ZERO }
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
