//! What runs exports when they are due.
//!
//! Each export that begins by itself has a lane for each of its tenants. A lane knows how far it has come (its cursor) and takes its slots
//! one after the other; every slot gets a row in the store, also when it does not run. Slots that wait for their turn
//! have rows that say for what; rows are recorded before a run is opened, so a process that dies in between loses none.
//! Lanes do not wait for each other, and what fails in one (the store included) is tried again there and nowhere else.
//!
//! Nothing begins while a schedule is paused or in a blackout: slots that fall due then do not run, and what waits goes
//! on afterwards.
//!
//! Lanes whose slots others queue (a run that succeeded and that they come after) have none of their own: theirs wait in
//! the store since the very transaction that queued them, each with its window, and are found at once where it was this
//! process, else at the next look. None of them is ever skipped; they wait for their turn.
//!
//! A run of a slot that waited goes on when nothing else does in its lane: once the write that was in doubt is settled,
//! or the next attempt after a failure is due. Between its attempts it overlaps nothing.
//!
//! Nothing here trusts the clock to go on evenly: the time of day is looked at again at least every half minute, so a
//! machine that slept or a clock that was set is noticed. Slots that passed meanwhile are treated as the schedule's
//! `missed` says. A clock that was set back brings no slot twice, since each has its one row.

mod lane;
mod status;
mod tasks;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::run::{CallOff, Report, Request, Runner};
use crate::schedule::Schedule;
use crate::store::{Pause, RunRecord, SlotRecord, StoreError, Trigger, pause};
use lane::{Lane, Taken};
pub use status::{Condition, Status, statuses};
use tasks::Turn;

/// The time of day is looked at again at least so often.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// A clock that was set back by less is taken for one that is merely adjusted.
const SET_BACK: TimeDelta = TimeDelta::seconds(5);
/// How long runs that were cancelled at the shutdown may take to record it.
const RECORD: Duration = Duration::from_secs(20);

/// Told of each run as it ends.
type Onlooker = Arc<dyn Fn(&Report) + Send + Sync>;

/// The schedules of a configuration.
pub struct Scheduler {
    runner: Arc<Runner>,
    patience: Duration,
    onlooker: Option<Onlooker>,
}

/// The lanes by their next slot, the earliest first.
type Due = BinaryHeap<Reverse<(DateTime<Utc>, usize)>>;

/// What a lane's task tells the loop.
enum Event {
    /// The slot's run is open: from here on later slots overlap it.
    Opened(usize, CallOff),
    /// The slot is done with, one way or another.
    Finished(usize),
    /// Slots that do not run, or not yet, are recorded.
    Recorded(usize),
    /// An attempt failed; the next is due then.
    Retry(DateTime<Utc>),
    /// These slots wait in the store; none where the store did not answer.
    Queued(Vec<SlotRecord>),
    /// These schedules are paused, and no others.
    Paused(Vec<Pause>),
    /// These runs have waited and may go on, now or later.
    Waited(Vec<RunRecord>),
}

impl Scheduler {
    /// The schedules of the runner's configuration.
    pub fn new(runner: Arc<Runner>) -> Self {
        Self { runner, patience: Duration::from_secs(30), onlooker: None }
    }

