//! One write: begun before it is sent, settled after, or answered from what is known of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tradewire_client::CallError;
use tradewire_store::{
    Begun, LogLevel, Settlement, StoreError, WriteAnswer, WriteCall, WriteId, WriteRecord, WriteState, with_retries,
};

use super::{Journal, Shared};

/// A write that happened.
pub(super) enum Written<T> {
    /// It was sent under this entry, and this came of it.
    Now(WriteId, T),
    /// It was made before.
    Before(WriteAnswer),
}

impl Journal {
    /// Makes a write, or answers for it. `send` is told whether it was sent before and may have happened, which only one
    /// that is repeatable can be. In a task of its own: whoever calls may be cancelled, and what was sent is to be
    /// settled all the same.
    pub(super) async fn write<T, F>(
        &self,
        call: WriteCall,
        send: impl FnOnce(bool) -> F + Send + 'static,
    ) -> Result<Written<T>, CallError>
    where
        T: Send + 'static,
        F: Future<Output = (Settlement, T)> + Send,
    {
        let shared = self.shared.clone();
        let written = self.shared.writes.spawn(async move {
            let Some(_under_way) = UnderWay::enter(&shared, &call) else {
                return Err(CallError::new("refused", "not sent: the same write is still on its way"));
            };
            shared.write(&call, send).await
        });
        written.await.unwrap_or_else(|error| Err(lost(format!("the runtime failed: {error}"))))
    }
}

impl Shared {
    async fn write<T, F>(&self, call: &WriteCall, send: impl FnOnce(bool) -> F) -> Result<Written<T>, CallError>
    where
        F: Future<Output = (Settlement, T)>,
    {
        if let Some(rehearsed) = &self.rehearsed {
            return self.rehearse(call, rehearsed).await;
        }
        if self.is_behind.load(Ordering::SeqCst) {
            return Err(CallError::new("refused", "not sent: the answer to an earlier write could not be recorded"));
        }
        let begun =
            with_retries("beginning a write", || self.store.begin_write(self.run, call, self.clock.now())).await;
        let (id, again) = match begun {
            Ok(Begun::Answered(answer)) => {
                self.tell_answered(&call.operation);
                return Ok(Written::Before(answer));
            }
            Ok(Begun::Unresolved(unresolved_write)) => return Err(waits(call, unresolved_write)),
            Ok(Begun::Send { id, again }) => (id, again),
            Err(error) => return Err(not_sent(&error)),
        };
        let (settlement, came) = send(again).await;
        let settled =
            with_retries("settling a write", || self.store.settle_write(self.run, id, &settlement, self.clock.now()));
        if let Err(error) = settled.await {
            tracing::error!(run = %self.run, operation = call.operation, %error, "what came of a write cannot be recorded: it is unresolved");
            self.is_behind.store(true, Ordering::SeqCst);
            return Err(lost(format!("its answer could not be recorded: {error}")));
        }
        Ok(Written::Now(id, came))
    }

    /// The write as it is known from before, where it happened: it is not to be sent.
    pub(super) async fn made_before(&self, call: &WriteCall) -> Result<Option<WriteRecord>, CallError> {
        let known = with_retries("reading a journal", || self.store.known_write(self.run, &call.digest, call.ordinal));
        let known = known.await.map_err(|error| not_sent(&error))?;
        let known = known.filter(|known| matches!(known.state, WriteState::Answered | WriteState::Applied));
        if let Some(known) = &known {
            self.tell_answered(&known.operation);
        }
        Ok(known)
    }

    /// Tells that the journal answers.
    fn tell_answered(&self, operation: &str) {
        let text = format!("{operation}: made before; answered from the journal, nothing was sent");
        // Once for people; of a thousand writes the rest is detail.
        let first = !self.has_answered.swap(true, Ordering::SeqCst);
        self.log.write(if first { LogLevel::Info } else { LogLevel::Debug }, &text);
    }
}

/// A write is under way for as long as this lives.
struct UnderWay {
    shared: Arc<Shared>,
    write: (String, u32),
}

impl UnderWay {
    /// None where it is under way already: whoever made it did not wait for its end and makes it again.
    fn enter(shared: &Arc<Shared>, call: &WriteCall) -> Option<UnderWay> {
        let write = (call.digest.clone(), call.ordinal);
        let entered = shared.under_way().insert(write.clone());
        entered.then(|| UnderWay { shared: shared.clone(), write })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.under_way().remove(&self.write);
    }
}

fn waits(call: &WriteCall, unresolved_write: WriteId) -> CallError {
    let message = format!(
        "not sent: write {unresolved_write} of this run is unresolved, so the run waits; `tradewire writes list` shows what is to be \
         resolved"
    );
    tracing::debug!(operation = call.operation, %unresolved_write, "a write is held back");
    CallError::new("refused", message)
}

/// The journal does not take the write. A store that failed may do so later.
fn not_sent(error: &StoreError) -> CallError {
    let kind = if error.is_transient() { "unreachable" } else { "refused" };
    CallError::new(kind, format!("not sent: it cannot be written down before: {error}"))
}

/// It was sent, and what came of it is not known.
pub(super) fn lost(message: String) -> CallError {
    CallError { unresolved: true, ..CallError::new("unreadable", message) }
}
