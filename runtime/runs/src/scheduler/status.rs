//! How each schedule does, as the store tells it: whoever asks need not be the process that runs them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tradewire_config::{Config, Trigger};
use tradewire_schedule::Schedule;
use tradewire_store::{
    DeliveryRecord, DeliveryState, Pause, RunRecord, SlotFilter, SlotRecord, SlotState, Store, StoreError,
    UnresolvedWrite, words,
};

use crate::feed::watermark;

/// A slot that nobody has taken so long after its start is overdue: whoever runs schedules looks twice in that time.
const OVERDUE: TimeDelta = TimeDelta::seconds(90);

words! {
    /// How a schedule does.
    Condition {
        /// It runs when it is due.
        Ready = "ready",
        /// Someone has paused it.
        Paused = "paused",
        /// A slot fell due and nobody has taken it: nothing runs the schedules.
        Overdue = "overdue",
        /// A run of it goes on.
        Running = "running",
        /// A run of it has an unresolved write.
        Waiting = "waiting",
        /// Files of it are not all delivered yet.
        Delivering = "delivering",
        /// A run of it failed and is tried again.
        Retrying = "retrying",
        /// A slot of it waits for its turn.
        Queued = "queued",
        /// Its latest slot could not be run at all.
        Refused = "refused",
        /// Its latest run did not succeed.
        Failing = "failing",
        /// No slot is to come.
        Over = "over",
    }
}

/// How a schedule does.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    /// What begins its runs.
    #[serde(flatten)]
    pub trigger: Trigger,
    /// Its time zone.
    pub timezone: String,
    /// How it does.
    pub condition: Condition,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// The next slot, in RFC 3339 with the zone's offset.
    pub next: Option<String>,
    /// How many slots wait for their turn.
    pub queued: usize,
    /// The latest slot.
    pub last: Option<SlotRecord>,
    /// The feed that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedStatus>,
}

/// How far a feed has come.
#[derive(Debug, Clone, Serialize)]
pub struct FeedStatus {
    /// The operation.
    pub operation: String,
    /// Where it goes on: a token or a time; none is the beginning.
    pub from: Option<String>,
    /// When a run has moved it last.
    pub moved: Option<DateTime<Utc>>,
}

/// How every schedule of a configuration does, in the order of the file.
pub async fn statuses(config: &Config, store: &dyn Store, now: DateTime<Utc>) -> Result<Vec<Status>, StoreError> {
    let known = Known {
        pauses: store.pauses().await?,
        open: store.open_runs().await?,
        retries: store.retries().await?,
        unresolved: store.unresolved_writes().await?,
        deliveries: store.deliveries().await?,
        queued: store.queued_slots().await?,
    };
    let mut statuses = Vec::new();
    for schedule in config.schedules() {
        let (export, tenant) = (schedule.export.clone(), schedule.tenant.clone());
        let filter = SlotFilter { export: Some(export), tenant: Some(tenant), limit: Some(1), ..SlotFilter::default() };
        let last = store.slots(&filter).await?.pop();
        let run = match last.as_ref().and_then(|slot| slot.run) {
            Some(run) => store.run(run).await?,
            None => None,
        };
        let feed = match config.exports.get(&schedule.export).and_then(|export| export.feed.as_ref()) {
            Some(feed) => {
                let kept = watermark(&store.state(&schedule.export, &schedule.tenant).await?, &feed.operation);
                let (from, moved) = kept.map_or((feed.since.clone(), None), |kept| (kept.from, kept.moved));
                Some(FeedStatus { operation: feed.operation.clone(), from, moved })
            }
            None => None,
        };
        let trigger = config.exports.get(&schedule.export).map_or(Trigger::Manual, |export| export.trigger.clone());
        statuses.push(Status { feed, ..known.status(schedule, trigger, last, run, now) });
    }
    Ok(statuses)
}

/// What the store says of all schedules together.
struct Known {
    pauses: Vec<Pause>,
    open: Vec<RunRecord>,
    retries: Vec<RunRecord>,
    unresolved: Vec<UnresolvedWrite>,
    deliveries: Vec<DeliveryRecord>,
    queued: Vec<SlotRecord>,
}

