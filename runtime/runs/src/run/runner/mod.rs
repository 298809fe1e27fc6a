//! What carries out runs: from opening the row to closing it, with everything between.
//!
//! A run is opened ([`Runner::open`]), which takes its slot where it has one, and then carried out
//! ([`Runner::carry_out`]). While it goes on its lease is renewed and its log written to the store. Its attempt has a
//! task of its own with a time limit around it; its files are delivered only when it has succeeded, and where that
//! takes longer the run ends and they are delivered without it ([`deliver`]). A run whose process died is ended by
//! [`Runner::recover`]: its delivery is completed if it was decided, else undone. One that has an unresolved write
//! waits, one that failed for a transient reason may be tried again; the next attempt goes on with its journal.

mod alive;
mod attempt;
mod deliver;
mod echo;
mod heartbeat;
mod news;
mod open;
mod preview;
mod recover;
mod retry;
mod wait;

use std::collections::HashSet;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use chrono::TimeDelta;
use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tradewire_config::{Config, Delivery, DestinationSettings, Export};
use tradewire_disk::with_help;
use tradewire_store::{
    DeliveryRecord, Ending, FailureKind, FileRecord, FileState, LogLevel, LogLine, Opening, Outcome, RunId, RunRecord,
    StateChanges, Store, StoreError, with_retries,
};

use super::{Attempt, CallLedger, Execute, Failure, Job, Produced, RunEvents, Summary, Workspace};
use crate::clock::Clock;
use crate::delivery::{self, Configured, Deciding, DeliveryError, Destinations, Outbox, Process};
use crate::feed;
use crate::journal::Journal;
use crate::log::RunLog;
use crate::state::{State, StateError};
pub use deliver::DeliverError;
use deliver::Tried;
pub use open::{OpenRun, Request, RunError};
pub use preview::{Preview, PreviewedFile};

/// How long nobody may take a run for abandoned after its owner was last heard of.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What a runner works with.
pub struct RunnerOptions {
    /// What to run.
    pub config: Arc<Config>,
    /// Where it is recorded.
    pub store: Arc<dyn Store>,
    /// What executes it.
    pub execute: Arc<dyn Execute>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The state folder, in which each run gets a folder for its files.
    pub state: PathBuf,
    /// Told of the first log lines of each run that matter, as they are written, besides the store; called on the
    /// attempt's own task.
    pub observer: Option<Observer>,
}

/// Told of log lines as they are written, and whose they are: a terminal that looks on. A preview's are told all, as they
/// are recorded nowhere.
pub type Observer = Arc<dyn Fn(&Job, &LogLine) + Send + Sync>;

/// What carries out runs.
pub struct Runner {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    execute: Arc<dyn Execute>,
    clock: Arc<dyn Clock>,
    state: PathBuf,
    observer: Option<Observer>,
    destinations: Arc<dyn Destinations>,
    outbox: Outbox,
    owner: String,
    /// What deliveries are held by.
    process: Arc<Process>,
    /// Told when something is queued for whoever runs the schedules.
    queued: Arc<Notify>,
    /// The runs that go on in this process: not abandoned, whatever their lease says.
    active: Arc<Mutex<HashSet<RunId>>>,
}

/// What came of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The run.
    #[serde(flatten)]
    pub run: RunRecord,
    /// Its files.
    pub files: Vec<FileRecord>,
    /// Their delivery; none where there was nothing to deliver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRecord>,
}

impl Report {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.run.ending.as_ref().map_or(Outcome::Interrupted, |ending| ending.outcome)
    }

    /// Whether it did what it should.
    pub fn succeeded(&self) -> bool {
        self.run.succeeded()
    }

    /// Whether it waits for an operator.
    pub fn waits(&self) -> bool {
        self.outcome() == Outcome::Waiting
    }

    /// Whether it did what it should, and its files are not all where they go yet.
    pub fn delivers(&self) -> bool {
        self.run.delivers()
    }
}

