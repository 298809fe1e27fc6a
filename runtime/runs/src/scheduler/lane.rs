//! One schedule: which of its slots run, which wait or do not, and why.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::CallOff;
use crate::schedule::{Missed, Overlap, Schedule};
use crate::store::{SlotRecord, SlotState};

/// A slot that is taken up within this time of its start was not missed.
const ON_TIME: TimeDelta = TimeDelta::seconds(60);
/// The most rows that are written for slots that passed while nobody was there.
const MOST_MISSED: usize = 10_000;
/// The most slots that wait because runs overlap.
const MOST_QUEUED: usize = 1000;

/// Where a lane stands.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing goes on.
    Idle,
    /// The run of this slot is being opened. Later slots wait until it is told what comes of it.
    Opening(DateTime<Utc>),
    /// The run of this slot goes on.
    Running(DateTime<Utc>, CallOff),
}

/// One schedule.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) schedule: Schedule,
    /// Every slot up to here has been taken.
    cursor: DateTime<Utc>,
    /// The furthest that the cursor ever was: a clock that is set back comes to slots again.
    furthest: DateTime<Utc>,
    state: State,
    /// The slots that wait for their turn, each with its row, the earliest first.
    queue: VecDeque<DateTime<Utc>>,
    paused: Option<DateTime<Utc>>,
    recording: bool,
    deferred: bool,
    /// A run that had waited could not go on.
    keeps_waiting: bool,
}

/// What a lane makes of the slots that are due.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// The slot that runs, once the rows are recorded.
    pub(super) run: Option<DateTime<Utc>>,
    /// The slots that do not, or not yet.
    pub(super) rows: Vec<SlotRecord>,
}

impl Lane {
    /// A lane that has come as far as `now`.
    pub(super) fn new(schedule: Schedule, now: DateTime<Utc>) -> Self {
        Self {
            schedule,
            cursor: now,
            furthest: now,
            state: State::Idle,
            queue: VecDeque::new(),
            paused: None,
            recording: false,
            deferred: false,
            keeps_waiting: false,
        }
    }

    /// Whether it is this schedule's.
    pub(super) fn is_of(&self, export: &str, tenant: &str) -> bool {
        self.schedule.export == export && self.schedule.tenant == tenant
    }

