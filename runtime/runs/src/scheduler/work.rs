//! The lanes and what they have going on: what is due, which runs have permits, which tasks have something to tell.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tradewire_schedule::Schedule;
use tradewire_store::{DeliveryRecord, Pause, RunId, RunRecord, SlotRecord, TriggerKind, with_endless_retries};

use super::deliveries::Deliveries;
use super::lane::{Begun, Lane, Taken};
use super::permits::{Claim, Limits, Permits};
use super::{LOOK_AGAIN, Observer, tasks};
use crate::run::{Cancellation, Request, Runner};

/// How long runs that were cancelled at the shutdown may take to record it.
const RECORD: Duration = Duration::from_secs(20);

/// What a task tells the loop.
pub(super) enum Event {
    /// The slot's run is open: from here on later slots overlap it.
    Opened(usize, Cancellation),
    /// The slot is done with, one way or another.
    Finished(usize),
    /// Slots of these lanes that do not run, or not yet, are recorded.
    Recorded(Vec<usize>),
    /// An attempt failed; the next is due then.
    Retry(DateTime<Utc>),
    /// These slots wait in the store; none where the store did not answer.
    Queued(Vec<SlotRecord>),
    /// These schedules are paused, and no others.
    Paused(Vec<Pause>),
    /// These runs have waited and may go on, now or later.
    Waited(Vec<RunRecord>),
    /// These files are on their way; none where the store did not answer.
    Deliveries(Vec<DeliveryRecord>),
    /// The delivery of this run was tried, and whether something has come of it.
    Tried(RunId, bool),
    /// A run has ended whose files are still on their way.
    Undelivered,
    /// The schedules of this runner are to be gone by; what the store says of them.
    Reconfigured { runner: Arc<Runner>, queued: Vec<SlotRecord>, pauses: Vec<Pause> },
}

/// The lanes by their numbers, and what goes on in them.
pub(super) struct Work {
    pub(super) runner: Arc<Runner>,
    pub(super) observer: Option<Observer>,
    lanes: Vec<Lane>,
    /// The number of each lane, by export and tenant.
    numbers: HashMap<(String, String), usize>,
    /// The lanes by their next slot, the earliest first.
    due: BinaryHeap<Reverse<(DateTime<Utc>, usize)>>,
    permits: Permits,
    pub(super) deliveries: Deliveries,
    pub(super) tasks: JoinSet<()>,
    /// What looks up the schedules that are to be gone by next.
    preparing: Option<AbortHandle>,
    pub(super) tell: mpsc::UnboundedSender<Event>,
    shutdown: CancellationToken,
    /// Ends the runs that go on.
    pub(super) cancel: CancellationToken,
    /// When to look again at what others have left, settled and changed.
    pub(super) look_at: DateTime<Utc>,
    /// Whether the store is being asked what is queued; again where something was queued since.
    looking: Option<bool>,
}

impl Work {
    pub(super) fn new(
        runner: Arc<Runner>,
        observer: Option<Observer>,
        tell: mpsc::UnboundedSender<Event>,
        shutdown: CancellationToken,
    ) -> Self {
        let now = runner.clock().now();
        let lanes: Vec<Lane> = runner.config().schedules().map(|schedule| Lane::new(schedule, now)).collect();
        Self {
            numbers: lanes.iter().enumerate().map(|(n, lane)| (lane.name(), n)).collect(),
            lanes,
            due: BinaryHeap::new(),
            permits: Permits::new(Limits::of(runner.config())),
            deliveries: Deliveries::default(),
            tasks: JoinSet::new(),
            preparing: None,
            tell,
            shutdown,
            cancel: CancellationToken::new(),
            look_at: now,
            looking: None,
            runner,
            observer,
        }
    }

