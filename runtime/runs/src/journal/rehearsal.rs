//! Writes of a rehearsal: those that happened before are answered from the journal, any other is kept from being sent.

use std::sync::{Arc, Mutex, PoisonError};

use tradewire_client::CallError;
use tradewire_store::{RunId, Store, WriteAnswer, WriteCall};

use super::write::Written;
use super::{Journal, Shared};
use crate::clock::Clock;
use crate::log::RunLog;

impl Journal {
    /// One that goes on with the journal of a run, where there is one, and changes nothing.
    pub(crate) fn rehearsal(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        before: Option<RunId>,
        tenant: i64,
        log: RunLog,
    ) -> Self {
        // Of a run that nobody has opened nothing is known.
        let run = before.unwrap_or_else(RunId::new);
        Self::of(store, clock, run, tenant, log, Some(Mutex::default()))
    }

    /// The writes that a rehearsal came to and did not send, each once.
    pub(crate) fn rehearsed(&self) -> Vec<WriteCall> {
        let rehearsed = self.shared.rehearsed.as_ref();
        rehearsed.map(|calls| calls.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }
}

impl Shared {
    pub(super) async fn rehearse<T>(
        &self,
        call: &WriteCall,
        rehearsed: &Mutex<Vec<WriteCall>>,
    ) -> Result<Written<T>, CallError> {
        if let Some(known) = self.made_before(call).await? {
            let answer = WriteAnswer { status: known.status.unwrap_or_default(), body: known.answer };
            return Ok(Written::Before(answer));
        }
        let mut calls = rehearsed.lock().unwrap_or_else(PoisonError::into_inner);
        // What failed and is made again is the same write.
        if !calls.iter().any(|made| made.digest == call.digest && made.ordinal == call.ordinal) {
            calls.push(call.clone());
        }
        let (method, path) = (call.method, &call.path);
        Err(CallError::new("refused", format!("not sent: this is a preview; a run would send {method} {path}")))
    }
}
