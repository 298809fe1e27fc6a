//! The rows of a store as the runtime sees them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tradewire_schedule::Window;

use super::ids::RunId;

/// Words that stand for the cases of an enumeration, in the store and in JSON alike.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$case_meta:meta])* $case:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$case_meta])* $case,)* }

        impl $name {
            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$case => $word,)* }
            }

            /// The case of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$case),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// Whether it helps to try again.
    FailureKind {
        /// The data, the settings or the plugin must change first: the same run would fail again.
        Refused = "refused",
        /// Something outside failed: a later try may succeed.
        Transient = "transient",
    }
}

words! {
    /// What began a run.
    TriggerKind {
        /// A slot of its schedule.
        Schedule = "schedule",
        /// A run of another export that succeeded.
        After = "after",
        /// Webhook events.
        Events = "events",
        /// Someone asked for it.
        Manual = "manual",
    }
}

words! {
    /// How a run ended.
    Outcome {
        /// It did what it should; its files, if any, are delivered.
        Succeeded = "succeeded",
        /// It did what it should, and every file is what the same window has delivered before.
        Unchanged = "unchanged",
        /// It did not; nothing was delivered.
        Failed = "failed",
        /// It was cancelled. Nothing was delivered, and it is not tried again.
        Cancelled = "cancelled",
        /// It was cut off: shut down, killed, or abandoned. Nothing was delivered.
        Interrupted = "interrupted",
        /// A write of it may have taken effect and nobody knows: it goes on when an operator has resolved that. Nothing
        /// was delivered.
        Waiting = "waiting",
        /// It did what it should, and what it keeps is kept; its files are not all where they go yet. They are tried again
        /// without it.
        Delivering = "delivering",
    }
}

impl Outcome {
    /// Whether the run did what it should.
    pub fn is_success(self) -> bool {
        matches!(self, Outcome::Succeeded | Outcome::Unchanged)
    }
}

words! {
    /// What became of a slot.
    SlotState {
        /// It has a run, whose outcome says the rest.
        Taken = "taken",
        /// It waits for its turn.
        Queued = "queued",
        /// Nobody was there when it fell due.
        Missed = "missed",
        /// An earlier run of the same export and tenant was still going on, or one of the same window waits.
        Skipped = "skipped",
        /// It lies in a blackout.
        BlackedOut = "blacked-out",
        /// Its schedule was paused.
        Paused = "paused",
        /// The feed that it follows had nothing new. Of these only the latest is kept.
        NothingNew = "nothing-new",
        /// It could not be run at all.
        Refused = "refused",
    }
}

words! {
    /// How much a log line matters.
    LogLevel {
        /// Every step.
        Trace = "trace",
        /// For those who look for a fault.
        Debug = "debug",
        /// What happens.
        Info = "info",
        /// What should be looked at.
        Warn = "warn",
        /// What failed.
        Error = "error",
    }
}

impl LogLevel {
    /// Whether it matters at least as much as another.
    pub fn is_at_least(self, least: LogLevel) -> bool {
        self as u8 >= least as u8
    }
}

/// What a run begins with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// The run.
    pub id: RunId,
    /// The export.
    pub export: String,
    /// The tenant's name in the configuration.
    pub tenant: String,
    /// The tenant's number at ServiceTitan.
    pub tenant_id: i64,
    /// What it runs: the plugin's name in the configuration, or the vendor and the endpoint that it calls.
    pub plugin: String,
    /// What began it.
    pub trigger: TriggerKind,
    /// The slot that it accounts for, where it has one.
    pub due: Option<DateTime<Utc>>,
    /// Whose journal it goes on with: the first attempt of the same run, which is itself where it begins anew.
    pub journal: RunId,
    /// 1 for the first try.
    pub attempt: u32,
    /// What it accounts for.
    pub window: Window,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The process that runs it.
    pub owner: String,
    /// Until when nobody may take it for abandoned.
    pub lease_until: DateTime<Utc>,
}

/// Whether a run was opened, and why not.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// It was.
    Yes,
    /// Its slot has a row already.
    SlotTaken(Box<SlotRecord>),
    /// This run of the same window still goes on.
    GoesOn(RunId),
    /// This run of the same window waits until its unresolved writes are resolved.
    Waits(RunId),
    /// The files of this run of the same window are not all where they go yet.
    Delivers(RunId),
    /// The window's latest run is another than was expected.
    Overtaken,
}

