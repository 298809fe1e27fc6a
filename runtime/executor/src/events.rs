//! A run's webhook events, as the host and templates ask for them.

use std::sync::{Mutex, PoisonError};

use chrono::SecondsFormat;
use tradewire_client::Later;
use tradewire_host::{Event, Events};
use tradewire_liquid::Value;
use tradewire_runs::run::{Failure, RunEvents};
use tradewire_store::{EventPlace, EventRecord};

/// Hands on what began a run, from the first on.
pub struct RunFeed {
    events: RunEvents,
    read: Mutex<Option<EventPlace>>,
}

impl RunFeed {
    /// Those of this run.
    pub fn new(events: RunEvents) -> RunFeed {
        RunFeed { events, read: Mutex::default() }
    }

    fn read(&self) -> std::sync::MutexGuard<'_, Option<EventPlace>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events for RunFeed {
    fn next<'a>(&'a self, limit: u32) -> Later<'a, Result<Vec<Event>, String>> {
        Box::pin(async move {
            let after = *self.read();
            let page = self.events.after(after, limit).await.map_err(|error| error.to_string())?;
            if let Some((place, _)) = page.last() {
                *self.read() = Some(*place);
            }
            Ok(page.into_iter().map(|(_, event)| of(event)).collect())
        })
    }
}

fn of(event: EventRecord) -> Event {
    let time = event.time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let EventRecord { delivery, kind, source, occurrence, payload, .. } = event;
    Event { id: delivery, kind, time, source, occurrence, data: payload }
}

/// All of them for a template: a list of `id`, `type`, `time`, `source`, `userAssignedId` and `data`.
pub async fn all(events: &RunEvents) -> Result<Value, Failure> {
    /// How many are read at a time.
    const PAGE: u32 = 1000;
    let (mut all, mut place) = (Vec::new(), None);
    loop {
        let page = events.after(place, PAGE).await.map_err(|error| Failure::transient(error.to_string()))?;
        let Some((last, _)) = page.last() else { return Ok(Value::List(all)) };
        place = Some(*last);
        for (_, event) in page {
            let Event { id, kind, time, source, occurrence, data } = of(event);
            let data = Value::from_json(&data).map_err(|error| {
                Failure::refused(format!("the data of event {occurrence} cannot be given to a template: {error}"))
            })?;
            let texts =
                [("id", id), ("type", kind), ("time", time), ("source", source), ("userAssignedId", occurrence)];
            let texts = texts.into_iter().map(|(name, text)| (name, text.as_str().into()));
            all.push(Value::object(texts.chain([("data", data)])));
        }
    }
}