    /// Finds how far each lane had come, what waits in it, and whether it is paused.
    pub(super) async fn resume(&mut self) {
        let store = self.runner.store().clone();
        let names: Vec<_> = self.lanes.iter().map(Lane::name).collect();
        let last =
            with_endless_retries("reading how far the schedules had come", || store.last_slots(names.clone())).await;
        let queued = with_endless_retries("reading how far the schedules had come", || store.queued_slots()).await;
        let pauses = with_endless_retries("reading how far the schedules had come", || store.pauses()).await;
        let now = self.runner.clock().now();
        for (lane, last) in self.lanes.iter_mut().zip(last) {
            lane.resume(last, now);
        }
        for slot in queued {
            if let Some(n) = self.numbers.get(&(slot.export, slot.tenant)) {
                self.lanes[*n].line_up_again(slot.due);
            }
        }
        self.pause(&pauses);
        self.look_at = now;
        self.find_due();
    }

    fn find_due(&mut self) {
        self.due = self.lanes.iter().enumerate().filter_map(|(n, lane)| Some(Reverse((lane.next()?, n)))).collect();
    }

    /// The clock was set back: slots come again, and have their rows.
    pub(super) fn set_back(&mut self, now: DateTime<Utc>) {
        self.look_at = now;
        for lane in &mut self.lanes {
            lane.set_back(now);
        }
        self.find_due();
    }