/// What a run ends with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// When.
    pub ended: DateTime<Utc>,
    /// How.
    pub outcome: Outcome,
    /// Whether it helps to try again, where it did not succeed.
    pub failure: Option<FailureKind>,
    /// One line for the operator.
    pub message: String,
    /// Every single reason of a failure.
    pub reasons: Vec<String>,
    /// When its next attempt is due; none where there is none to come, or it has begun.
    pub retry_at: Option<DateTime<Utc>>,
    /// What identifies the plugin's bytes, where it came to be loaded.
    pub plugin_digest: Option<String>,
    /// What it asked of the host.
    #[serde(skip)]
    pub host_calls: Vec<HostCalls>,
    /// The exports that run after it: each gets a slot that waits, of the same tenant and window, with the run's end.
    #[serde(skip)]
    pub followers: Vec<String>,
    /// Lines of log that were dropped at the limit.
    pub log_dropped: u64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// What it began with.
    #[serde(flatten)]
    pub opening: Opening,
    /// When someone asked for its end, if anyone has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_asked: Option<DateTime<Utc>>,
    /// Whether its delivery and its changes of state are decided: then it can only succeed, or its delivery be given up.
    #[serde(skip)]
    pub decided: bool,
    /// What it ended with; none while it goes on.
    #[serde(flatten)]
    pub ending: Option<Ending>,
}

impl RunRecord {
    /// Whether it has ended, and did what it should.
    pub fn succeeded(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.outcome.is_success())
    }

    /// Whether it did what it should, and its files are not all where they go yet.
    pub fn delivers(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.outcome == Outcome::Delivering)
    }
}

/// Calls of one operation in one run, together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostCalls {
    /// The operation.
    pub operation: String,
    /// How often it was called; a page counts as a call.
    pub calls: u64,
    /// How many of these failed.
    pub failures: u64,
    /// Tries beyond the first.
    pub retries: u64,
    /// Milliseconds that the rate limit made them wait.
    pub waited_ms: u64,
    /// Bytes that were answered.
    pub bytes: u64,
}

/// A line of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// Its number in the run, from 0.
    pub seq: u32,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub level: LogLevel,
    /// What it says.
    pub text: String,
}

/// A slot and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotRecord {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    /// When it fell due.
    pub due: DateTime<Utc>,
    /// What begins its run.
    pub trigger: TriggerKind,
    /// Where it comes from, where that is not plain: the run that it follows, or that an operator asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What its run accounts for, in any zone; none is what the export's rule makes of the time when it fell due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What became of it.
    pub state: SlotState,
    /// Why, where it did not run.
    pub reason: Option<String>,
    /// Its run, where it has one.
    pub run: Option<RunId>,
    /// When this was recorded.
    pub recorded: DateTime<Utc>,
}

impl SlotRecord {
    /// One of a schedule, with nothing to say of it and no run.
    pub fn new(
        export: impl Into<String>,
        tenant: impl Into<String>,
        due: DateTime<Utc>,
        state: SlotState,
        recorded: DateTime<Utc>,
    ) -> Self {
        let (export, tenant) = (export.into(), tenant.into());
        let (trigger, cause, window) = (TriggerKind::Schedule, None, None);
        Self { export, tenant, due, trigger, cause, window, state, reason: None, run: None, recorded }
    }
}

/// A schedule that someone has paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// The export.
    pub export: String,
    /// The tenant; none is all of the export's.
    pub tenant: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Pause {
    /// Whether it holds for this schedule.
    pub fn covers(&self, export: &str, tenant: &str) -> bool {
        self.export == export && self.tenant.as_deref().is_none_or(|paused| paused == tenant)
    }
}

/// How much was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Whole runs.
    pub runs: usize,
    /// Runs of which only the log and the host calls were.
    pub logs: usize,
    /// Slots.
    pub slots: usize,
    /// Webhook events.
    pub events: usize,
    /// Files of the outbox.
    pub contents: usize,
}

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this export.
    pub export: Option<String>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this outcome.
    pub outcome: Option<Outcome>,
    /// Only those that go on.
    pub open: bool,
    /// The attempts that share this journal.
    pub journal: Option<RunId>,
    /// Of this window.
    pub window: Option<Window>,
    /// That began then or later.
    pub since: Option<DateTime<Utc>>,
    /// At most this many; none is 100.
    pub limit: Option<u32>,
}

/// Which slots.
#[derive(Debug, Clone, Default)]
pub struct SlotFilter {
    /// Of this export.
    pub export: Option<String>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// In this state.
    pub state: Option<SlotState>,
    /// Only those that have no run.
    pub idle: bool,
    /// That fell due then or later.
    pub since: Option<DateTime<Utc>>,
    /// At most this many; none is 100.
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn levels_are_in_order() {
        assert!(LogLevel::Error.is_at_least(LogLevel::Warn) && LogLevel::Warn.is_at_least(LogLevel::Warn));
        assert!(!LogLevel::Debug.is_at_least(LogLevel::Info));
    }
}
