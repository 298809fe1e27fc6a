//! One export for one tenant: which of its slots run, which do not and why.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::Onlooker;
use crate::config::Config;
use crate::run::{Request, RunError, Runner};
use crate::schedule::{Missed, Slots};
use crate::store::{SlotRecord, SlotState, Store, pause};

/// A slot that is taken up within this time of falling due was not missed.
const ON_TIME: TimeDelta = TimeDelta::seconds(60);
/// The most rows that are written for slots that passed while nobody was there.
const MOST_MISSED: usize = 10_000;

/// Where a lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing goes on.
    Idle,
    /// The run of this slot is being opened. Later slots wait until it is told what comes of it.
    Opening(DateTime<Utc>),
    /// The run of this slot goes on.
    Running(DateTime<Utc>),
}

/// One export for one tenant.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) export: String,
    pub(super) tenant: String,
    pub(super) slots: Slots,
    missed: Missed,
    /// Every slot up to here has been taken.
    cursor: DateTime<Utc>,
    pub(super) state: State,
    pub(super) recording: bool,
    deferred: bool,
}

/// What a lane makes of the slots that are due.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// The slot that runs.
    pub(super) run: Option<DateTime<Utc>>,
    /// The slots that do not.
    pub(super) rows: Vec<SlotRecord>,
}

/// The lanes of a configuration, none of which has come further than `now`.
pub(super) fn all(config: &Config, now: DateTime<Utc>) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for export in config.exports.values() {
        for tenant in export.tenants.iter().filter_map(|name| config.tenants.get(name)) {
            if let Some(slots) = config.slots(export, tenant) {
                lanes.push(Lane::new(export.name.clone(), tenant.name.clone(), slots, export.missed, now));
            }
        }
    }
    lanes
}

impl Lane {
    pub(super) fn new(export: String, tenant: String, slots: Slots, missed: Missed, now: DateTime<Utc>) -> Self {
        Self { export, tenant, slots, missed, cursor: now, state: State::Idle, recording: false, deferred: false }
    }

    /// When the next slot is due.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        self.slots.next(self.cursor).map(|slot| slot.to_utc())
    }

    /// Goes on after the last slot that has a row. A schedule that is new begins now.
    pub(super) fn take_up(&mut self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        // A row of the future was written by a clock that has been set back since.
        self.cursor = last.map_or(now, |last| last.min(now));
    }

    /// The clock was set back. Slots that come again have their rows.
    pub(super) fn set_back(&mut self, now: DateTime<Utc>) {
        self.cursor = self.cursor.min(now);
        self.deferred = false;
    }

    pub(super) fn opened(&mut self) {
        if let State::Opening(due) = self.state {
            self.state = State::Running(due);
        }
    }

    pub(super) fn finished(&mut self) {
        self.state = State::Idle;
    }

    pub(super) fn recorded(&mut self) {
        self.recording = false;
    }

    /// Whether slots fell due that could not be taken; asking ends it.
    pub(super) fn was_deferred(&mut self) -> bool {
        std::mem::take(&mut self.deferred)
    }

    /// Takes the slots that are due. None while an earlier one is still being opened or recorded: then they stay.
    pub(super) fn take(&mut self, now: DateTime<Utc>) -> Option<Taken> {
        if self.recording || matches!(self.state, State::Opening(_)) {
            self.deferred = true;
            return None;
        }
        // Backwards from now, so that a long absence costs no more than what is written down of it.
        let mut due: Vec<DateTime<Utc>> = Vec::new();
        let mut before = self.slots.latest(now).map(|slot| slot.to_utc());
        while let Some(slot) = before.filter(|slot| *slot > self.cursor && due.len() <= MOST_MISSED) {
            due.push(slot);
            before = self.slots.previous(slot).map(|slot| slot.to_utc());
        }
        let unlisted = before.is_some_and(|slot| slot > self.cursor);
        let Some((&latest, earlier)) = due.split_first() else { return Some(Taken::default()) };
        let mut taken = Taken::default();
        for (position, slot) in earlier.iter().rev().enumerate() {
            let mut reason = "nobody was there when it fell due, and a later slot has passed as well".to_owned();
            if unlisted && position == 0 {
                reason.push_str(&format!("; those before it, since {}, are not listed", self.cursor.to_rfc3339()));
            }
            taken.rows.push(self.row(*slot, SlotState::Missed, reason, now));
        }
        if let State::Running(running) = self.state {
            let reason = format!("the run of the slot of {} was still going on", self.local(running));
            taken.rows.push(self.row(latest, SlotState::Skipped, reason, now));
        } else if self.missed == Missed::Skip && now - latest > ON_TIME {
            let reason = "nobody was there when it fell due, and `missed` is \"skip\"".to_owned();
            taken.rows.push(self.row(latest, SlotState::Missed, reason, now));
        } else {
            taken.run = Some(latest);
        }
        self.cursor = latest;
        Some(taken)
    }

    /// Goes on with the run of a slot that has waited, if nothing else goes on.
    pub(super) fn resume(&mut self, due: DateTime<Utc>) -> bool {
        let is_free = self.state == State::Idle;
        if is_free {
            self.state = State::Opening(due);
        }
        is_free
    }

    fn row(&self, due: DateTime<Utc>, state: SlotState, reason: String, now: DateTime<Utc>) -> SlotRecord {
        let (export, tenant) = (self.export.clone(), self.tenant.clone());
        SlotRecord { export, tenant, due, state, reason: Some(reason), run: None, recorded: now }
    }

    fn local(&self, moment: DateTime<Utc>) -> String {
        moment.with_timezone(&self.slots.zone()).to_rfc3339()
    }
}

