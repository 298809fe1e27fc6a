//! `tradewire serve`: the schedules, and the suppliers for whoever has a key, until it is told to stop.

use std::sync::Arc;

use anyhow::{Result, bail};
use chrono::TimeDelta;

use tradewire_runs::CancellationToken;
use tradewire_runs::clock::SystemClock;
use tradewire_runs::history;
use tradewire_runs::run::Runner;
use tradewire_runs::scheduler::Scheduler;

use super::report;
use super::setting::Setting;
use super::stop::told_to_stop;
use crate::cli::Serve;
use crate::execute::Executor;
use crate::faults::Faults;
use crate::http::{Callers, Carried, Desk, Server};
use crate::output::{Busy, Output};

/// Runs what falls due, and ends the runs that a process before this one left open; answers calls to suppliers.
pub async fn serve(options: Serve, output: &Output) -> Result<()> {
    let setting = Setting::read(&options.place)?;
    let config = &setting.config;
    if config.callers.is_empty() && config.exports.values().all(|export| export.cron.is_none()) {
        bail!(
            "{} has neither an export with a schedule nor a caller of suppliers; add `cron = \"0 6 * * MON\"` to an \
             export, or a section `[caller.<name>]` with a `key`; `tradewire run` runs an export now",
            config.path.display()
        );
    }
    let busy = Arc::new(output.busy("loading plugins and packs"));
    let mut faults = Faults::default();
    let callers = Callers::load(config, &mut faults);
    let executor = Arc::new(setting.executor(faults)?);
    let runner = setting.runner_by(executor.clone(), &busy)?;
    let stop = told_to_stop(output)?;
    let server = match config.callers.is_empty() {
        true => None,
        false => Some(Server::bind(desk(&setting, callers, &executor, output, &busy), config.serve.listen).await?),
    };
    let (told, beside) = (*output, busy.clone());
    let scheduler = Scheduler::new(runner.clone()).on_report(move |report| {
        let (text, value) = (report::text(report), report::value(report));
        beside.apart(|| told.result(&text, &value));
    });
    let upcoming = scheduler.upcoming(chrono::Utc::now());
    for (export, tenant, due) in &upcoming {
        busy.line(&format!("{export} for {tenant}: next at {}", due.to_rfc3339()));
    }
    busy.at(&format!("serving {} schedules", upcoming.len()));
    match server {
        None => drop(tokio::join!(scheduler.run(stop.clone()), forget(&runner, stop))),
        Some(server) => {
            busy.line(&format!("serving {} suppliers at http://{}", config.middleware.len(), server.addr()?));
            tokio::join!(scheduler.run(stop.clone()), server.run(stop.clone()), forget(&runner, stop));
        }
    }
    drop((scheduler, runner, busy));
    output.note("stopped");
    Ok(())
}

/// Forgets what is old, where the configuration says what that is.
async fn forget(runner: &Runner, stop: CancellationToken) {
    if let Some(keep) = runner.config().keep.and_then(|keep| TimeDelta::from_std(keep).ok()) {
        history::keep_pruned(&**runner.store(), &SystemClock, keep, stop).await;
    }
}

fn desk(setting: &Setting, callers: Callers, executor: &Executor, output: &Output, busy: &Arc<Busy>) -> Desk {
    let (told, beside) = (*output, busy.clone());
    let onlooker = move |carried: &Carried| beside.apart(|| told.result(&text(carried), carried));
    Desk::new(&setting.config.serve, callers, executor.suppliers().clone(), executor.tenants().clone(), onlooker)
}

/// `harborline/purchaseorder for acme by servicetitan: 200 in 35 ms`
fn text(carried: &Carried) -> String {
    let Carried { caller, tenant, middleware, endpoint, status, milliseconds, error, warnings } = carried;
    let mut text = format!("{middleware}/{endpoint} for {tenant} by {caller}: {status} in {milliseconds} ms");
    if !error.is_empty() {
        text += &format!(": {error}");
    }
    let mut text = on_one_line(&text);
    warnings.iter().for_each(|warning| text += &format!("\n  warning: {}", on_one_line(warning)));
    text
}

/// Names come from addresses and messages from vendors: neither begins a line that looks like one of ours.
fn on_one_line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default())
        } else {
            line.push(c)
        }
        line
    })
}