    /// How long a shutdown waits for runs that go on before it cancels them; 30 seconds unless told otherwise.
    pub fn wait_at_shutdown(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Tells of each run as it ends.
    pub fn on_report(mut self, onlooker: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.onlooker = Some(Arc::new(onlooker));
        self
    }

    /// The next slot of each export and tenant after this moment, the earliest first.
    pub fn upcoming(&self, after: DateTime<Utc>) -> Vec<(String, String, DateTime<chrono_tz::Tz>)> {
        let schedules = self.runner.config().schedules();
        let mut upcoming: Vec<_> = schedules
            .filter_map(|Schedule { export, tenant, slots, .. }| Some((export, tenant, slots.next(after)?)))
            .collect();
        upcoming.sort_by_key(|(_, _, due)| *due);
        upcoming
    }

    /// Runs what falls due until `shutdown`, then waits for what goes on.
    pub async fn run(&self, shutdown: CancellationToken) {
        let clock = self.runner.clock().clone();
        let mut lanes: Vec<Lane> =
            self.runner.config().schedules().map(|schedule| Lane::new(schedule, clock.now())).collect();
        let started = tokio::select! {
            () = shutdown.cancelled() => return,
            () = self.take_up(&mut lanes, &*clock) => clock.now(),
        };
        let (tell, mut events) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        let (tasks, shut) = (JoinSet::new(), shutdown.clone());
        let mut work =
            Work { scheduler: self, tasks, tell, shutdown: shut, cancel, look_at: started, is_looking: false };
        let mut due = Due::new();
        due.extend(lanes.iter().enumerate().filter_map(|(n, lane)| Some(Reverse((lane.next()?, n)))));
        let mut seen = started;
        loop {
            // Before anything is taken: a run that has ended is not overlapped.
            while let Ok(event) = events.try_recv() {
                work.told(&mut lanes, &mut due, event);
            }
            let now = clock.now();
            if now < seen - SET_BACK {
                tracing::warn!(%now, before = %seen, "the clock was set back");
                due.clear();
                work.look_at = now;
                for (n, lane) in lanes.iter_mut().enumerate() {
                    lane.set_back(now);
                    due.extend(lane.next().map(|next| Reverse((next, n))));
                }
            }
            seen = now;
            while due.peek().is_some_and(|Reverse((at, _))| *at <= now) {
                let Some(Reverse((_, n))) = due.pop() else { break };
                if work.take(n, &mut lanes[n], now) {
                    due.extend(lanes[n].next().map(|next| Reverse((next, n))));
                }
            }
            if work.look_at <= now {
                work.look_at = now + LOOK_AGAIN;
                work.look();
                if !work.is_looking {
                    work.look_for_queued();
                }
            }
            let next = due.peek().map_or(work.look_at, |Reverse((at, _))| work.look_at.min(*at));
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = clock.sleep((next - now).to_std().unwrap_or_default()) => {}
                Some(event) = events.recv() => work.told(&mut lanes, &mut due, event),
                () = self.runner.queued().notified(), if !work.is_looking => work.look_for_queued(),
                Some(ended) = work.tasks.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        tracing::error!(%error, "a task of the scheduler failed");
                    }
                }
            }
        }
        work.shut_down(self.patience).await;
    }

    /// Finds how far each lane had come, what waits in it, and whether it is paused.
    async fn take_up(&self, lanes: &mut [Lane], clock: &dyn Clock) {
        let store = self.runner.store();
        for lane in &mut *lanes {
            let last = insistently(|| store.last_slot(&lane.schedule.export, &lane.schedule.tenant)).await;
            lane.take_up(last, clock.now());
        }
        for slot in insistently(|| store.queued_slots()).await {
            if let Some(lane) = lanes.iter_mut().find(|lane| lane.is_of(&slot.export, &slot.tenant)) {
                lane.line_up_again(slot.due);
            }
        }
        pause_all(lanes, &insistently(|| store.pauses()).await);
    }
}

/// Asks the store until it answers.
async fn insistently<T, F: Future<Output = Result<T, StoreError>>>(mut ask: impl FnMut() -> F) -> T {
    let mut tries = 0;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => {
                tracing::error!(%error, "cannot read how far the schedules had come; asking again");
                tokio::time::sleep(pause(tries)).await;
                tries += 1;
            }
        }
    }
}

fn pause_all(lanes: &mut [Lane], pauses: &[Pause]) {
    for lane in lanes {
        let Schedule { export, tenant, .. } = &lane.schedule;
        let since = pauses.iter().filter(|pause| pause.covers(export, tenant)).map(|pause| pause.since).min();
        lane.pause(since);
    }
}

/// The tasks of the lanes.
struct Work<'a> {
    scheduler: &'a Scheduler,
    tasks: JoinSet<()>,
    tell: mpsc::UnboundedSender<Event>,
    shutdown: CancellationToken,
    /// Ends the runs that go on.
    cancel: CancellationToken,
    /// When to look again at what others have left, settled and changed.
    look_at: DateTime<Utc>,
    /// Whether the store is being asked what is queued.
    is_looking: bool,
}

