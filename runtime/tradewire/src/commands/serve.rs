//! `tradewire serve`: the schedules, until it is told to stop.

use std::sync::Arc;

use anyhow::{Result, bail};
use tradewire_runs::scheduler::Scheduler;

use super::report;
use super::setting::Setting;
use super::stop::told_to_stop;
use crate::cli::Serve;
use crate::output::Output;

/// Runs what falls due, and ends the runs that a process before this one left open.
pub async fn serve(options: Serve, output: &Output) -> Result<()> {
    let setting = Setting::read(&options.place)?;
    if setting.config.exports.values().all(|export| export.cron.is_none()) {
        bail!(
            "{} has no export with a schedule; add `cron = \"0 6 * * MON\"` to one, or run it with `tradewire run`",
            setting.config.path.display()
        );
    }
    let busy = Arc::new(output.busy("loading the plugins"));
    let runner = setting.runner(&busy)?;
    let stop = told_to_stop(output)?;
    let (told, beside) = (*output, busy.clone());
    let scheduler = Scheduler::new(runner).on_report(move |report| {
        let (text, value) = (report::text(report), report::value(report));
        beside.apart(|| told.result(&text, &value));
    });
    let upcoming = scheduler.upcoming(chrono::Utc::now());
    for (export, tenant, due) in &upcoming {
        busy.line(&format!("{export} for {tenant}: next at {}", due.to_rfc3339()));
    }
    busy.at(&format!("serving {} schedules", upcoming.len()));
    scheduler.run(stop).await;
    drop((scheduler, busy));
    output.note("stopped");
    Ok(())
}