impl Runner {
    /// A runner.
    pub fn new(options: RunnerOptions) -> Self {
        let outbox = Outbox::of(&options.state);
        Self {
            destinations: Arc::new(Configured),
            process: Arc::new(Process::new(outbox.clone())),
            outbox,
            config: options.config,
            store: options.store,
            execute: options.execute,
            clock: options.clock,
            state: options.state,
            observer: options.observer,
            owner: format!("process {} ({})", std::process::id(), RunId::new()),
            queued: Arc::default(),
            active: Arc::default(),
        }
    }

    /// With other destinations than those of the configuration.
    pub fn with_destinations(mut self, destinations: Arc<dyn Destinations>) -> Self {
        self.destinations = destinations;
        self
    }

    /// The same runner by another configuration, for the runs that begin from now on: those that go on end by this one.
    pub fn reconfigured(&self, config: Arc<Config>, execute: Arc<dyn Execute>) -> Self {
        Self {
            config,
            execute,
            store: self.store.clone(),
            clock: self.clock.clone(),
            state: self.state.clone(),
            observer: self.observer.clone(),
            destinations: self.destinations.clone(),
            outbox: self.outbox.clone(),
            owner: self.owner.clone(),
            process: self.process.clone(),
            queued: self.queued.clone(),
            active: self.active.clone(),
        }
    }

