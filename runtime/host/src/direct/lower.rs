//! Answers: `result<T, error>` into a component's memory.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tradewire_client::CallError;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LowerContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Lower, Resource};
use wasmtime::{Result, ValRaw, bail};

use super::fault::Fault;
use super::writer::Writer;
use crate::calls::Download;
use crate::plan::{Decode, Layout};

/// How a `result<T, error>` of the component is laid out and filled.
#[derive(Debug)]
pub(crate) struct AnswerPlan {
    /// The operation, for messages about an answer that cannot be read.
    pub operation: String,
    pub layout: Layout,
    pub payload: u32,
    /// The plan of `T`; none where there is nothing, or a resource.
    pub ok: Option<Decode>,
    pub err: Decode,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing to give back.
    Done,
    /// JSON for the plan of `T`.
    Json(Bytes),
    /// A file that is being received.
    Download(Resource<Download>),
    /// A piece of one, or none at its end: an `option<list<u8>>`.
    Piece(Option<Bytes>),
    /// The error, as JSON with the field names of WIT.
    Error(String),
}

/// The answer of a host function.
pub(crate) struct Answer {
    pub plan: Arc<AnswerPlan>,
    pub outcome: Outcome,
    pub budget: Budget,
}

/// What becoming a value may take of a run, and what it took.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    /// The most bytes: those that the plugin may have itself.
    pub memory: usize,
    /// Where its nanoseconds are added.
    pub decoding: Arc<AtomicU64>,
}

// SAFETY: see the module's documentation. A `result<T, error>` never fits a flat result, so it is always in memory.
unsafe impl ComponentType for Answer {
    type Lower = [ValRaw; 0];

    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        match types.types.canonical_abi(ty).flat_count(1) {
            Some(_) => bail!("a result that is not in memory"),
            None => Ok(()),
        }
    }
}

// SAFETY: a host function's results are a named list; see the module's documentation.
unsafe impl ComponentNamedList for Answer {}

// SAFETY: see the module's documentation.
unsafe impl Lower for Answer {
    fn linear_lower_to_flat<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: &mut MaybeUninit<[ValRaw; 0]>,
    ) -> Result<()> {
        bail!("a result that is not in memory")
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, offset: usize) -> Result<()> {
        let start = Instant::now();
        let plan = &*self.plan;
        let size = plan.layout.size as usize;
        let payload = plan.payload as usize;
        let mut writer = Writer::new(cx, size, self.budget.memory);
        let failed = match (&self.outcome, &plan.ok) {
            // On this thread: the plugin's own `realloc` is called in between, and where its time is up the run waits
            // in the middle of it and goes on on another thread.
            (Outcome::Json(body), Some(ok)) => match writer.json(body, ok, payload) {
                Ok(()) => None,
                Err(Fault::Trap(trap)) => return Err(trap),
                Err(Fault::Unreadable { place, problem }) => Some(unreadable(&plan.operation, &place, &problem)),
            },
            (Outcome::Download(download), None) => {
                let InterfaceType::Tuple(results) = ty else { bail!("results are not a tuple") };
                let types = writer.cx.types;
                let Some(InterfaceType::Result(result)) = types[results].types.first() else { bail!("not a result") };
                let Some(own) = types[*result].ok else { bail!("no resource in the result") };
                let handle = Resource::<Download>::new_own(download.rep());
                handle.linear_lower_to_memory(writer.cx, own, offset + payload)?;
                let at = offset + payload;
                let mut bytes = [0; 4];
                bytes.copy_from_slice(&writer.cx.as_slice_mut()[at..at + 4]);
                writer.scratch[payload..payload + 4].copy_from_slice(&bytes);
                None
            }
            (Outcome::Piece(piece), _) => {
                if let Some(piece) = piece {
                    writer.bytes(piece, payload)?;
                }
                None
            }
            (Outcome::Done | Outcome::Json(_), None) => None,
            (Outcome::Done, Some(_)) => Some(unreadable(&plan.operation, "answer", "it is empty")),
            (Outcome::Download(_), Some(_)) => bail!("a file where a value is planned"),
            (Outcome::Error(error), _) => Some(error.clone()),
        };
        if let Some(error) = failed {
            writer.clear();
            writer.scratch[0] = 1;
            match writer.json(error.as_bytes(), &plan.err, payload) {
                Ok(()) => {}
                Err(Fault::Trap(trap)) => return Err(trap),
                Err(Fault::Unreadable { place, problem }) => bail!("the error itself: {place}: {problem}"),
            }
        }
        let Writer { cx, scratch, .. } = writer;
        cx.as_slice_mut()[offset..offset + size].copy_from_slice(&scratch[..size]);
        let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.budget.decoding.fetch_add(spent, Ordering::Relaxed);
        Ok(())
    }
}

/// The error for an answer that is not what the contract says.
fn unreadable(operation: &str, place: &str, problem: &str) -> String {
    let message = format!("the answer is not what the contract says: {place}: {problem}");
    crate::calls::error_json(&CallError::new("unreadable", message), operation)
}
