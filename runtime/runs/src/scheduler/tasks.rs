//! What lanes have done beside the loop: rows that are recorded, runs that are carried out.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tradewire_store::{SlotRecord, SlotState, Store, backoff};

use super::lane::Begun;
use crate::run::{OpenRun, Report, Request, RunError, Runner};

/// Records slots that do not run, or not yet, for as long as it takes or until the shutdown. Whether they are recorded.
pub(super) async fn record(store: Arc<dyn Store>, rows: Vec<SlotRecord>, shutdown: CancellationToken) -> bool {
    for row in &rows {
        let (reason, state) = (row.reason.as_deref().unwrap_or_default(), row.state);
        match state {
            SlotState::Missed | SlotState::Skipped | SlotState::Refused => {
                tracing::warn!(row.export, row.tenant, due = %row.due, %state, reason, "a slot does not run");
            }
            // As the operator wants it.
            _ => tracing::debug!(row.export, row.tenant, due = %row.due, %state, reason, "a slot does not run yet"),
        }
    }
    let mut pauses = backoff();
    while let Err(error) = store.record_slots(rows.clone()).await {
        tracing::error!(%error, "cannot record slots that do not run; trying again");
        tokio::select! {
            () = shutdown.cancelled() => return false,
            () = tokio::time::sleep(pauses.next().unwrap_or_default()) => {}
        }
    }
    true
}

/// Opens the run of a slot. This is tried for as long as it takes or until the shutdown; a slot that cannot be run gets
/// its row. None where there is no run, or another process has it.
///
/// A slot that is not to be lost goes on waiting, and is found again, where a run of the same window bars it.
pub(super) async fn open(
    runner: &Runner,
    request: Request,
    Begun { due, is_kept, .. }: Begun,
    shutdown: CancellationToken,
) -> Option<OpenRun> {
    let (export, tenant) = (request.export.clone(), request.tenant.clone());
    // What goes on with a run that had something new need not ask again.
    let news = if request.window.is_none() { runner.has_news(&request).await } else { Ok(true) };
    let idle = match news {
        Ok(true) => None,
        Ok(false) => Some((SlotState::NothingNew, None)),
        Err(why) => Some((SlotState::Refused, Some(why))),
    };
    if let Some((state, reason)) = idle {
        let row = SlotRecord { reason, ..SlotRecord::new(export, tenant, due, state, runner.clock().now()) };
        record(runner.store().clone(), vec![row], shutdown).await;
        return None;
    }
    let mut pauses = backoff();
    loop {
        match runner.open(request.clone()).await {
            Ok(open) => return Some(open),
            Err(RunError::SlotTaken(_)) => return None,
            Err(RunError::Store(error)) => {
                tracing::error!(%error, export, tenant, "cannot open the run of a slot; trying again");
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = tokio::time::sleep(pauses.next().unwrap_or_default()) => {}
                }
            }
            Err(error) => {
                let state = match error {
                    RunError::GoesOn(_) | RunError::Waits(_) | RunError::Delivers(_) => match is_kept {
                        true => SlotState::Queued,
                        false => SlotState::Skipped,
                    },
                    _ => SlotState::Refused,
                };
                let row = SlotRecord::new(export, tenant, due, state, runner.clock().now());
                let row = SlotRecord { reason: Some(error.to_string()), ..row };
                record(runner.store().clone(), vec![row], shutdown).await;
                return None;
            }
        }
    }
}

/// Carries out the run of a slot. None where its end could not be recorded: whoever comes next finds it abandoned.
pub(super) async fn carry_out(runner: &Runner, open: OpenRun, cancel: CancellationToken) -> Option<Report> {
    let run = open.id();
    match runner.carry_out(open, cancel).await {
        Ok(report) => {
            let outcome = report.outcome();
            let message = report.run.ending.as_ref().map_or("", |ending| &ending.message);
            tracing::info!(%run, %outcome, message, "a run has ended");
            Some(report)
        }
        Err(error) => {
            tracing::error!(%run, %error, "a run has no recorded end");
            None
        }
    }
}
