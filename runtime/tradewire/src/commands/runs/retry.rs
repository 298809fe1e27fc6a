//! `tradewire runs retry`: the window of a run again.

use std::process::ExitCode;

use anyhow::Result;
use tradewire_runs::history;

use crate::cli::runs::Retry;
use crate::commands::run::carry_out;
use crate::commands::setting::Setting;
use crate::output::Output;

pub(super) async fn retry(options: Retry, output: &Output) -> Result<ExitCode> {
    let setting = Setting::read(&options.which.place)?;
    let clerk = setting.clerk()?;
    // A run whose process has died does not go on.
    clerk.recover().await?;
    let run = history::find(&**clerk.store(), &options.which.run).await?;
    let request = history::retry(&**clerk.store(), &run, options.again).await?;
    carry_out(&setting, &run.opening.export, vec![request], output).await
}
