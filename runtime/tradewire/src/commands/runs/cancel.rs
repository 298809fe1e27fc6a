//! `tradewire runs cancel`: asks for the end of a run, through the store.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::Utc;
use tradewire_runs::history;
use tradewire_runs::run::{DeliverError, Report, Runner};
use tradewire_store::{RunRecord, StoreError};

use crate::cli::runs::Cancel;
use crate::commands::installation::Installation;
use crate::commands::report;
use crate::commands::stop::told_to_stop;
use crate::output::Output;

/// How often it is looked whether the run has ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn cancel(options: Cancel, output: &Output) -> Result<ExitCode> {
    let installation = Installation::read(&options.which.paths)?;
    let runner = installation.maintenance()?;
    let store = &**runner.store();
    let run = history::find(store, &options.which.run).await?;
    let id = run.opening.id;
    if let Some(ending) = run.ending.as_ref().filter(|_| !run.delivers()) {
        bail!("run {id} has ended already: {}", ending.outcome);
    }
    match store.ask_to_cancel(id, Utc::now()).await {
        // It has ended meanwhile: that is told.
        Ok(()) | Err(StoreError::RunClosed(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let stop = told_to_stop(output)?;
    let _busy = output.busy(&format!("run {id} is asked to end; its process sees that within half a minute"));
    loop {
        // Whoever should end it may have died.
        runner.recover().await?;
        let run = store.run(id).await?.unwrap_or_else(|| run.clone());
        if run.delivers() {
            match runner.give_up(&run.opening).await {
                Ok(report) => return Ok(tell_end(&report, output)),
                // The process that tries it sees what is asked when it renews that, or it has just ended.
                Err(DeliverError::Held(_) | DeliverError::Over(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if run.ending.is_some() && !run.delivers() || options.no_wait {
            return tell(&runner, run, output).await;
        }
        tokio::select! {
            () = stop.cancelled() => return tell(&runner, run, output).await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Tells what became of the run. It is a failure where it came to its end in spite of all.
async fn tell(runner: &Runner, run: RunRecord, output: &Output) -> Result<ExitCode> {
    if run.ending.is_none() || run.delivers() {
        output.result(&format!("run {} is asked to end", run.opening.id), &run);
        return Ok(ExitCode::SUCCESS);
    }
    Ok(tell_end(&runner.report(run.opening.id).await?, output))
}

fn tell_end(report: &Report, output: &Output) -> ExitCode {
    output.result(&report::text(report), &report::value(report));
    if report.succeeded() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
