//! What runs exports when they are due.
//!
//! Each export has a lane for each of its tenants. A lane knows how far it has come (its cursor) and takes its slots
//! one after the other; every slot gets a row in the store, also when it does not run. Lanes do not wait for each
//! other, and what fails in one (the store included) is tried again there and nowhere else.
//!
//! A run of a slot that waited, because a write of it was in doubt, goes on once that is settled.
//!
//! Nothing here trusts the clock to go on evenly: the time of day is looked at again at least every half minute, so a
//! machine that slept or a clock that was set is noticed. Slots that passed meanwhile are treated as the schedule's
//! `missed` says. A clock that was set back brings no slot twice, since each has its one row.

mod lane;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::run::{Report, Request, Runner};
use crate::store::{RunRecord, Trigger, pause};
use lane::{Lane, State};

/// The time of day is looked at again at least so often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
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
    Opened(usize),
    /// The slot is done with, one way or another.
    Finished(usize),
    /// Slots that do not run are recorded.
    Recorded(usize),
    /// These runs have waited and may go on.
    Settled(Vec<RunRecord>),
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
        let mut upcoming: Vec<_> = lane::all(self.runner.config(), after)
            .into_iter()
            .filter_map(|lane| Some((lane.export, lane.tenant, lane.slots.next(after)?)))
            .collect();
        upcoming.sort_by_key(|(_, _, due)| *due);
        upcoming
    }

    /// Runs what falls due until `shutdown`, then waits for what goes on.
    pub async fn run(&self, shutdown: CancellationToken) {
        let clock = self.runner.clock().clone();
        let mut lanes = lane::all(self.runner.config(), clock.now());
        let started = tokio::select! {
            () = shutdown.cancelled() => return,
            () = self.take_up(&mut lanes, &*clock) => clock.now(),
        };
        let (tell, mut events) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        let mut work = Work { scheduler: self, tasks: JoinSet::new(), tell, shutdown: shutdown.clone(), cancel };
        let mut due = Due::new();
        due.extend(lanes.iter().enumerate().filter_map(|(n, lane)| Some(Reverse((lane.next()?, n)))));
        let mut seen = started;
        let mut looked: Option<DateTime<Utc>> = None;
        loop {
            // Before anything is taken: a run that has ended is not overlapped.
            while let Ok(event) = events.try_recv() {
                work.told(&mut lanes, &mut due, event);
            }
            let now = clock.now();
            if now < seen - SET_BACK {
                tracing::warn!(%now, before = %seen, "the clock was set back");
                due.clear();
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
            if looked.is_none_or(|looked| (now - looked).abs() >= TimeDelta::seconds(LOOK_AGAIN.as_secs() as i64)) {
                looked = Some(now);
                work.recover();
            }
            let wait = due.peek().and_then(|Reverse((at, _))| (*at - now).to_std().ok()).unwrap_or(LOOK_AGAIN);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = clock.sleep(wait.min(LOOK_AGAIN)) => {}
                Some(event) = events.recv() => work.told(&mut lanes, &mut due, event),
                Some(ended) = work.tasks.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        tracing::error!(%error, "a task of the scheduler failed");
                    }
                }
            }
        }
        work.shut_down(self.patience).await;
    }

    /// Finds how far each lane had come.
    async fn take_up(&self, lanes: &mut [Lane], clock: &dyn Clock) {
        for lane in lanes {
            let mut tries = 0;
            loop {
                match self.runner.store().last_slot(&lane.export, &lane.tenant).await {
                    Ok(last) => break lane.take_up(last, clock.now()),
                    Err(error) => {
                        tracing::error!(%error, lane.export, lane.tenant, "cannot read the last slot; asking again");
                        tokio::time::sleep(pause(tries)).await;
                        tries += 1;
                    }
                }
            }
        }
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
}

impl Work<'_> {
    /// Takes what is due of a lane. False where the lane cannot take anything now and is to be asked again when it
    /// tells.
    fn take(&mut self, n: usize, lane: &mut Lane, now: DateTime<Utc>) -> bool {
        let Some(taken) = lane.take(now) else { return false };
        if !taken.rows.is_empty() {
            lane.recording = true;
            let record = lane::record(self.scheduler.runner.store().clone(), taken.rows, self.shutdown.clone());
            let tell = self.tell.clone();
            self.tasks.spawn(async move {
                record.await;
                let _ = tell.send(Event::Recorded(n));
            });
        }
        if let Some(due) = taken.run {
            lane.state = State::Opening(due);
            self.carry_out(n, Request::slot(&lane.export, &lane.tenant, due), due);
        }
        true
    }

    fn carry_out(&mut self, n: usize, request: Request, due: DateTime<Utc>) {
        let task = lane::carry_out(
            self.scheduler.runner.clone(),
            request,
            due,
            self.shutdown.clone(),
            self.cancel.clone(),
            self.scheduler.onlooker.clone(),
        );
        let (told_open, told_end) = (self.tell.clone(), Ended { n, tell: self.tell.clone() });
        self.tasks.spawn(async move {
            let _ended = told_end;
            task(Box::new(move || {
                let _ = told_open.send(Event::Opened(n));
            }))
            .await;
        });
    }

    /// A task has told something. A lane that could not take its slots when they fell due is looked at again.
    fn told(&mut self, lanes: &mut [Lane], due: &mut Due, event: Event) {
        let n = match event {
            Event::Opened(n) | Event::Finished(n) | Event::Recorded(n) => n,
            Event::Settled(runs) => return self.resume(lanes, &runs),
        };
        let lane = &mut lanes[n];
        match event {
            Event::Opened(_) => lane.opened(),
            Event::Finished(_) => lane.finished(),
            Event::Recorded(_) => lane.recorded(),
            Event::Settled(_) => {}
        }
        if lane.was_deferred() {
            due.extend(lane.next().map(|next| Reverse((next, n))));
        }
    }

    /// Goes on with runs of slots that have waited, each when nothing else goes on in its lane; the others stay for the
    /// next time. What someone ran by hand is theirs to run again.
    fn resume(&mut self, lanes: &mut [Lane], runs: &[RunRecord]) {
        for RunRecord { opening, .. } in runs {
            let Some(due) = opening.due.filter(|_| opening.trigger == Trigger::Schedule) else { continue };
            let lane = lanes.iter().position(|lane| lane.export == opening.export && lane.tenant == opening.tenant);
            if let Some(n) = lane.filter(|n| lanes[*n].resume(due)) {
                let request = Request::slot(&opening.export, &opening.tenant, due);
                self.carry_out(n, Request { window: Some(opening.window), ..request }, due);
            }
        }
    }

    /// Looks for runs that others have abandoned, and for those that may go on.
    fn recover(&mut self) {
        let (runner, tell) = (self.scheduler.runner.clone(), self.tell.clone());
        self.tasks.spawn(async move {
            if let Err(error) = runner.recover().await {
                tracing::error!(%error, "cannot look for abandoned runs");
            }
            match runner.store().settled_runs().await {
                Ok(runs) => drop(tell.send(Event::Settled(runs))),
                Err(error) => tracing::error!(%error, "cannot look for runs that may go on"),
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
