//! A run that comes to nothing: what it would deliver, and what it would change.
//!
//! The plugin runs as it would, with what ServiceTitan and vendors answer to questions. What acts is answered where the
//! window's journal has the answer, and otherwise refused: a plugin that cannot go on without it fails, and the preview
//! tells how far it came. Nothing is recorded: no run, no log, no state, no journal, no delivery.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tradewire_config::Export;
use tradewire_disk::with_help;
use tradewire_store::{LogLine, Opening, Outcome, RunRecord, StoreError, WriteCall};

use super::alive;
use super::open::{Wanted, goes_on};
use super::{Active, RunError, Runner, attempt};
use crate::alive::Alive;
use crate::delivery::{self, DeliveryError, Forecast};
use crate::journal::Journal;
use crate::log::LogObserver;
use crate::log::RunLog;
use crate::run::{Attempt, CallLedger, Cancellation, Failure, Produced, Request, RunEvents, Summary, Workspace};
use crate::state::State;

/// What a run would come to. Its files are there for as long as this lives.
#[derive(Debug)]
pub struct Preview {
    /// The run as it would begin. Its id is no run's.
    pub opening: Opening,
    /// How it would end, as far as that can be told without sending anything.
    pub result: Result<Summary, Failure>,
    /// What it would deliver; nothing where it would fail.
    pub files: Vec<PreviewedFile>,
    /// What it would send to ServiceTitan and vendors, up to where it could not go on without.
    pub not_sent: Vec<WriteCall>,
    /// How many values it would change of those that its export keeps from run to run.
    pub state_changes: usize,
    /// Why no run of this window could begin now, where that is so.
    pub in_the_way: Option<RunError>,
    /// What it logged.
    pub log: Vec<LogLine>,
    _folder: Folder,
}

/// A file that a run would deliver.
#[derive(Debug)]
pub struct PreviewedFile {
    /// The file: its bytes are at `staged`.
    pub produced: Produced,
    /// What would become of it.
    pub forecast: Forecast,
}

/// A folder that ends with what it is for.
#[derive(Debug)]
struct Folder(PathBuf, #[allow(dead_code)] Option<Alive>);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Runner {
    /// Carries out a run that changes nothing anywhere. One that fails is an `Ok` that says so.
    ///
    /// # Errors
    /// There is no such run, or the store does not answer.
    pub async fn preview(&self, request: Request, cancel: CancellationToken) -> Result<Preview, RunError> {
        let wanted = self.wanted(&request).await?;
        let Wanted { export, tenant, window, .. } = wanted;
        let latest = self.store.latest_run(&export.name, &tenant.name, &window).await?;
        let in_the_way = match &latest {
            Some(latest) => self.in_the_way(latest).await?,
            None => None,
        };
        let before = latest.filter(|latest| goes_on(latest, &request));
        let opening = self.opening(&wanted, request.due, before.as_ref(), self.clock.now());
        // Whatever is left of a preview that was killed is cleared away as the folders of runs are.
        let folder = self.staging(opening.id);
        let _active = Active::enter(&self.active, opening.id);
        let folder = Folder(folder.clone(), alive::begin(folder).await.ok());

        let job = Arc::new(self.job(&opening, export));
        let observer = self.observer.clone().map(|observer| -> LogObserver {
            let job = job.clone();
            Arc::new(move |line| observer(&job, line))
        });
        let log = RunLog::new(self.clock.clone(), &job.limits, observer);
        let before = before.map(|run| run.opening.id);
        let journal =
            Journal::rehearsal(self.store.clone(), self.clock.clone(), before, opening.tenant_id, log.clone());
        let state =
            State::new(self.store.clone(), &job.export, &job.tenant, &job.limits, Some(&export.trigger), window);
        let undeliverable = export.deliver.is_none().then(|| export.name.clone());
        let files =
            Workspace::create_folder(folder.0.clone(), job.limits.output, job.limits.files, undeliverable).await;
        let ended = match files {
            Ok(files) => {
                let attempt = Attempt {
                    job: job.clone(),
                    events: RunEvents::new(self.store.clone(), &opening),
                    files: files.clone(),
                    log: log.clone(),
                    calls: CallLedger::default(),
                    journal: journal.clone(),
                    state: state.clone(),
                };
                let attempted = self.attempt(attempt, cancel, &Cancellation::default()).await;
                journal.settled(attempt::ANSWER).await;
                let (sealed, kept) = (files.seal(), state.seal().await);
                attempted.map_err(failure).and_then(|summary| Ok((summary, sealed?, kept?)))
            }
            Err(error) => {
                let message = format!("cannot make a folder in `{}`: {}", self.state.display(), with_help(error));
                Err(Failure::transient(message))
            }
        };
        log.close();
        let (result, files, state_changes) = match ended {
            Ok((summary, produced, kept)) => match self.forecast(export, &opening, produced).await {
                Ok(files) => (Ok(summary), files, kept.map_or(0, |kept| kept.entries.len())),
                Err(DeliveryError::Store(error)) => return Err(error.into()),
                Err(error) => (Err(error.into()), Vec::new(), 0),
            },
            Err(failure) => (Err(failure), Vec::new(), 0),
        };
        let (not_sent, log) = (journal.rehearsed(), log.unwritten());
        Ok(Preview { opening, result, files, not_sent, state_changes, in_the_way, log, _folder: folder })
    }

    /// Why no run of this window could begin now.
    async fn in_the_way(&self, latest: &RunRecord) -> Result<Option<RunError>, StoreError> {
        let id = latest.opening.id;
        Ok(match latest.ending.as_ref().map(|ending| ending.outcome) {
            None => Some(RunError::GoesOn(id)),
            Some(Outcome::Delivering) => Some(RunError::Delivers(id)),
            Some(Outcome::Waiting) if !self.unresolved_writes(id).await?.is_empty() => Some(RunError::Waits(id)),
            Some(_) => None,
        })
    }

    async fn forecast(
        &self,
        export: &Export,
        opening: &Opening,
        produced: Vec<Produced>,
    ) -> Result<Vec<PreviewedFile>, DeliveryError> {
        let Some(delivery) = self.delivery(export) else { return Ok(Vec::new()) };
        let forecasts = delivery::forecast(&*self.store, &self.destinations, delivery, opening, &produced).await?;
        let files = produced.into_iter().zip(forecasts);
        Ok(files.map(|(produced, forecast)| PreviewedFile { produced, forecast }).collect())
    }
}

fn failure(unfinished: attempt::Unfinished) -> Failure {
    match unfinished {
        attempt::Unfinished::Failed(failure) => failure,
        attempt::Unfinished::Unresolved { failure: Some(failure), .. } => failure,
        attempt::Unfinished::Interrupted | attempt::Unfinished::Unresolved { failure: None, .. } => {
            Failure::transient("stopped before it was done")
        }
        attempt::Unfinished::Cancelled(reason) => Failure::transient(reason),
    }
}
