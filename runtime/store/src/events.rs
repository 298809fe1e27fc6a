//! Webhook events as the runtime sees them, and the runs that they begin.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ids::{EventId, RunId};
use crate::words;

/// A webhook event that is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// Its id here.
    pub id: EventId,
    /// The webhook that it came by.
    pub webhook: String,
    /// The tenant's name in the configuration.
    pub tenant: String,
    /// The tenant's number at ServiceTitan.
    pub tenant_id: i64,
    /// Its CloudEvents type: `tn.jpm.job-completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its CloudEvents source; empty where it says none.
    pub source: String,
    /// ServiceTitan's `userassignedid`: of one webhook, tenant and type, no two events that are stored have the same.
    pub occurrence: String,
    /// ServiceTitan's `id` of the delivery that came first.
    pub delivery: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// When it came in.
    pub received: DateTime<Utc>,
    /// Its `data`: JSON, as it was written.
    pub payload: String,
}

/// An event that comes in, and the exports whose runs it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The event.
    pub event: EventRecord,
    /// The exports, all of which run for its tenant.
    pub takers: Vec<String>,
    /// Whether only the address that it came by says whose it is.
    pub by_address: bool,
}

/// What became of an event that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The id by which it is stored: its own, or that of the one that came before.
    pub id: EventId,
    /// Whether a slot was queued for it. It may also have joined others that wait.
    pub queued: bool,
    /// The other tenant by whose address it came before, where only that says whose it is: then it is not stored.
    pub bound_to: Option<String>,
}

words! {
    /// What became of an event that begins a run.
    DispatchState {
        /// The run is still to come, goes on, or is tried again.
        Waiting = "waiting",
        /// The run has succeeded.
        Dispatched = "dispatched",
        /// The run did not, and is not tried again by itself; or there was none.
        Failed = "failed",
    }
}

/// That an event begins a run of an export, together with others.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispatch {
    /// The export.
    pub export: String,
    /// The slot.
    pub due: DateTime<Utc>,
    /// What became of it.
    pub state: DispatchState,
    /// The latest attempt of the run, where there is one.
    pub run: Option<RunId>,
}

/// A stored event and what it began.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedEvent {
    /// The event.
    #[serde(flatten)]
    pub event: EventRecord,
    /// What it began, the earliest first.
    pub dispatches: Vec<Dispatch>,
}

/// Where an event stands among those that begin the runs of an export for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// When its slot is due, in milliseconds since 1970.
    pub due: i64,
    /// Its number among those of that moment.
    pub seq: i64,
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this webhook.
    pub webhook: Option<String>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// At most this many; none is 100.
    pub limit: Option<u32>,
}