impl Known {
    /// The slots of a schedule that wait, the earliest first.
    fn queued<'k>(&'k self, export: &'k str, tenant: &'k str) -> impl Iterator<Item = &'k SlotRecord> {
        self.queued.iter().filter(move |slot| slot.export == export && slot.tenant == tenant)
    }

    fn status(
        &self,
        schedule: Schedule,
        trigger: Trigger,
        last: Option<SlotRecord>,
        run: Option<RunRecord>,
        now: DateTime<Utc>,
    ) -> Status {
        let Schedule { export, tenant, slots, .. } = &schedule;
        let next = slots.next(now).map(|slot| slot.to_rfc3339());
        let queued = self.queued(export, tenant).count();
        let (condition, reason) = match self.trouble(&schedule, last.as_ref(), run.as_ref(), now) {
            Some((condition, reason)) => (condition, Some(reason)),
            None if next.is_none() && slots.cron().is_some() => (Condition::Over, None),
            None => (Condition::Ready, None),
        };
        Status {
            trigger,
            timezone: slots.zone().name().to_owned(),
            export: schedule.export,
            tenant: schedule.tenant,
            condition,
            reason,
            next,
            queued,
            last,
            feed: None,
        }
    }

    /// What there is to say of a schedule, the most urgent first.
    fn trouble(
        &self,
        schedule: &Schedule,
        last: Option<&SlotRecord>,
        run: Option<&RunRecord>,
        now: DateTime<Utc>,
    ) -> Option<(Condition, String)> {
        let local = |moment| schedule.local(moment).to_rfc3339();
        let is_its = |export: &str, tenant: &str| schedule.export == export && schedule.tenant == tenant;
        let of = |runs: &[RunRecord]| runs.iter().find(|run| is_its(&run.opening.export, &run.opening.tenant)).cloned();
        let paused = self.pauses.iter().filter(|pause| pause.covers(&schedule.export, &schedule.tenant));
        if let Some(since) = paused.map(|pause| pause.since).min() {
            return Some((Condition::Paused, format!("since {}", local(since))));
        }
        let missing = last.and_then(|last| schedule.slots.next(last.due.min(now))).map(|slot| slot.to_utc());
        if let Some(slot) = missing.filter(|slot| schedule.start(*slot) + OVERDUE < now) {
            let reason =
                format!("the slot of {} fell due and nobody took it: does `tradewire serve` run?", local(slot));
            return Some((Condition::Overdue, reason));
        }
        if let Some(open) = of(&self.open) {
            return Some((Condition::Running, format!("since {}", local(open.opening.started))));
        }
        let is_begun_by_others = schedule.slots.cron().is_none() && schedule.blackout(now).is_none();
        // While others run, it may wait for a permit.
        let is_idle = is_begun_by_others && self.open.is_empty();
        let waiting = self.queued(&schedule.export, &schedule.tenant).next().filter(|_| is_idle);
        if let Some(slot) = waiting.filter(|slot| slot.due + OVERDUE < now) {
            let reason =
                format!("a slot waits since {} and nobody took it: does `tradewire serve` run?", local(slot.due));
            return Some((Condition::Overdue, reason));
        }
        if self.unresolved.iter().any(|unresolved_write| is_its(&unresolved_write.export, &unresolved_write.tenant)) {
            let reason = "a write may have taken effect; `tradewire writes list` shows what is to be resolved";
            return Some((Condition::Waiting, reason.to_owned()));
        }
        let mut under_way = self.deliveries.iter().filter(|delivery| is_its(&delivery.export, &delivery.tenant));
        if let Some(first) = under_way.next() {
            let behind = match under_way.count() {
                0 => String::new(),
                behind => format!(", and those of {behind} later runs wait for that"),
            };
            return Some((Condition::Delivering, format!("{}{behind}", delivery_reason(first, local))));
        }
        if let Some(retried) = of(&self.retries) {
            let at = retried.ending.as_ref().and_then(|ending| ending.retry_at).map(local).unwrap_or_default();
            return Some((Condition::Retrying, format!("attempt {} is due at {at}", retried.opening.attempt + 1)));
        }
        // For the end of a blackout or for a permit: what waits for an earlier run is told with that.
        if let Some(queued) = self.queued(&schedule.export, &schedule.tenant).next() {
            let reason = queued.reason.as_deref().unwrap_or("it waits for its turn");
            return Some((Condition::Queued, format!("the slot of {}: {reason}", local(queued.due))));
        }
        if let Some(refused) = last.filter(|slot| slot.state == SlotState::Refused) {
            return Some((Condition::Refused, refused.reason.clone().unwrap_or_default()));
        }
        let ending = run?.ending.as_ref()?;
        (!ending.outcome.is_success()).then(|| (Condition::Failing, format!("{}: {}", ending.outcome, ending.message)))
    }
}

/// Why the files of a run are not delivered yet, and how that goes on.
fn delivery_reason(delivery: &DeliveryRecord, local: impl Fn(DateTime<Utc>) -> String) -> String {
    let DeliveryRecord { run, last_error, tries, next_try, state, .. } = delivery;
    let error = last_error.as_deref().unwrap_or("not tried yet");
    let then = match (state, next_try) {
        (DeliveryState::Stopped, _) => format!(
            "tried {tries} times and not again by itself: mend it, then `tradewire runs retry {run}`; `tradewire runs cancel \
             {run}` gives the files up"
        ),
        (_, Some(at)) => format!("tried {tries} times, next at {}", local(*at)),
        _ => "tried again soon".to_owned(),
    };
    format!("the files of run {run}: {error}; {then}")
}