/// Records slots that do not run, for as long as it takes or until the shutdown.
pub(super) async fn record(store: Arc<dyn Store>, rows: Vec<SlotRecord>, shutdown: CancellationToken) {
    for row in &rows {
        let (reason, state) = (row.reason.as_deref().unwrap_or_default(), row.state);
        tracing::warn!(row.export, row.tenant, due = %row.due, %state, reason, "a slot does not run");
    }
    let mut tries = 0;
    while let Err(error) = store.record_slots(rows.clone()).await {
        tracing::error!(%error, "cannot record slots that do not run; trying again");
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause(tries)) => tries += 1,
        }
    }
}

/// Opens the run of a slot and carries it out. Opening is tried for as long as it takes or until the shutdown.
pub(super) fn carry_out(
    runner: Arc<Runner>,
    request: Request,
    due: DateTime<Utc>,
    shutdown: CancellationToken,
    cancel: CancellationToken,
    onlooker: Option<Onlooker>,
) -> impl FnOnce(Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
    move |opened| {
        Box::pin(async move {
            let (export, tenant) = (request.export.clone(), request.tenant.clone());
            let mut tries = 0;
            let open = loop {
                match runner.open(request.clone()).await {
                    Ok(open) => break open,
                    // Another process has it.
                    Err(RunError::SlotTaken(_)) => return,
                    Err(RunError::Store(error)) => {
                        tracing::error!(%error, export, tenant, "cannot open the run of a slot; trying again");
                        tokio::select! {
                            () = shutdown.cancelled() => return,
                            () = tokio::time::sleep(pause(tries)) => tries += 1,
                        }
                    }
                    Err(error) => {
                        let state = match error {
                            RunError::GoesOn(_) | RunError::Waits(_) => SlotState::Skipped,
                            _ => SlotState::Refused,
                        };
                        let reason = Some(error.to_string());
                        let recorded = runner.clock().now();
                        let row = SlotRecord { export, tenant, due, state, reason, run: None, recorded };
                        return record(runner.store().clone(), vec![row], shutdown).await;
                    }
                }
            };
            opened();
            let run = open.id();
            match runner.carry_out(open, cancel).await {
                Ok(report) => {
                    let outcome = report.outcome();
                    let message = report.run.ending.as_ref().map_or("", |ending| &ending.message);
                    tracing::info!(export, tenant, %run, due = %due, %outcome, message, "a run has ended");
                    if let Some(onlooker) = onlooker {
                        onlooker(&report);
                    }
                }
                Err(error) => tracing::error!(export, tenant, %run, due = %due, %error, "a run has no recorded end"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn lane(cron: &str, missed: Missed, last: &str) -> Lane {
        let slots = Slots::new(cron.parse().unwrap(), chrono_tz::Tz::UTC);
        let mut lane = Lane::new("e".into(), "t".into(), slots, missed, at(last));
        lane.take_up(Some(at(last)), at("2030-01-01T00:00:00Z"));
        lane
    }

    fn states(taken: &Taken) -> Vec<(String, SlotState)> {
        taken.rows.iter().map(|row| (row.due.to_rfc3339(), row.state)).collect()
    }

    #[test]
    fn a_slot_that_is_due_runs() {
        let mut lane = lane("0 6 * * *", Missed::Skip, "2026-03-01T06:00:00Z");
        let taken = lane.take(at("2026-03-02T06:00:00Z")).unwrap();
        assert_eq!((taken.run, taken.rows.len()), (Some(at("2026-03-02T06:00:00Z")), 0));
        assert_eq!(lane.next(), Some(at("2026-03-03T06:00:00Z")));
    }

    #[test]
    fn after_three_days_of_sleep_latest_runs_one_and_skip_runs_none() {
        let awake = at("2026-03-04T12:00:00Z");
        let mut latest = lane("0 6 * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        let taken = latest.take(awake).unwrap();
        assert_eq!(taken.run, Some(at("2026-03-04T06:00:00Z")));
        let missed = |day: u32| (format!("2026-03-0{day}T06:00:00+00:00"), SlotState::Missed);
        assert_eq!(states(&taken), [missed(2), missed(3)]);
        let mut skip = lane("0 6 * * *", Missed::Skip, "2026-03-01T06:00:00Z");
        let taken = skip.take(awake).unwrap();
        assert_eq!(taken.run, None);
        assert_eq!(states(&taken), [missed(2), missed(3), missed(4)]);
        assert_eq!(skip.next(), Some(at("2026-03-05T06:00:00Z")));
    }

    #[test]
    fn a_slot_that_overlaps_a_run_is_skipped_and_says_which() {
        let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        lane.state = State::Running(at("2026-03-01T06:00:00Z"));
        let taken = lane.take(at("2026-03-01T07:00:00Z")).unwrap();
        assert_eq!(taken.run, None);
        assert_eq!(taken.rows[0].state, SlotState::Skipped);
        assert!(taken.rows[0].reason.as_ref().unwrap().contains("2026-03-01T06:00:00+00:00"));
    }

    #[test]
    fn a_run_that_has_waited_goes_on_when_nothing_else_does() {
        let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        let waited = at("2026-03-01T05:00:00Z");
        lane.state = State::Running(at("2026-03-01T06:00:00Z"));
        assert!(!lane.resume(waited));
        lane.finished();
        assert!(lane.resume(waited) && !lane.resume(waited));
        lane.opened();
        let taken = lane.take(at("2026-03-01T07:00:00Z")).unwrap();
        assert!(taken.rows[0].reason.as_ref().unwrap().contains("2026-03-01T05:00:00+00:00"), "it is overlapped");
    }

    #[test]
    fn while_a_slot_is_being_opened_later_ones_wait_and_are_not_lost() {
        let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        lane.state = State::Opening(at("2026-03-01T06:00:00Z"));
        assert_eq!(lane.take(at("2026-03-01T07:00:00Z")), None);
        assert_eq!(lane.next(), Some(at("2026-03-01T07:00:00Z")));
        lane.finished();
        assert!(lane.was_deferred() && !lane.was_deferred());
        assert_eq!(lane.take(at("2026-03-01T07:00:01Z")).unwrap().run, Some(at("2026-03-01T07:00:00Z")));
    }

    #[test]
    fn a_year_of_absence_is_listed_up_to_a_limit() {
        let mut lane = lane("* * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        let taken = lane.take(at("2027-03-01T06:00:00Z")).unwrap();
        assert_eq!(taken.run, Some(at("2027-03-01T06:00:00Z")));
        assert_eq!(taken.rows.len(), MOST_MISSED);
        assert!(taken.rows[0].reason.as_ref().unwrap().contains("since 2026-03-01T06:00:00+00:00, are not listed"));
        assert!(taken.rows.windows(2).all(|pair| pair[0].due < pair[1].due));
    }

    #[test]
    fn a_schedule_that_is_new_has_missed_nothing() {
        let mut lane = lane("0 6 * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        lane.take_up(None, at("2026-03-05T05:00:00Z"));
        assert_eq!(lane.next(), Some(at("2026-03-05T06:00:00Z")));
    }

    #[test]
    fn a_clock_that_was_set_back_comes_to_its_slots_again() {
        let mut lane = lane("0 6 * * *", Missed::Latest, "2026-03-01T06:00:00Z");
        lane.take_up(Some(at("2026-03-09T06:00:00Z")), at("2026-03-05T05:00:00Z"));
        assert_eq!(lane.next(), Some(at("2026-03-05T06:00:00Z")));
        lane.set_back(at("2026-03-04T05:00:00Z"));
        assert_eq!(lane.next(), Some(at("2026-03-04T06:00:00Z")));
    }
}