    /// What it runs.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// What its runs have produced.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Where it records.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What to tell when slots have been queued in the store: whoever runs the schedules in this process looks for them at
    /// once, other processes within half a minute.
    pub fn queued(&self) -> &Arc<Notify> {
        &self.queued
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Opens a run and carries it out. A run that fails is an `Ok` whose outcome says so.
    pub async fn run(&self, request: Request, cancel: CancellationToken) -> Result<Report, RunError> {
        let open = self.open(request).await?;
        self.carry_out(open, cancel).await
    }

    /// Carries out a run that is open. Cancelling ends its attempt; a delivery that is decided is completed, if need be by
    /// whoever comes next.
    pub async fn carry_out(&self, open: OpenRun, cancel: CancellationToken) -> Result<Report, RunError> {
        let run = open.opening.id;
        let _active = Active::enter(&self.active, run);
        let observer = self.observer.clone().map(|observer| echo::of(observer, open.job.clone()));
        let log = RunLog::new(self.clock.clone(), &open.job.limits, observer);
        let calls = CallLedger::default();
        let cancellation = open.cancellation();
        let work = self.work(&open, &log, &calls, cancel);
        let heartbeat = self.heartbeat(run, &log, &cancellation);
        let mut work = pin!(work);
        let report = tokio::select! {
            report = &mut work => report,
            // It may be the work itself that has closed the run just now.
            lost = heartbeat => match futures::poll!(&mut work) {
                Poll::Ready(report) => report,
                Poll::Pending => Err(lost.into()),
            },
        };
        self.clear(run).await;
        report
    }

    /// Removes a run's folder.
    async fn clear(&self, run: RunId) {
        let folder = self.staging(run);
        if let Err(error) = tokio::fs::remove_dir_all(&folder).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%run, folder = %folder.display(), %error, "cannot remove the run's folder");
        }
    }

    async fn work(
        &self,
        open: &OpenRun,
        log: &RunLog,
        calls: &CallLedger,
        cancel: CancellationToken,
    ) -> Result<Report, RunError> {
        let (opening, job) = (&open.opening, &open.job);
        let undeliverable = open.delivery.is_none().then(|| job.export.clone());
        let limits = &job.limits;
        let journal = Journal::new(self.store.clone(), self.clock.clone(), opening.id, opening.tenant_id, log.clone());
        let trigger = self.config.exports.get(&job.export).map(|export| &export.trigger);
        let state = State::new(self.store.clone(), &job.export, &job.tenant, limits, trigger, opening.window);
        let files =
            Workspace::create_folder(self.staging(opening.id), limits.output, limits.files, undeliverable).await;
        let attempted = match files {
            Ok(files) => {
                let attempt = Attempt {
                    job: job.clone(),
                    events: RunEvents::new(self.store.clone(), opening),
                    files: files.clone(),
                    log: log.clone(),
                    calls: calls.clone(),
                    journal: journal.clone(),
                    state: state.clone(),
                };
                let attempted = self.attempt(attempt, cancel.clone(), &open.cancellation).await;
                journal.settled(attempt::ANSWER).await;
                let (sealed, kept) = (files.seal(), state.seal().await);
                let attempted = attempted.and_then(|summary| {
                    let produced = sealed.map_err(|error| attempt::Unfinished::Failed(error.into()))?;
                    let kept = kept.map_err(|error| attempt::Unfinished::Failed(error.into()))?;
                    if let Some(feed) = job.feed.as_ref().filter(|_| feed::is_untouched(kept.as_ref())) {
                        let untouched =
                            "the plugin has taken no page of its feed, so it runs for the same changes again";
                        log.write_end(LogLevel::Warn, &format!("{}: {untouched}", feed.operation));
                    }
                    Ok((summary, produced, kept))
                });
                if attempted.is_err() {
                    files.discard().await;
                }
                attempted
            }
            Err(error) => {
                let error = with_help(error);
                let message = format!("cannot make the run's folder in `{}`: {error}", self.state.display());
                Err(attempt::Unfinished::Failed(Failure::transient(message)))
            }
        };
        let decided = match self.hold_back(opening.id, attempted).await? {
            Ok((summary, produced, kept)) => match self.decide(open, &summary, &produced, kept.as_ref()).await {
                Ok(files) => Ok((summary, files)),
                Err(DeliveryError::Store(error @ StoreError::StateMoved { .. })) => {
                    Err(attempt::Unfinished::Failed(Failure::transient(error.to_string())))
                }
                Err(DeliveryError::Store(error)) => return Err(error.into()),
                Err(error) => Err(attempt::Unfinished::Failed(error.into())),
            },
            Err(unfinished) => Err(unfinished),
        };
        let mut delivery = None;
        let (ending, files) = match decided {
            Ok((summary, files)) if files.iter().any(|file| file.state.is_under_way()) => {
                let stopped = async {
                    tokio::select! { () = cancel.cancelled() => {}, _ = open.cancellation.cancelled() => {} }
                };
                match self.deliver_at_once(opening, stopped).await? {
                    Tried::Delivered(files) => (self.success(opening, summary, &files), files),
                    Tried::Not(record, files) => {
                        let ending = self.delivering(&record, log);
                        delivery = Some(*record);
                        (ending, files)
                    }
                }
            }
            Ok((summary, files)) => (self.success(opening, summary, &files), files),
            Err(unfinished) => {
                let ending = self.failure(unfinished, log);
                (self.retried(opening, ending, log), Vec::new())
            }
        };
        log.close();
        self.write_log(opening.id, log).await?;
        let (host_calls, plugin_digest) = calls.read();
        let ending = Ending { host_calls, plugin_digest, log_dropped: log.dropped(), ..ending };
        with_retries("closing a run", || self.close(opening.id, &ending)).await?;
        let decided = ending.outcome.is_success() || delivery.is_some();
        let run = RunRecord { opening: opening.clone(), cancel_asked: None, decided, ending: Some(ending) };
        Ok(Report { run, files, delivery })
    }

    /// Decides what is delivered and what is kept, where there is anything.
    async fn decide(
        &self,
        open: &OpenRun,
        summary: &Summary,
        produced: &[Produced],
        kept: Option<&StateChanges>,
    ) -> Result<Vec<FileRecord>, DeliveryError> {
        let store = &*self.store;
        match &open.delivery {
            Some(delivery) if !produced.is_empty() => {
                let deciding = Deciding {
                    store,
                    outbox: &self.outbox,
                    destinations: &self.destinations,
                    delivery,
                    opening: &open.opening,
                    summary: &one_line(&summary.message),
                    now: self.clock.now(),
                };
                deciding.decide(produced, kept).await
            }
            _ if kept.is_some() => {
                delivery::commit(store, open.opening.id, Vec::new(), kept, None).await?;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn success(&self, opening: &Opening, summary: Summary, files: &[FileRecord]) -> Ending {
        let unchanged = !files.is_empty() && files.iter().all(|file| file.state == FileState::Unchanged);
        let outcome = if unchanged { Outcome::Unchanged } else { Outcome::Succeeded };
        // Where nothing has changed there is nothing new for those that run after it.
        let followers = self.config.followers(&opening.export, &opening.tenant).filter(|_| !unchanged);
        let followers = followers.map(|export| export.name.clone()).collect();
        Ending { followers, ..self.ending(outcome, None, one_line(&summary.message), Vec::new()) }
    }

    /// Closes a run. Whoever runs schedules in this process is told where that has queued slots.
    async fn close(&self, run: RunId, ending: &Ending) -> Result<(), StoreError> {
        self.store.close_run(run, ending).await?;
        if !ending.followers.is_empty() {
            self.queued.notify_one();
        }
        Ok(())
    }

    fn failure(&self, unfinished: attempt::Unfinished, log: &RunLog) -> Ending {
        match unfinished {
            attempt::Unfinished::Failed(failure) => {
                log.write_end(LogLevel::Error, &failure.message);
                for reason in &failure.reasons {
                    log.write_end(LogLevel::Error, reason);
                }
                let reasons = failure.reasons.iter().map(|reason| one_line(reason)).collect();
                self.ending(Outcome::Failed, Some(failure.kind), one_line(&failure.message), reasons)
            }
            attempt::Unfinished::Interrupted => {
                let message = "cancelled before it was done; nothing was delivered";
                log.write_end(LogLevel::Warn, message);
                self.ending(Outcome::Interrupted, Some(FailureKind::Transient), message.to_owned(), Vec::new())
            }
            attempt::Unfinished::Cancelled(reason) => {
                let message = format!("{reason}; nothing was delivered");
                log.write_end(LogLevel::Warn, &message);
                self.ending(Outcome::Cancelled, None, message, Vec::new())
            }
            attempt::Unfinished::Unresolved { unresolved, failure } => {
                if let Some(failure) = failure {
                    log.write_end(LogLevel::Error, &failure.message);
                }
                let ending = self.waiting(&unresolved);
                log.write_end(LogLevel::Warn, &ending.message);
                ending
            }
        }
    }

    fn ending(&self, outcome: Outcome, failure: Option<FailureKind>, message: String, reasons: Vec<String>) -> Ending {
        Ending {
            ended: self.clock.now(),
            outcome,
            failure,
            message,
            reasons,
            retry_at: None,
            plugin_digest: None,
            host_calls: Vec::new(),
            followers: Vec::new(),
            log_dropped: 0,
        }
    }

    /// The folder in which a run's files are written.
    fn staging(&self, run: RunId) -> PathBuf {
        self.state.join("runs").join(run.to_string())
    }

    /// What an export delivers by, if it does.
    fn delivery(&self, export: &Export) -> Option<&Delivery> {
        self.config.deliveries.get(export.deliver.as_ref()?)
    }

    /// The folder of this machine that an export delivers to, if it does.
    fn folder(&self, export: &Export) -> Option<PathBuf> {
        match &self.delivery(export)?.to {
            DestinationSettings::Folder(folder) => Some(folder.clone()),
            _ => None,
        }
    }
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        match &error {
            DeliveryError::Encrypt { transient: false, .. } | DeliveryError::NoName { .. } => {
                Failure::refused(error.to_string())
            }
            _ => Failure::transient(error.to_string()),
        }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        if error.is_transient() { Failure::transient(error.to_string()) } else { Failure::refused(error.to_string()) }
    }
}

impl From<super::FileError> for Failure {
    fn from(error: super::FileError) -> Self {
        if error.is_transient() { Failure::transient(error.to_string()) } else { Failure::refused(error.to_string()) }
    }
}

/// A plugin's text as one line of bounded length: it goes to terminals and tables.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 2000;
    let mut line = String::new();
    let text = tradewire_secrets::mask(text);
    for c in text.trim().chars().take(LONGEST) {
        match c {
            '\n' | '\r' | '\t' => line.push(' '),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
}

/// A run is active for as long as this lives.
struct Active<'a> {
    all: &'a Mutex<HashSet<RunId>>,
    run: RunId,
}

impl<'a> Active<'a> {
    fn enter(all: &'a Mutex<HashSet<RunId>>, run: RunId) -> Self {
        all.lock().unwrap_or_else(PoisonError::into_inner).insert(run);
        Self { all, run }
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.run);
    }
}
