//! What runs exports when they are due.
//!
//! Each export that begins by itself has a lane for each of its tenants. A lane knows how far it has come (its cursor)
//! and takes its slots one after the other; every slot gets a row in the store, also when it does not run. Slots that
//! wait for their turn have rows that say for what; rows are recorded before a run is opened, so a process that dies in
//! between loses none.
//!
//! Lanes do not wait for each other, and what fails in one (the store included) is tried again there and nowhere else.
//!
//! Nothing begins while a schedule is paused or in a blackout: slots that fall due then do not run, and what waits goes
//! on afterwards.
//!
//! A run begins when it has a permit (`permits`): so many go on at a time in this process, for each tenant, of each
//! plugin. A slot whose run waits for one has its row like any other that waits.
//!
//! Lanes whose slots others queue (a run that succeeded and that they come after) have none of their own: theirs wait in
//! the store since the very transaction that queued them, each with its window, and are found at once where it was this
//! process, else at the next look. None of them is ever skipped; they wait for their turn.
//!
//! A run of a slot that waited goes on when nothing else does in its lane: once its unresolved write is resolved,
//! or the next attempt after a failure is due. Between its attempts it overlaps nothing.
//!
//! Files that could not be delivered while their run went on are tried again when they are due (`deliveries`), whatever
//! goes on in the lanes.
//!
//! Nothing here trusts the clock to go on evenly: the time of day is looked at again at least every half minute, so a
//! machine that slept or a clock that was set is noticed. Slots that passed meanwhile are treated as the schedule's
//! `missed` says. A clock that was set back brings no slot twice, since each has its one row.

mod deliveries;
mod lane;
mod permits;
mod status;
mod tasks;
mod work;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tradewire_schedule::Schedule;

use crate::run::{Report, Runner};
pub use status::{Condition, FeedStatus, Status, statuses};
use work::Work;

/// The time of day is looked at again at least so often.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// A clock that was set back by less is taken for one that is merely adjusted.
const SET_BACK: TimeDelta = TimeDelta::seconds(5);

/// Told of each run as it ends.
type Observer = Arc<dyn Fn(&Report) + Send + Sync>;

/// The schedules of a configuration.
pub struct Scheduler {
    runner: Arc<Runner>,
    others: Option<watch::Receiver<Arc<Runner>>>,
    patience: Duration,
    observer: Option<Observer>,
}

impl Scheduler {
    /// The schedules of the runner's configuration.
    pub fn new(runner: Arc<Runner>) -> Self {
        Self { runner, others: None, patience: Duration::from_secs(30), observer: None }
    }

    /// How long a shutdown waits for runs that go on before it cancels them; 30 seconds unless told otherwise.
    pub fn wait_at_shutdown(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Goes on by the configuration of each runner that comes. Schedules that are new begin then, those that are gone end,
    /// the others go on from where they are; runs that go on end as they began.
    pub fn follow(mut self, runners: watch::Receiver<Arc<Runner>>) -> Self {
        self.others = Some(runners);
        self
    }

    /// Tells of each run as it ends.
    pub fn on_report(mut self, observer: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
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

    /// Runs what falls due until `shutdown`, then waits for what goes on. A runner that another has come after is let go
    /// as soon as the last of its runs ends.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { runner, mut others, patience, observer } = self;
        let (clock, queued) = (runner.clock().clone(), runner.queued().clone());
        let (tell, mut events) = mpsc::unbounded_channel();
        let mut work = Work::new(runner, observer, tell, shutdown.clone());
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = work.resume() => {}
        }
        let mut seen = clock.now();
        loop {
            // Before anything is taken: a run that has ended is not overlapped.
            while let Ok(event) = events.try_recv() {
                work.told(event);
            }
            let now = clock.now();
            if now < seen - SET_BACK {
                tracing::warn!(%now, before = %seen, "the clock was set back");
                work.set_back(now);
            }
            seen = now;
            work.take_due(now);
            let next = work.look_if_due(now);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = clock.sleep((next - now).to_std().unwrap_or_default()) => {}
                Some(event) = events.recv() => work.told(event),
                runner = another(&mut others) => work.prepare(runner),
                () = queued.notified() => work.look_for_queued(),
                () = work.task_ends() => {}
            }
        }
        work.shut_down(patience).await;
    }
}

/// The next runner to go on by.
async fn another(runners: &mut Option<watch::Receiver<Arc<Runner>>>) -> Arc<Runner> {
    if let Some(runners) = runners
        && runners.changed().await.is_ok()
    {
        return runners.borrow_and_update().clone();
    }
    std::future::pending().await
}
