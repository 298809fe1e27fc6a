//! `tradewire runs retry`: the window of a run again, or its delivery where that is all that is left.

use std::process::ExitCode;

use anyhow::Result;
use tradewire_runs::history;
use tradewire_runs::run::Runner;
use tradewire_store::RunRecord;

use crate::cli::runs::Retry;
use crate::commands::installation::Installation;
use crate::commands::report;
use crate::commands::run::{Short, carry_out};
use crate::commands::stop::told_to_stop;
use crate::output::Output;

pub(super) async fn retry(options: Retry, output: &Output) -> Result<ExitCode> {
    let installation = Installation::read(&options.which.paths)?;
    let runner = installation.maintenance()?;
    // A run whose process has died does not go on.
    runner.recover().await?;
    let run = history::find(&**runner.store(), &options.which.run).await?;
    if run.delivers() && !options.force {
        return deliver(&runner, &run, output).await;
    }
    let request = history::retry(&**runner.store(), &run, options.force).await?;
    carry_out(&installation, &run.opening.export, vec![request], output).await
}

/// Tries the delivery of a run that delivers.
async fn deliver(runner: &Runner, run: &RunRecord, output: &Output) -> Result<ExitCode> {
    let stop = told_to_stop(output)?;
    let busy = output.busy(&format!("delivering the files of run {}", run.opening.id));
    let report = runner.deliver(&run.opening, stop.cancelled()).await?;
    drop(busy);
    match report.succeeded() {
        true => output.result(&report::text(&report), &report::value(&report)),
        false => {
            output.failure(&report::text(&report));
            if output.is_json() {
                output.result("", &report::value(&report));
            }
        }
    }
    Ok(Short::code(Short::of(&Ok(report)).into_iter()))
}