impl Work<'_> {
    /// Takes what is due of a lane. False where the lane cannot take anything now and is to be asked again when it
    /// tells.
    fn take(&mut self, n: usize, lane: &mut Lane, now: DateTime<Utc>) -> bool {
        let Some(Taken { run, rows }) = lane.take(now) else { return false };
        let Schedule { export, tenant, .. } = &lane.schedule;
        let is_kept = lane.is_begun_by_others();
        let request = run.map(|due| (Request::slot(export, tenant, due), Turn { due, is_kept }));
        if request.is_some() || !rows.is_empty() {
            self.begin(n, rows, request);
        }
        true
    }

    /// Records rows, then opens a run and carries it out.
    fn begin(&mut self, n: usize, rows: Vec<SlotRecord>, request: Option<(Request, Turn)>) {
        let (runner, onlooker) = (self.scheduler.runner.clone(), self.scheduler.onlooker.clone());
        let (tell, shutdown, cancel) = (self.tell.clone(), self.shutdown.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            let _ended = request.is_some().then(|| Ended { n, tell: tell.clone() });
            if !rows.is_empty() {
                let is_recorded = tasks::record(runner.store().clone(), rows, shutdown.clone()).await;
                let _ = tell.send(Event::Recorded(n));
                if !is_recorded {
                    return;
                }
            }
            let Some((request, turn)) = request else { return };
            let Some(open) = tasks::open(&runner, request, turn, shutdown).await else { return };
            let _ = tell.send(Event::Opened(n, open.call_off()));
            let Some(report) = tasks::carry_out(&runner, open, cancel).await else { return };
            if let Some(at) = report.run.ending.as_ref().and_then(|ending| ending.retry_at) {
                let _ = tell.send(Event::Retry(at));
            }
            if let Some(onlooker) = onlooker {
                onlooker(&report);
            }
        });
    }

    /// A task has told something. A lane that could not take its slots when they fell due is looked at again.
    fn told(&mut self, lanes: &mut [Lane], due: &mut Due, event: Event) {
        let now = self.scheduler.runner.clock().now();
        let n = match event {
            Event::Opened(n, call_off) => {
                lanes[n].opened(call_off);
                n
            }
            Event::Finished(n) => {
                if lanes[n].finished() {
                    self.look_at = now;
                }
                n
            }
            Event::Recorded(n) => {
                lanes[n].recorded();
                n
            }
            Event::Retry(at) => return self.look_at = self.look_at.min(at),
            Event::Queued(slots) => {
                self.is_looking = false;
                for SlotRecord { export, tenant, due, .. } in slots {
                    let lane = lanes.iter_mut().find(|lane| lane.is_begun_by_others() && lane.is_of(&export, &tenant));
                    lane.into_iter().for_each(|lane| lane.found(due));
                }
                return self.take_queued(lanes, now);
            }
            Event::Paused(pauses) => {
                pause_all(lanes, &pauses);
                return self.take_queued(lanes, now);
            }
            Event::Waited(runs) => return self.resume(lanes, &runs, now),
        };
        let lane = &mut lanes[n];
        if lane.was_deferred() {
            due.extend(lane.next().map(|next| Reverse((next, n))));
        }
        if lane.is_ready(now) {
            self.take(n, lane, now);
        }
    }

    /// Goes on with slots that have waited, in lanes where nothing bars them any more.
    fn take_queued(&mut self, lanes: &mut [Lane], now: DateTime<Utc>) {
        for (n, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.is_ready(now)) {
            self.take(n, lane, now);
        }
    }

    /// Goes on with runs of slots that have waited, each when nothing else goes on in its lane; the others stay for the
    /// next time. What someone ran by hand is theirs to run again.
    fn resume(&mut self, lanes: &mut [Lane], runs: &[RunRecord], now: DateTime<Utc>) {
        for RunRecord { opening, ending, .. } in runs {
            if let Some(at) = ending.as_ref().and_then(|ending| ending.retry_at).filter(|at| *at > now) {
                self.look_at = self.look_at.min(at);
                continue;
            }
            let Some(due) = opening.due.filter(|_| opening.trigger != Trigger::Manual) else { continue };
            let lane = lanes.iter().position(|lane| lane.is_of(&opening.export, &opening.tenant));
            if let Some(n) = lane.filter(|n| lanes[*n].resume(due, now)) {
                let request = Request::slot(&opening.export, &opening.tenant, due);
                let request = Request { window: Some(opening.window), ..request };
                self.begin(n, Vec::new(), Some((request, Turn { due, is_kept: false })));
            }
        }
    }

    /// Looks for slots that others have queued.
    fn look_for_queued(&mut self) {
        self.is_looking = true;
        let (runner, tell) = (self.scheduler.runner.clone(), self.tell.clone());
        self.tasks.spawn(async move {
            let slots = runner.store().queued_slots().await.inspect_err(|error| {
                tracing::error!(%error, "cannot look which slots wait; looking again in half a minute");
            });
            let _ = tell.send(Event::Queued(slots.unwrap_or_default()));
        });
    }

    /// Looks for runs that others have abandoned, for schedules that are paused, and for runs that may go on.
    fn look(&mut self) {
        let (runner, tell) = (self.scheduler.runner.clone(), self.tell.clone());
        self.tasks.spawn(async move {
            if let Err(error) = runner.recover().await {
                tracing::error!(%error, "cannot look for abandoned runs");
            }
            match runner.store().pauses().await {
                Ok(pauses) => drop(tell.send(Event::Paused(pauses))),
                Err(error) => tracing::error!(%error, "cannot look which schedules are paused; they stay as they were"),
            }
            for waited in [runner.store().settled_runs().await, runner.store().retries().await] {
                match waited {
                    Ok(runs) => drop(tell.send(Event::Waited(runs))),
                    Err(error) => tracing::error!(%error, "cannot look for runs that may go on"),
                }
            }
        });
    }

    async fn shut_down(mut self, patience: Duration) {
        let tasks = &mut self.tasks;
        if tokio::time::timeout(patience, async { while tasks.join_next().await.is_some() {} }).await.is_ok() {
            return;
        }
        tracing::warn!(runs = tasks.len(), "cancelling the runs that still go on");
        self.cancel.cancel();
        let _ = tokio::time::timeout(RECORD, async { while tasks.join_next().await.is_some() {} }).await;
    }
}

/// Tells the loop that a slot is done with, also when its task panics.
struct Ended {
    n: usize,
    tell: mpsc::UnboundedSender<Event>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.tell.send(Event::Finished(self.n));
    }
}
