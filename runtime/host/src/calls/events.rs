//! `servicetitan:webhooks/events`: the events that began the run.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tradewire_client::{Answered, CallError};
use wasmtime::component::LinkerInstance;
use wasmtime::{Result, StoreContextMut};

use crate::direct::{Answer, AnswerPlan, Outcome};
use crate::events::Event;
use crate::run::RunState;
use crate::sink::Cost;

/// What reading events is counted under.
pub(crate) const OPERATION: &str = "webhooks/events.next";
/// The most that are handed over at a time.
const MOST: u32 = 1000;

/// Defines `next`.
pub(crate) fn link_events(instance: &mut LinkerInstance<'_, RunState>, answer: Arc<AnswerPlan>) -> Result<()> {
    instance.func_wrap_async("next", move |mut store: StoreContextMut<'_, RunState>, (limit,): (u32,)| {
        let answer = answer.clone();
        Box::new(async move {
            let state = store.data_mut();
            let page = page(state, limit).await;
            let cost = match &page {
                Ok(page) => Cost { bytes: page.len() as u64, ..Cost::default() },
                Err(_) => Cost { failed: true, ..Cost::default() },
            };
            state.sink.called(OPERATION, cost);
            let outcome = match page {
                Ok(page) => Outcome::Json(page),
                Err(error) => Outcome::Error(super::error_json(&error, OPERATION)),
            };
            Ok(Answer { plan: answer, outcome, budget: state.budget() })
        })
    })
}

async fn page(state: &mut RunState, limit: u32) -> Result<Bytes, CallError> {
    state.count_call()?;
    let Some(events) = state.events.clone() else { return Ok(Bytes::from_static(b"[]")) };
    let unreadable =
        |problem: String| CallError::new("unreachable", format!("the events cannot be read now: {problem}"));
    let events = events.next(limit.clamp(1, MOST)).await.map_err(unreadable)?;
    let events: Vec<Envelope<'_>> = events.iter().map(Envelope::of).collect::<Result<_, _>>()?;
    let body = serde_json::to_vec(&events).map_err(|error| unreadable(error.to_string()))?;
    let answered = Answered { status: 200, body: body.into(), attempts: 1, waited: Default::default() };
    Ok(state.fits(answered, false)?.body)
}

/// An event as JSON, with the field names of WIT; what happened is an object whose one member is named by the type.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope<'e> {
    id: &'e str,
    #[serde(rename = "type")]
    kind: &'e str,
    time: &'e str,
    source: &'e str,
    user_assigned_id: &'e str,
    event: Tagged<'e>,
}

struct Tagged<'e>(&'e str, &'e RawValue);

impl Serialize for Tagged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}

impl<'e> Envelope<'e> {
    fn of(event: &'e Event) -> Result<Envelope<'e>, CallError> {
        let Event { id, kind, time, source, occurrence, data } = event;
        let not_json =
            |error| CallError::new("unreadable", format!("event {occurrence}: its data is not JSON: {error}"));
        let data: &RawValue = serde_json::from_str(data).map_err(not_json)?;
        Ok(Envelope { id, kind, time, source, user_assigned_id: occurrence, event: Tagged(kind, data) })
    }
}
