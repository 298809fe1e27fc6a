//! One schedule: which of its slots run, which wait or do not, and why.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use tradewire_schedule::{Missed, Overlap, Schedule, Slots, Window};
use tradewire_store::{SlotRecord, SlotState};

use crate::run::Cancellation;

/// A slot that is resumed within this time of its start was not missed.
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
    Running(DateTime<Utc>, Cancellation),
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
    /// The runs that have waited and may go on, each with its window, by their slots.
    waited: BTreeMap<DateTime<Utc>, Window>,
    paused: Option<DateTime<Utc>>,
    recording: bool,
    deferred: bool,
    /// Its schedule is gone; what goes on comes to its end.
    is_over: bool,
}

/// What a lane makes of the slots that are due.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Taken {
    /// The slots that do not run.
    rows: Vec<SlotRecord>,
    /// The slots that run when it is their turn, and may have it now.
    lined_up: Vec<DateTime<Utc>>,
    /// Since when there are more than are listed.
    more_since: Option<DateTime<Utc>>,
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Begun {
    /// Its slot.
    pub(super) due: DateTime<Utc>,
    /// Its window, where it has one already.
    pub(super) window: Option<Window>,
    /// Whether nothing may bar it for good: what queued it comes no second time.
    pub(super) is_kept: bool,
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
            waited: BTreeMap::new(),
            paused: None,
            recording: false,
            deferred: false,
            is_over: false,
        }
    }

    /// Its export and its tenant.
    pub(super) fn name(&self) -> (String, String) {
        (self.schedule.export.clone(), self.schedule.tenant.clone())
    }

    /// When the next slot is to start.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        if self.is_over {
            return None;
        }
        self.schedule.slots.next(self.cursor).map(|slot| self.schedule.start(slot.to_utc()))
    }

    /// Goes on after the last slot that has a row. A schedule that is new begins now.
    pub(super) fn resume(&mut self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        // A row of the future was written by a clock that has been set back since.
        self.cursor = last.map_or(now, |last| last.min(now));
        self.furthest = last.unwrap_or(now).max(self.cursor);
    }

    /// Lets a slot wait that has waited before this process began.
    pub(super) fn line_up_again(&mut self, due: DateTime<Utc>) {
        self.queue.push_back(due);
    }

    /// Goes on by another schedule of the same name. One that was over begins now; one with other slots has none before
    /// now, but for those that fell due and could not be taken yet. Whether it was over.
    pub(super) fn change(&mut self, schedule: Schedule, now: DateTime<Utc>) -> bool {
        let by = |slots: &Slots| (slots.cron().map(|cron| cron.source().to_owned()), slots.zone());
        let has_others = by(&schedule.slots) != by(&self.schedule.slots);
        self.schedule = schedule;
        let was_over = std::mem::take(&mut self.is_over);
        if was_over || has_others && !self.deferred {
            self.cursor = now;
            self.furthest = self.furthest.max(now);
        }
        was_over
    }

    /// Ends it. How many slots wait: their rows stay as they are.
    pub(super) fn end(&mut self) -> usize {
        self.is_over = true;
        self.waited.clear();
        std::mem::take(&mut self.queue).len()
    }

    /// Whether others queue its slots in the store, and it has none of its own.
    pub(super) fn is_begun_by_others(&self) -> bool {
        self.schedule.slots.cron().is_none()
    }

    /// Lets a slot wait that was found queued, unless it is known here.
    pub(super) fn found(&mut self, due: DateTime<Utc>) {
        let goes_on = matches!(self.state, State::Opening(at) | State::Running(at, _) if at == due);
        if let (false, Err(permit)) = (goes_on || self.is_over, self.queue.binary_search(&due)) {
            self.queue.insert(permit, due);
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

    pub(super) fn opened(&mut self, cancellation: Cancellation) {
        if let State::Opening(due) = self.state {
            self.state = State::Running(due, cancellation);
        }
    }

    /// Nothing goes on any more.
    pub(super) fn finished(&mut self) {
        self.state = State::Idle;
    }

    /// Whether its rows are being recorded. Until they are, nothing begins.
    pub(super) fn is_recording(&self) -> bool {
        self.recording
    }

    pub(super) fn recorded(&mut self) {
        self.recording = false;
    }

    /// Whether slots fell due that could not be taken; asking ends it.
    pub(super) fn was_deferred(&mut self) -> bool {
        std::mem::take(&mut self.deferred)
    }

    /// Lets a run go on that has waited, once it is its turn.
    pub(super) fn may_go_on(&mut self, due: DateTime<Utc>, window: Window) {
        let goes_on = match self.state {
            State::Idle => None,
            State::Opening(due) | State::Running(due, _) => Some(due),
        };
        if goes_on != Some(due) && !self.is_over {
            self.waited.insert(due, window);
        }
    }

    /// The slot whose run is next and could begin now.
    pub(super) fn wants(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let waited = self.waited.keys().next();
        let next = self.queue.front().into_iter().chain(waited).min().copied()?;
        (self.is_idle() && !self.recording && self.held(now).is_none()).then_some(next)
    }

    /// Begins the run that is next, where it still may.
    pub(super) fn begin(&mut self, now: DateTime<Utc>) -> Option<Begun> {
        let due = self.wants(now)?;
        let window = self.waited.remove(&due);
        if window.is_none() {
            self.queue.pop_front();
        }
        self.state = State::Opening(due);
        let is_kept = window.is_none() && self.is_begun_by_others();
        Some(Begun { due, window, is_kept })
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
        let (mut due, are_all) = self.fell_due(now);
        if let Some(last) = due.last() {
            self.cursor = *last;
        }
        // One that comes again has its row, and if it still waits it is not to lose it.
        due.retain(|slot| *slot > self.furthest || !self.queue.contains(slot));
        let mut taken = Taken { more_since: (!are_all).then_some(since), ..Taken::default() };
        let mut may_run = Vec::new();
        for slot in due {
            match self.barred(slot) {
                Some((state, reason)) => taken.rows.push(self.row(slot, state, reason, now)),
                None => may_run.push(slot),
            }
        }
        for slot in self.not_missed(may_run, now, &mut taken.rows) {
            self.line_up(slot, now, &mut taken);
        }
        self.furthest = self.furthest.max(self.cursor);
        Some(taken)
    }

    /// What is to be recorded of the slots that were taken, `begun` being the one whose run begins. `permit` says what
    /// the next one waits for, if nothing else keeps it.
    pub(super) fn rows(
        &mut self,
        taken: Taken,
        begun: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        permit: impl Fn() -> String,
    ) -> Vec<SlotRecord> {
        let Taken { mut rows, mut lined_up, more_since } = taken;
        lined_up.retain(|slot| self.queue.contains(slot));
        let queued =
            |slot: &DateTime<Utc>| self.row(*slot, SlotState::Queued, self.waits_for(*slot, now, &permit), now);
        rows.extend(lined_up.iter().map(queued));
        rows.sort_by_key(|row| row.due);
        if let (Some(first), Some(since)) = (rows.first_mut(), more_since) {
            let reason = first.reason.get_or_insert_default();
            reason.push_str(&format!("; those before it, since {}, are not listed", since.to_rfc3339()));
        }
        if let Some(due) = begun.filter(|_| !rows.is_empty()) {
            // So that it is not lost should the process die between the rows and the run.
            rows.push(self.row(due, SlotState::Queued, "its run is about to begin".to_owned(), now));
        }
        self.recording |= !rows.is_empty();
        rows
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
    fn line_up(&mut self, slot: DateTime<Utc>, now: DateTime<Utc>, taken: &mut Taken) {
        let policy = &self.schedule.policy;
        let earlier = match (&self.state, self.queue.front()) {
            (State::Running(running, _), _) => {
                Some(format!("the run of the slot of {} was still going on", self.local(*running)))
            }
            (_, Some(first)) => Some(format!("the slot of {} was still waiting", self.local(*first))),
            _ => None,
        };
        // What goes on does not bar what was missed, nor what comes while that is being caught up with.
        let catches_up = policy.missed == Missed::All && (self.is_late(slot, now) || !self.queue.is_empty());
        if let Some(earlier) = earlier.filter(|_| !catches_up) {
            match policy.overlap {
                Overlap::Queue => {}
                // A slot that comes again is not new: it has its row, and replaces nothing.
                Overlap::Replace if slot <= self.furthest => {}
                Overlap::Replace => {
                    let reason = format!("replaced by the slot of {}", self.local(slot));
                    if let State::Running(_, cancellation) = &self.state {
                        cancellation.cancel(&reason);
                    }
                    for replaced in std::mem::take(&mut self.queue) {
                        taken.rows.push(self.row(replaced, SlotState::Skipped, reason.clone(), now));
                    }
                }
                Overlap::Skip => return taken.rows.push(self.row(slot, SlotState::Skipped, earlier, now)),
            }
        }
        if self.queue.len() >= MOST_QUEUED.max(self.schedule.policy.missed_cap) {
            let reason = format!("{} slots were waiting before it", self.queue.len());
            return taken.rows.push(self.row(slot, SlotState::Skipped, reason, now));
        }
        self.queue.push_back(slot);
        taken.lined_up.push(slot);
    }

    /// What a slot waits for that is in the queue.
    fn waits_for(&self, slot: DateTime<Utc>, now: DateTime<Utc>, permit: impl Fn() -> String) -> String {
        let ahead = self.queue.iter().take_while(|queued| **queued != slot).last().copied();
        let before = ahead.or(match self.state {
            State::Idle => None,
            State::Opening(due) | State::Running(due, _) => Some(due),
        });
        match before {
            Some(before) => format!("it waits for the run of the slot of {}", self.local(before)),
            None => format!("it waits for {}", self.held(now).unwrap_or_else(permit)),
        }
    }

    fn row(&self, due: DateTime<Utc>, state: SlotState, reason: String, now: DateTime<Utc>) -> SlotRecord {
        let Schedule { export, tenant, .. } = &self.schedule;
        // What it accounts for was decided when it fell due: the schedule may be another when its turn comes.
        let window = if state == SlotState::Queued { self.schedule.window(due) } else { None };
        SlotRecord { window, reason: Some(reason), ..SlotRecord::new(export, tenant, due, state, now) }
    }

    fn local(&self, moment: DateTime<Utc>) -> String {
        self.schedule.local(moment).to_rfc3339()
    }
}

#[cfg(test)]
mod tests;
