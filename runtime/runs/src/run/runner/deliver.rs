//! Delivering the files of a run: at once while it is carried out, and later without it.
//!
//! A try holds the delivery, as the store records it, and renews that; no other process tries it meanwhile. Deliveries
//! of one export, tenant and delivery are done in the order in which they were decided: one that is behind another waits,
//! and tries that one first where it is due.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tradewire_config::{Delivery, DestinationSettings};
use tradewire_delivery::Destination;
use tradewire_store::{
    Claim, Claimed, DeliveryRecord, DeliveryState, Ending, FileRecord, FileState, LogLevel, Opening, Outcome,
    Postponed, RunId, RunRecord, StoreError, backoff, with_retries,
};

use super::{LEASE, Report, Runner, one_line};
use crate::delivery::{self, DeliveryError, Uploader};
use crate::log::RunLog;
use crate::run::Summary;

/// How often the process that tries says that it is there.
const RENEW_EVERY: Duration = Duration::from_secs(20);
/// How often a delivery is tried again at once.
const AT_ONCE: usize = 4;
/// Whoever is asked to wait for longer than this is not waited for.
const LONGEST_AT_ONCE: Duration = Duration::from_secs(2);
/// However long a destination asks to be left alone.
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// Why a delivery is not done that was never tried to its end.
const STOPPED: &str = "the process was told to stop before all files were delivered";

/// What a try has come to.
pub(super) enum Tried {
    /// The files are where they go.
    Delivered(Vec<FileRecord>),
    /// They are not, and are tried again or wait.
    Not(Box<DeliveryRecord>, Vec<FileRecord>),
}