    /// Takes what is due. A lane that cannot take anything now is asked again when it tells.
    pub(super) fn take_due(&mut self, now: DateTime<Utc>) {
        let mut taken = Vec::new();
        while self.due.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((_, n))) = self.due.pop() else { break };
            if let Some(slots) = self.lanes[n].take(now) {
                taken.push((n, slots));
                self.due.extend(self.lanes[n].next().map(|next| Reverse((next, n))));
            }
        }
        self.go_on(taken, now);
    }

    /// Looks again if it is time for that, and says until when there is nothing to do.
    pub(super) fn look_if_due(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.look_at <= now {
            self.look_at = now + LOOK_AGAIN;
            self.look();
            self.look_for_queued();
            self.look_for_deliveries();
        }
        self.due.peek().map_or(self.look_at, |Reverse((at, _))| self.look_at.min(*at))
    }

    /// Lets the runs begin that have a permit, and records what the slots that were taken have come to.
    fn go_on(&mut self, taken: Vec<(usize, Taken)>, now: DateTime<Utc>) {
        // All of them ask before anyone gets a permit: what falls due at one time is in no order.
        for (n, _) in &taken {
            self.ask(*n, now);
        }
        let mut begun = BTreeMap::new();
        while let Some(n) = self.permits.grant(|n| !self.lanes[n].is_recording()) {
            match self.lanes[n].begin(now) {
                Some(run) => drop(begun.insert(n, run)),
                None => self.permits.release(n),
            }
        }
        let (mut lanes, mut rows) = (Vec::new(), Vec::new());
        for (n, slots) in taken {
            let run = begun.remove(&n);
            let (permits, claim) = (&self.permits, self.claim(n));
            let its = self.lanes[n].rows(slots, run.as_ref().map(|run| run.due), now, || permits.waits_for(&claim));
            match run {
                Some(run) => self.begin(n, its, run),
                None if its.is_empty() => {}
                None => {
                    lanes.push(n);
                    rows.extend(its);
                }
            }
        }
        if !rows.is_empty() {
            self.record(lanes, rows);
        }
        for (n, run) in begun {
            self.begin(n, Vec::new(), run);
        }
    }

    /// Lets a lane wait for a permit if it has use for one. While its rows are recorded it keeps its turn.
    fn ask(&mut self, n: usize, now: DateTime<Utc>) {
        if self.lanes[n].is_recording() {
            return;
        }
        match self.lanes[n].wants(now) {
            Some(due) => self.permits.request(n, due, self.claim(n)),
            None => self.permits.withdraw(n),
        }
    }

    fn claim(&self, n: usize) -> Claim {
        let Schedule { export, tenant, .. } = &self.lanes[n].schedule;
        Claim::new(tenant, self.runner.config().exports.get(export))
    }

    /// Records rows of lanes in which nothing begins.
    fn record(&mut self, lanes: Vec<usize>, rows: Vec<SlotRecord>) {
        let (store, tell, shutdown) = (self.runner.store().clone(), self.tell.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            tasks::record(store, rows, shutdown).await;
            let _ = tell.send(Event::Recorded(lanes));
        });
    }

    /// Records rows, then opens a run and carries it out.
    fn begin(&mut self, n: usize, rows: Vec<SlotRecord>, begun: Begun) {
        let Schedule { export, tenant, .. } = &self.lanes[n].schedule;
        let request = Request { window: begun.window, ..Request::slot(export, tenant, begun.due) };
        let (runner, observer) = (self.runner.clone(), self.observer.clone());
        let (tell, shutdown, cancel) = (self.tell.clone(), self.shutdown.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            let _ended = Ended { n, tell: tell.clone() };
            if !rows.is_empty() {
                let is_recorded = tasks::record(runner.store().clone(), rows, shutdown.clone()).await;
                let _ = tell.send(Event::Recorded(vec![n]));
                if !is_recorded {
                    return;
                }
            }
            let Some(open) = tasks::open(&runner, request, begun, shutdown).await else { return };
            let _ = tell.send(Event::Opened(n, open.cancellation()));
            let Some(report) = tasks::carry_out(&runner, open, cancel).await else { return };
            if let Some(at) = report.run.ending.as_ref().and_then(|ending| ending.retry_at) {
                let _ = tell.send(Event::Retry(at));
            }
            if report.delivers() {
                let _ = tell.send(Event::Undelivered);
            }
            if let Some(observer) = observer {
                observer(&report);
            }
        });
    }

    /// A task has told something.
    pub(super) fn told(&mut self, event: Event) {
        let now = self.runner.clock().now();
        match event {
            Event::Opened(n, cancellation) => {
                self.lanes[n].opened(cancellation);
                self.look_at_lane(n, now);
            }
            Event::Finished(n) => {
                self.lanes[n].finished();
                self.permits.release(n);
                self.look_at_lane(n, now);
            }
            Event::Recorded(lanes) => {
                for n in lanes {
                    self.lanes[n].recorded();
                    self.look_at_lane(n, now);
                }
            }
            Event::Retry(at) => return self.look_at = self.look_at.min(at),
            Event::Queued(slots) => self.found(slots, now),
            Event::Paused(pauses) => {
                self.pause(&pauses);
                // A blackout may have ended as well.
                (0..self.lanes.len()).for_each(|n| self.ask(n, now));
            }
            Event::Waited(runs) => self.waited(runs, now),
            Event::Deliveries(found) => return self.found_deliveries(found, now),
            Event::Tried(run, look_again) => return self.tried(run, look_again),
            Event::Undelivered => return self.look_for_deliveries(),
            Event::Reconfigured { runner, queued, pauses } => self.reconfigure(runner, queued, &pauses, now),
        }
        self.go_on(Vec::new(), now);
    }

    /// Looks at a lane in which something has changed: at what it could not take when it fell due, and what may begin.
    fn look_at_lane(&mut self, n: usize, now: DateTime<Utc>) {
        let lane = &mut self.lanes[n];
        if lane.was_deferred() {
            self.due.extend(lane.next().map(|next| Reverse((next, n))));
        }
        self.ask(n, now);
    }

    fn pause(&mut self, pauses: &[Pause]) {
        for lane in &mut self.lanes {
            let Schedule { export, tenant, .. } = &lane.schedule;
            let since = pauses.iter().filter(|pause| pause.covers(export, tenant)).map(|pause| pause.since).min();
            lane.pause(since);
        }
    }

    /// Lets runs of slots go on that have waited, each when it is its turn. What someone ran by hand is theirs to run
    /// again.
    fn waited(&mut self, runs: Vec<RunRecord>, now: DateTime<Utc>) {
        for RunRecord { opening, ending, .. } in runs {
            if let Some(at) = ending.and_then(|ending| ending.retry_at).filter(|at| *at > now) {
                self.look_at = self.look_at.min(at);
                continue;
            }
            let Some(due) = opening.due.filter(|_| opening.trigger != TriggerKind::Manual) else { continue };
            if let Some(n) = self.numbers.get(&(opening.export, opening.tenant)).copied() {
                self.lanes[n].may_go_on(due, opening.window);
                self.ask(n, now);
            }
        }
    }

    /// Looks for slots that others have queued.
    pub(super) fn look_for_queued(&mut self) {
        if let Some(again) = &mut self.looking {
            *again = true;
            return;
        }
        self.looking = Some(false);
        let (runner, tell) = (self.runner.clone(), self.tell.clone());
        self.tasks.spawn(async move {
            let slots = runner.store().queued_slots().await.inspect_err(|error| {
                tracing::error!(%error, "cannot look which slots wait; looking again in half a minute");
            });
            let _ = tell.send(Event::Queued(slots.unwrap_or_default()));
        });
    }

    /// Lets slots wait that others have queued.
    fn found(&mut self, slots: Vec<SlotRecord>, now: DateTime<Utc>) {
        if self.looking.take() == Some(true) {
            self.look_for_queued();
        }
        for SlotRecord { export, tenant, due, .. } in slots {
            let Some(n) = self.numbers.get(&(export, tenant)).copied() else { continue };
            if self.lanes[n].is_begun_by_others() {
                self.lanes[n].found(due);
                self.ask(n, now);
            }
        }
    }

    /// Asks the store what there is to know of another runner's schedules. Until it answers everything goes on as it was.
    pub(super) fn prepare(&mut self, runner: Arc<Runner>) {
        let (tell, shutdown) = (self.tell.clone(), self.shutdown.clone());
        let preparing = self.tasks.spawn(async move {
            let store = runner.store();
            let known = async {
                let queued = with_endless_retries("reading how far the schedules had come", || store.queued_slots()).await;
                (queued, with_endless_retries("reading how far the schedules had come", || store.pauses()).await)
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                (queued, pauses) = known => drop(tell.send(Event::Reconfigured { runner: runner.clone(), queued, pauses })),
            }
        });
        if let Some(overtaken) = self.preparing.replace(preparing) {
            overtaken.abort();
        }
    }

    /// Goes on by the schedules of another runner.
    fn reconfigure(&mut self, runner: Arc<Runner>, queued: Vec<SlotRecord>, pauses: &[Pause], now: DateTime<Utc>) {
        // What has fallen due did so by the schedules of before.
        self.take_due(now);
        self.runner = runner;
        self.permits.limit(Limits::of(self.runner.config()));
        let mut gone: HashSet<usize> = (0..self.lanes.len()).collect();
        let mut new = HashSet::new();
        for schedule in self.runner.config().schedules() {
            match self.numbers.get(&(schedule.export.clone(), schedule.tenant.clone())).copied() {
                Some(n) => {
                    gone.remove(&n);
                    if self.lanes[n].change(schedule, now) {
                        new.insert(n);
                    }
                }
                None => {
                    let (n, lane) = (self.lanes.len(), Lane::new(schedule, now));
                    self.numbers.insert(lane.name(), n);
                    self.lanes.push(lane);
                    new.insert(n);
                }
            }
        }
        for n in gone {
            let waiting = self.lanes[n].end();
            if waiting > 0 {
                let Schedule { export, tenant, .. } = &self.lanes[n].schedule;
                tracing::warn!(export, tenant, waiting, "a schedule is gone whose slots wait; they stay as they are");
            }
        }
        for slot in queued {
            if let Some(n) = self.numbers.get(&(slot.export, slot.tenant)).filter(|n| new.contains(n)) {
                self.lanes[*n].line_up_again(slot.due);
            }
        }
        self.pause(pauses);
        self.look_at = now;
        self.find_due();
        (0..self.lanes.len()).for_each(|n| self.ask(n, now));
    }

    /// Looks for runs that others have abandoned, for schedules that are paused, and for runs that may go on.
    fn look(&mut self) {
        let (runner, tell) = (self.runner.clone(), self.tell.clone());
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

    /// Waits for the next task to end.
    pub(super) async fn task_ends(&mut self) {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(Err(error)) if error.is_panic() => tracing::error!(%error, "a task of the scheduler failed"),
            Some(_) => {}
        }
    }

    /// Waits for what goes on, then cancels it.
    pub(super) async fn shut_down(mut self, patience: Duration) {
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