    /// When the next slot is to start.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        self.schedule.slots.next(self.cursor).map(|slot| self.schedule.start(slot.to_utc()))
    }

    /// Goes on after the last slot that has a row. A schedule that is new begins now.
    pub(super) fn take_up(&mut self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        // A row of the future was written by a clock that has been set back since.
        self.cursor = last.map_or(now, |last| last.min(now));
        self.furthest = last.unwrap_or(now).max(self.cursor);
    }

    /// Lets a slot wait that has waited before this process began.
    pub(super) fn line_up_again(&mut self, due: DateTime<Utc>) {
        self.queue.push_back(due);
    }

    /// Whether others queue its slots in the store, and it has none of its own.
    pub(super) fn is_begun_by_others(&self) -> bool {
        self.schedule.slots.cron().is_none()
    }

    /// Lets a slot wait that was found queued, unless it is known here.
    pub(super) fn found(&mut self, due: DateTime<Utc>) {
        let goes_on = matches!(self.state, State::Opening(at) | State::Running(at, _) if at == due);
        if let (false, Err(place)) = (goes_on, self.queue.binary_search(&due)) {
            self.queue.insert(place, due);
        }
    }

    /// Pauses it, or ends that.
    pub(super) fn pause(&mut self, since: Option<DateTime<Utc>>) {
        self.paused = since;
    }

    /// The clock was set back. Slots that come again have their rows.
    pub(super) fn set_back(&mut self, now: DateTime<Utc>) {
        self.cursor = self.cursor.min(now);
        self.deferred = false;
    }

    pub(super) fn opened(&mut self, call_off: CallOff) {
        if let State::Opening(due) = self.state {
            self.state = State::Running(due, call_off);
        }
    }

    /// Nothing goes on any more. Whether a run has waited for that.
    pub(super) fn finished(&mut self) -> bool {
        self.state = State::Idle;
        std::mem::take(&mut self.keeps_waiting)
    }

    pub(super) fn recorded(&mut self) {
        self.recording = false;
    }

    /// Whether slots fell due that could not be taken; asking ends it.
    pub(super) fn was_deferred(&mut self) -> bool {
        std::mem::take(&mut self.deferred)
    }

    /// Whether a slot that has waited may run.
    pub(super) fn is_ready(&self, now: DateTime<Utc>) -> bool {
        self.is_idle() && !self.recording && !self.queue.is_empty() && self.held(now).is_none()
    }

    fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Takes the slots that are due. None while an earlier one is still being opened or recorded: then they stay.
    pub(super) fn take(&mut self, now: DateTime<Utc>) -> Option<Taken> {
        if self.recording || matches!(self.state, State::Opening(_)) {
            self.deferred = true;
            return None;
        }
        let since = self.cursor;
        let (due, are_all) = self.fell_due(now);
        if let Some(last) = due.last() {
            self.cursor = *last;
        }
        let mut rows = Vec::new();
        let mut may_run = Vec::new();
        for slot in due {
            match self.barred(slot) {
                Some((state, reason)) => rows.push(self.row(slot, state, reason, now)),
                None => may_run.push(slot),
            }
        }
        let mut waiting = Vec::new();
        for slot in self.not_missed(may_run, now, &mut rows) {
            self.line_up(slot, now, &mut rows, &mut waiting);
        }
        self.furthest = self.furthest.max(self.cursor);
        let run = if self.is_idle() && self.held(now).is_none() { self.queue.pop_front() } else { None };
        if let Some(due) = run {
            self.state = State::Opening(due);
        }
        waiting.retain(|slot| self.queue.contains(slot));
        rows.extend(waiting.iter().map(|slot| self.row(*slot, SlotState::Queued, self.waits_for(*slot, now), now)));
        rows.sort_by_key(|row| row.due);
        if let Some(first) = rows.first_mut().filter(|_| !are_all) {
            let reason = first.reason.get_or_insert_default();
            reason.push_str(&format!("; those before it, since {}, are not listed", since.to_rfc3339()));
        }
        if let Some(due) = run.filter(|_| !rows.is_empty()) {
            // So that it is not lost should the process die between the rows and the run.
            rows.push(self.row(due, SlotState::Queued, "its run is about to begin".to_owned(), now));
        }
        self.recording = !rows.is_empty();
        Some(Taken { run, rows })
    }

    /// The slots since the cursor in order, and whether these are all.
    fn fell_due(&self, now: DateTime<Utc>) -> (Vec<DateTime<Utc>>, bool) {
        // Backwards from now, so that a long absence costs no more than what is written down of it.
        let slots = &self.schedule.slots;
        let mut due: Vec<DateTime<Utc>> = Vec::new();
        let mut before = slots.latest(now).map(|slot| slot.to_utc());
        while let Some(slot) = before.filter(|slot| *slot > self.cursor && due.len() <= MOST_MISSED) {
            // Only the latest can have a start that is still to come.
            if !due.is_empty() || self.schedule.start(slot) <= now {
                due.push(slot);
            }
            before = slots.previous(slot).map(|slot| slot.to_utc());
        }
        due.reverse();
        (due, before.is_none_or(|slot| slot <= self.cursor))
    }

    /// Why a slot runs in no case.
    fn barred(&self, slot: DateTime<Utc>) -> Option<(SlotState, String)> {
        if let Some(since) = self.paused {
            return Some((SlotState::Paused, format!("its schedule is paused, since {}", self.local(since))));
        }
        let blackout = self.schedule.blackout(slot)?;
        Some((SlotState::BlackedOut, format!("it lies in the blackout `{blackout}`")))
    }

    /// Why nothing may begin now.
    fn held(&self, now: DateTime<Utc>) -> Option<String> {
        if self.paused.is_some() {
            return Some("the end of the pause".to_owned());
        }
        self.schedule.blackout(now).map(|blackout| format!("the end of the blackout `{blackout}`"))
    }

    fn is_late(&self, slot: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now - self.schedule.start(slot) > ON_TIME
    }

    /// Those of these slots that were not missed, or run all the same; rows for the others.
    fn not_missed(
        &self,
        slots: Vec<DateTime<Utc>>,
        now: DateTime<Utc>,
        rows: &mut Vec<SlotRecord>,
    ) -> Vec<DateTime<Utc>> {
        let policy = &self.schedule.policy;
        let late = slots.iter().filter(|slot| self.is_late(**slot, now)).count();
        let (beyond, last) = (late.saturating_sub(policy.missed_cap), slots.len().saturating_sub(1));
        let mut kept = Vec::new();
        for (position, slot) in slots.into_iter().enumerate() {
            let is_late = position < late;
            let why_not = match policy.missed {
                Missed::All if position < beyond => {
                    format!("`missed_cap` lets the latest {} of those that were missed run", policy.missed_cap)
                }
                Missed::Skip if is_late && position == last => "`missed` is \"skip\"".to_owned(),
                Missed::Skip | Missed::Latest if position < last && (is_late || policy.overlap != Overlap::Queue) => {
                    "a later slot has passed as well".to_owned()
                }
                _ => {
                    kept.push(slot);
                    continue;
                }
            };
            let reason = format!("nobody was there when it fell due, and {why_not}");
            rows.push(self.row(slot, SlotState::Missed, reason, now));
        }
        kept
    }

    /// Lets a slot wait for its turn, which may come at once, unless what goes on bars it.
    fn line_up(
        &mut self,
        slot: DateTime<Utc>,
        now: DateTime<Utc>,
        rows: &mut Vec<SlotRecord>,
        waiting: &mut Vec<DateTime<Utc>>,
    ) {
        let policy = &self.schedule.policy;
        // A run that goes on does not bar what was missed, nor what comes while that is being caught up with.
        let catches_up = policy.missed == Missed::All && (self.is_late(slot, now) || !self.queue.is_empty());
        if let (State::Running(running, call_off), false) = (&self.state, catches_up) {
            match policy.overlap {
                Overlap::Queue => {}
                // A slot that comes again is not new: it has its row, and replaces nothing.
                Overlap::Replace if slot <= self.furthest => {}
                Overlap::Replace => {
                    let reason = format!("replaced by the slot of {}", self.local(slot));
                    call_off.call_off(&reason);
                    for replaced in std::mem::take(&mut self.queue) {
                        waiting.retain(|slot| *slot != replaced);
                        rows.push(self.row(replaced, SlotState::Skipped, reason.clone(), now));
                    }
                }
                Overlap::Skip => {
                    let reason = format!("the run of the slot of {} was still going on", self.local(*running));
                    return rows.push(self.row(slot, SlotState::Skipped, reason, now));
                }
            }
        }
        if self.queue.len() >= MOST_QUEUED.max(self.schedule.policy.missed_cap) {
            let reason = format!("{} slots were waiting before it", self.queue.len());
            return rows.push(self.row(slot, SlotState::Skipped, reason, now));
        }
        self.queue.push_back(slot);
        waiting.push(slot);
    }

    /// What a slot waits for that is in the queue.
    fn waits_for(&self, slot: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let ahead = self.queue.iter().take_while(|queued| **queued != slot).last().copied();
        let before = ahead.or(match self.state {
            State::Idle => None,
            State::Opening(due) | State::Running(due, _) => Some(due),
        });
        match before {
            Some(before) => format!("it waits for the run of the slot of {}", self.local(before)),
            None => format!("it waits for {}", self.held(now).unwrap_or_else(|| "its turn".to_owned())),
        }
    }

    /// Goes on with the run of a slot that has waited, if nothing else goes on and nothing bars it.
    pub(super) fn resume(&mut self, due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let may_go_on = self.is_idle() && self.held(now).is_none();
        if may_go_on {
            self.state = State::Opening(due);
        }
        self.keeps_waiting |= !may_go_on;
        may_go_on
    }

    fn row(&self, due: DateTime<Utc>, state: SlotState, reason: String, now: DateTime<Utc>) -> SlotRecord {
        let Schedule { export, tenant, .. } = &self.schedule;
        SlotRecord { reason: Some(reason), ..SlotRecord::new(export, tenant, due, state, now) }
    }

    fn local(&self, moment: DateTime<Utc>) -> String {
        self.schedule.local(moment).to_rfc3339()
    }
}

#[cfg(test)]
mod tests;