/// Why a delivery is not tried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The run has no delivery that is not over.
    #[error("run {0} has nothing left to deliver")]
    Over(RunId),
    /// Another process tries it.
    #[error("another process tries the delivery of run {0} at this moment")]
    Held(RunId),
    /// The files of an earlier run come first.
    #[error(
        "the files of run {run} come after those of run {first}, which are not all delivered yet: `tradewire runs retry \
         {first}` tries those now, `tradewire runs cancel {first}` gives them up"
    )]
    Behind {
        /// The run.
        run: RunId,
        /// The one that is first.
        first: RunId,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What keeps a try from its end, besides the destination.
enum Stopped {
    /// The process is told to stop, or the run is cancelled.
    Told,
    /// An operator has given the delivery up.
    Cancelled,
    Failed(DeliveryError),
}

/// A delivery that this process holds.
struct Held {
    delivery: DeliveryRecord,
    files: Vec<FileRecord>,
    is_cancelled: bool,
}

impl Runner {
    /// Tries the delivery of a run that delivers, now, and ends the run where it succeeds or was given up. What comes of
    /// it is in the report.
    pub async fn deliver(
        &self,
        opening: &Opening,
        stopped: impl Future<Output = ()> + Send,
    ) -> Result<Report, DeliverError> {
        let Held { delivery, mut files, is_cancelled } = self.take(opening.id, true).await?;
        let uploaded = match is_cancelled {
            true => Err(Stopped::Cancelled),
            false => self.upload(opening, &delivery, &mut files, false, stopped).await,
        };
        let ending = match uploaded {
            Ok(()) => self.success(opening, Summary { message: delivery.summary.clone() }, &files),
            Err(Stopped::Cancelled) => self.given_up(opening, &delivery, &files).await,
            Err(stopped) => {
                self.postpone(&delivery, stopped).await?;
                return self.report(opening.id).await;
            }
        };
        self.end(opening.id, &ending).await?;
        self.report(opening.id).await
    }

    /// Gives up the delivery of a run that delivers. [`DeliverError::Held`] where another process tries it at this moment:
    /// once it is asked to ([`Store::ask_to_cancel`](tradewire_store::Store::ask_to_cancel)) it does so.
    pub async fn give_up(&self, opening: &Opening) -> Result<Report, DeliverError> {
        let Held { delivery, files, .. } = self.take(opening.id, false).await?;
        let ending = self.given_up(opening, &delivery, &files).await;
        self.end(opening.id, &ending).await?;
        self.report(opening.id).await
    }

    /// Delivers the files of a run that is being carried out. A few tries are made at once.
    pub(super) async fn deliver_at_once(
        &self,
        opening: &Opening,
        stopped: impl Future<Output = ()> + Send,
    ) -> Result<Tried, StoreError> {
        let run = opening.id;
        let mut stopped = pin!(stopped);
        let taken = loop {
            let first = match self.take(run, true).await {
                Err(DeliverError::Behind { first, .. }) => first,
                taken => break taken,
            };
            if !self.catch_up(first, stopped.as_mut()).await {
                break Err(DeliverError::Behind { run, first });
            }
        };
        match taken {
            Ok(Held { delivery, mut files, .. }) => {
                match self.upload(opening, &delivery, &mut files, true, stopped).await {
                    Ok(()) => return Ok(Tried::Delivered(files)),
                    Err(stopped) => self.postpone(&delivery, stopped).await?,
                }
            }
            Err(DeliverError::Store(error)) => return Err(error),
            Err(waits) => tracing::info!(%run, %waits, "files wait"),
        }
        let delivery = with_retries("reading a delivery", || self.store.delivery(run)).await?;
        let delivery = delivery.ok_or(StoreError::DeliveryLost(run))?;
        Ok(Tried::Not(Box::new(delivery), with_retries("reading files", || self.store.files(run)).await?))
    }

    /// Tries the delivery of an earlier run where that is due. Whether it is out of the way; what fails there is no fault
    /// of those behind it.
    async fn catch_up(&self, first: RunId, stopped: impl Future<Output = ()> + Send) -> bool {
        let tried = async {
            let is_due = self.store.delivery(first).await?.is_some_and(|delivery| delivery.is_due(self.clock.now()));
            match self.store.run(first).await?.filter(|run| is_due && run.delivers()) {
                Some(run) => self.deliver(&run.opening, stopped).await.map(|report| !report.delivers()),
                None => Ok(false),
            }
        };
        match tried.await {
            Ok(is_away) => is_away,
            Err(DeliverError::Over(_)) => true,
            Err(error) => {
                tracing::warn!(run = %first, %error, "cannot deliver what comes first");
                false
            }
        }
    }

    /// Whether a delivery that is held by this process is meant.
    pub(crate) fn holds(&self, by: &str) -> bool {
        self.process.id() == by
    }

    /// Takes a delivery for this process.
    async fn take(&self, run: RunId, in_turn: bool) -> Result<Held, DeliverError> {
        let process = self.process.clone();
        let _ = tokio::task::spawn_blocking(move || process.begin()).await;
        let mut ended = None;
        loop {
            let now = self.clock.now();
            let by = self.process.id().to_owned();
            let claim = Claim { by, now, until: now + LEASE, ended: ended.clone(), in_turn };
            match with_retries("taking a delivery", || self.store.claim_delivery(run, &claim)).await? {
                Claimed::Yes { delivery, files, is_cancelled } => {
                    return Ok(Held { delivery: *delivery, files, is_cancelled });
                }
                Claimed::Over => return Err(DeliverError::Over(run)),
                Claimed::Behind(first) => return Err(DeliverError::Behind { run, first }),
                Claimed::Held(by) if ended.as_ref() != Some(&by) && self.process.has_ended(&by).await => {
                    ended = Some(by)
                }
                Claimed::Held(_) => return Err(DeliverError::Held(run)),
            }
        }
    }

    /// Carries the files to their destination while the delivery is held.
    async fn upload(
        &self,
        opening: &Opening,
        delivery: &DeliveryRecord,
        files: &mut [FileRecord],
        at_once: bool,
        stopped: impl Future<Output = ()> + Send,
    ) -> Result<(), Stopped> {
        // Where all files are where they go, nothing of their destination is needed any more.
        if !files.iter().any(|file| file.state.is_under_way()) {
            return Ok(());
        }
        let destination = self.destination(delivery).await.map_err(Stopped::Failed)?;
        let now = || self.clock.now();
        let uploader = self.uploader(delivery, opening, &*destination, &now);
        let upload = async {
            let mut pauses = backoff().skip(1).take(if at_once { AT_ONCE } else { 0 });
            loop {
                let Err(error) = uploader.deliver(files).await else { return Ok(()) };
                let pause = pauses.next().filter(|_| may_be_tried_at_once(&error));
                let Some(pause) = pause else { return Err(error) };
                tracing::warn!(run = %opening.id, %error, "cannot complete a delivery; trying again");
                tokio::time::sleep(pause.max(error.retry_after().unwrap_or_default())).await;
            }
        };
        tokio::select! {
            uploaded = upload => uploaded.map_err(Stopped::Failed),
            lost = self.renew_delivery(opening.id) => Err(lost),
            () = stopped => Err(Stopped::Told),
        }
    }

    /// What the configuration says of a delivery by now, so that what is wrong with it can be mended.
    fn settings(&self, delivery: &DeliveryRecord) -> Option<&Delivery> {
        self.config.deliveries.get(&delivery.delivery)
    }

    async fn destination(&self, delivery: &DeliveryRecord) -> Result<Arc<dyn Destination>, DeliveryError> {
        let destination = match self.settings(delivery) {
            Some(settings) => delivery::open(&self.destinations, settings).await,
            None => delivery::gone(delivery),
        };
        destination.map_err(DeliveryError::Settings)
    }

    fn uploader<'a>(
        &'a self,
        delivery: &DeliveryRecord,
        opening: &'a Opening,
        destination: &'a dyn Destination,
        now: &'a (dyn Fn() -> DateTime<Utc> + Sync),
    ) -> Uploader<'a> {
        let settings = self.settings(delivery);
        Uploader {
            store: &*self.store,
            outbox: &self.outbox,
            destination,
            is_local: settings.is_none_or(|settings| matches!(settings.to, DestinationSettings::Folder(_))),
            encryption: settings.and_then(|settings| settings.encrypt.as_ref()),
            opening,
            by: self.process.id(),
            now,
        }
    }

    /// Keeps the delivery, until it turns out to be another's or given up.
    async fn renew_delivery(&self, run: RunId) -> Stopped {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match self.store.renew_delivery(run, self.process.id(), self.clock.now() + LEASE).await {
                Ok(false) => {}
                Ok(true) => return Stopped::Cancelled,
                Err(error) if error.is_transient() => tracing::warn!(%run, %error, "cannot keep a delivery"),
                Err(error) => return Stopped::Failed(error.into()),
            }
        }
    }

    /// Records that a try has failed, and when the next is due.
    async fn postpone(&self, delivery: &DeliveryRecord, stopped: Stopped) -> Result<(), StoreError> {
        let run = delivery.run;
        let postponed = match stopped {
            Stopped::Failed(DeliveryError::Store(error)) if !error.is_transient() => return Err(error),
            Stopped::Failed(error) => self.next_try(delivery, &error),
            // It stands as it did.
            Stopped::Told | Stopped::Cancelled => Postponed {
                state: delivery.state,
                tries: delivery.tries,
                error: delivery.last_error.clone().unwrap_or_else(|| STOPPED.to_owned()),
                next_try: delivery.next_try,
            },
        };
        let Postponed { state, tries, error, .. } = &postponed;
        tracing::warn!(%run, %state, tries, error, "the files of a run are not all delivered yet");
        with_retries("putting a delivery off", || self.store.postpone_delivery(run, self.process.id(), &postponed))
            .await
    }

    fn next_try(&self, delivery: &DeliveryRecord, error: &DeliveryError) -> Postponed {
        let tries = delivery.tries + 1;
        let retries = self.settings(delivery).map_or(Delivery::RETRIES, |settings| settings.retries);
        let pause = retries.pause(tries).filter(|_| error.is_transient());
        let asked = error.retry_after().and_then(|asked| TimeDelta::from_std(asked).ok()).unwrap_or_default();
        let next_try = pause.and_then(|pause| {
            let pause = pause.max(asked.min(LONGEST_RETRY_AFTER));
            self.clock.now().checked_add_signed(pause)
        });
        let state = if next_try.is_some() { DeliveryState::Pending } else { DeliveryState::Stopped };
        Postponed { state, tries, error: one_line(&error.to_string()), next_try }
    }

    /// How a run ends whose delivery is given up. What was brought to the destination is removed where that can be.
    async fn given_up(&self, opening: &Opening, delivery: &DeliveryRecord, files: &[FileRecord]) -> Ending {
        /// However slowly the destination answers.
        const LET_GO: Duration = Duration::from_secs(30);
        let discard = async {
            let Ok(destination) = self.destination(delivery).await else { return };
            let now = || self.clock.now();
            self.uploader(delivery, opening, &*destination, &now).discard(files).await;
        };
        let _ = tokio::time::timeout(LET_GO, discard).await;
        let delivered = files.iter().filter(|file| file.state == FileState::Delivered).count();
        let of = files.iter().filter(|file| file.state != FileState::Unchanged).count();
        let message = format!("its delivery was given up by an operator; {delivered} of {of} files were delivered");
        self.ending(Outcome::Cancelled, None, message, Vec::new())
    }

    async fn end(&self, run: RunId, ending: &Ending) -> Result<(), StoreError> {
        with_retries("ending a delivery", || self.store.end_delivery(run, self.process.id(), ending)).await?;
        if !ending.followers.is_empty() {
            self.queued.notify_one();
        }
        Ok(())
    }

    /// What became of a run.
    pub async fn report(&self, run: RunId) -> Result<Report, DeliverError> {
        let record: RunRecord = self.store.run(run).await?.ok_or(StoreError::DeliveryLost(run))?;
        Ok(Report { run: record, files: self.store.files(run).await?, delivery: self.store.delivery(run).await? })
    }

    /// How a run ends whose files are not all delivered yet.
    pub(super) fn delivering(&self, delivery: &DeliveryRecord, log: &RunLog) -> Ending {
        let waits = "they wait for the files of an earlier run, or another process delivers them";
        let message = delivery.last_error.clone().unwrap_or_else(|| waits.to_owned());
        log.write_end(LogLevel::Warn, &format!("the files are not all delivered yet: {message}"));
        self.ending(Outcome::Delivering, None, message, Vec::new())
    }
}

fn may_be_tried_at_once(error: &DeliveryError) -> bool {
    error.is_transient() && error.retry_after().is_none_or(|asked| asked <= LONGEST_AT_ONCE)
}
