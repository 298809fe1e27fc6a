//! Files that are still on their way: tried when they are due, beside the lanes.
//!
//! Of one export, tenant and delivery only the first is tried; those behind it follow once it is out of the way. Runs that
//! wait for a permit do not keep files from theirs: deliveries take none.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tradewire_store::{DeliveryRecord, RunId};

use super::work::{Event, Work};
use crate::run::{DeliverError, Report, Runner};

/// How many are tried at a time.
const MOST: usize = 16;

/// The deliveries that go on in this process.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    tried: HashSet<RunId>,
    /// Whether the store is being asked which there are; again where that has changed since.
    looking: Option<bool>,
}

impl Work {
    /// Looks which files are on their way.
    pub(super) fn look_for_deliveries(&mut self) {
        if let Some(again) = &mut self.deliveries.looking {
            *again = true;
            return;
        }
        self.deliveries.looking = Some(false);
        let (runner, tell) = (self.runner.clone(), self.tell.clone());
        self.tasks.spawn(async move {
            let found = runner.store().deliveries().await.inspect_err(|error| {
                tracing::error!(%error, "cannot look which files are on their way; looking again in half a minute");
            });
            let _ = tell.send(Event::Deliveries(found.unwrap_or_default()));
        });
    }

    /// Tries those of these deliveries that are due and first.
    pub(super) fn found_deliveries(&mut self, found: Vec<DeliveryRecord>, now: DateTime<Utc>) {
        if self.deliveries.looking.take() == Some(true) {
            self.look_for_deliveries();
        }
        let mut seen = HashSet::new();
        for delivery in found {
            let DeliveryRecord { export, tenant, delivery: name, run, next_try, .. } = &delivery;
            let is_first = seen.insert((export.clone(), tenant.clone(), name.clone()));
            let is_held = delivery.held_until.is_some_and(|until| until >= now);
            if !is_first || self.deliveries.tried.contains(run) || is_held && !self.is_abandoned(&delivery) {
                continue;
            }
            match next_try.filter(|at| *at > now) {
                Some(at) => self.look_at = self.look_at.min(at),
                None if delivery.is_due(now) && self.deliveries.tried.len() < MOST => self.try_delivery(*run),
                None => {}
            }
        }
    }

    /// Whether someone else holds a delivery who may have ended: whoever tries it finds that out.
    fn is_abandoned(&self, delivery: &DeliveryRecord) -> bool {
        !delivery.held_by.as_deref().is_some_and(|by| self.runner.holds(by))
    }

    fn try_delivery(&mut self, run: RunId) {
        self.deliveries.tried.insert(run);
        let (runner, observer) = (self.runner.clone(), self.observer.clone());
        let (tell, cancel) = (self.tell.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            let report = deliver(&runner, run, cancel).await;
            if let (Some(report), Some(observer)) = (&report, observer) {
                observer(report);
            }
            let _ = tell.send(Event::Tried(run, report.is_some()));
        });
    }

    /// A delivery was tried; where something came of it those behind it may be due.
    pub(super) fn tried(&mut self, run: RunId, look_again: bool) {
        self.deliveries.tried.remove(&run);
        if look_again {
            self.look_for_deliveries();
        }
    }
}

/// Tries the delivery of a run; what came of it, where it is this process that tried it.
async fn deliver(runner: &Runner, run: RunId, cancel: CancellationToken) -> Option<Report> {
    let tried = async {
        let Some(record) = runner.store().run(run).await?.filter(|run| run.delivers()) else { return Ok(None) };
        runner.deliver(&record.opening, cancel.cancelled()).await.map(Some)
    };
    match tried.await {
        Ok(report) => {
            if let Some(report) = &report {
                tracing::info!(%run, outcome = %report.outcome(), "a delivery was tried");
            }
            report
        }
        Err(DeliverError::Store(error)) => {
            tracing::error!(%run, %error, "cannot record what became of a delivery");
            None
        }
        Err(error) => {
            tracing::debug!(%run, %error, "a delivery is not tried");
            None
        }
    }
}
