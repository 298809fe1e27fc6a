//! What runs have produced, and its way to those who asked for it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tradewire_schedule::Window;

use super::ids::RunId;
use crate::words;

/// A file that a run produced.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRecord {
    /// The run.
    pub run: RunId,
    /// The name that the plugin gave it.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// The hash of its bytes, as lower-case hexadecimal digits.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
    /// Its control total: names and exact values, in the plugin's order.
    pub totals: Vec<(String, String)>,
    /// Where it goes.
    pub destination: String,
    /// The name that it has there.
    pub delivered_as: String,
    /// Which of the window's versions it is, from 1.
    pub version: u32,
    /// What became of it.
    pub state: FileState,
    /// When it was delivered.
    pub delivered_at: Option<DateTime<Utc>>,
    /// Whether its control total goes with it.
    pub with_total: bool,
    /// What is sent in its place, where it is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Content>,
}

/// What makes two files the same to those who receive them: whose, of which window, where and by which name.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    /// The window.
    pub window: Window,
    /// The destination.
    pub destination: String,
    /// The name that the plugin gave it.
    pub name: String,
}

words! {
    /// What became of a file.
    FileState {
        /// Its delivery is decided; it is still to be brought to its destination.
        Queued = "queued",
        /// It is at its destination and is to get its name.
        Moving = "moving",
        /// Its destination has refused to give it its name, and its control total has its own: it is brought there
        /// anew.
        Refused = "refused",
        /// It is where it should be.
        Delivered = "delivered",
        /// The same window has delivered the same bytes before: nothing was written.
        Unchanged = "unchanged",
        /// An operator has given its delivery up.
        Cancelled = "cancelled",
    }
}

impl FileState {
    /// Whether it is on its way.
    pub fn is_under_way(self) -> bool {
        matches!(self, FileState::Queued | FileState::Moving | FileState::Refused)
    }
}

words! {
    /// How the delivery of a run's files does.
    DeliveryState {
        /// It goes on, or is tried again.
        Pending = "pending",
        /// It is not tried again by itself: somebody has to mend something first.
        Stopped = "stopped",
        /// All files are where they go.
        Done = "done",
        /// An operator has given it up.
        Cancelled = "cancelled",
    }
}

/// The delivery of the files of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// The run.
    pub run: RunId,
    /// Its export.
    pub export: String,
    /// Its tenant.
    pub tenant: String,
    /// The delivery's name in the configuration; empty where an earlier version did not record it.
    pub delivery: String,
    /// Where the files go: a folder, or an address.
    pub destination: String,
    /// What the run said of itself.
    #[serde(skip)]
    pub summary: String,
    /// How it does.
    pub state: DeliveryState,
    /// When it was decided.
    pub decided: DateTime<Utc>,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Why the last of these failed.
    pub last_error: Option<String>,
    /// When it is tried again; at once where nothing is said and it is pending.
    pub next_try: Option<DateTime<Utc>>,
    /// The process that tries it.
    #[serde(skip)]
    pub held_by: Option<String>,
    /// Until when no other may.
    #[serde(skip)]
    pub held_until: Option<DateTime<Utc>>,
}

impl DeliveryRecord {
    /// Whether it is tried again without anyone's doing, and the time has come.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.state == DeliveryState::Pending && self.next_try.is_none_or(|at| at <= now)
    }
}

/// What a process asks for that wants to try a delivery.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The process.
    pub by: String,
    /// Now.
    pub now: DateTime<Utc>,
    /// Until when no other may try it.
    pub until: DateTime<Utc>,
    /// A process that has ended: what it held it holds no more.
    pub ended: Option<String>,
    /// Whether those of earlier runs come first.
    pub in_turn: bool,
}

/// Whether a process may try a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// It may, and no other.
    Yes {
        /// The delivery.
        delivery: Box<DeliveryRecord>,
        /// The files of the run.
        files: Vec<FileRecord>,
        /// Whether an operator has given it up.
        is_cancelled: bool,
    },
    /// This process tries it.
    Held(String),
    /// The files of this run, of the same export, tenant and delivery, come first.
    Behind(RunId),
    /// It is over.
    Over,
}

/// What a try that failed has come to.
#[derive(Debug, Clone)]
pub struct Postponed {
    /// How it goes on.
    pub state: DeliveryState,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Why it failed.
    pub error: String,
    /// When it is tried again.
    pub next_try: Option<DateTime<Utc>>,
}

/// What identifies bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// Their SHA-256, as lower-case hexadecimal digits.
    pub sha256: String,
    /// How many.
    pub bytes: u64,
}
