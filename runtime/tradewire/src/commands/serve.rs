//! `tradewire serve`: the schedules, the suppliers for whoever has a key, and ServiceTitan's events, until it is told to
//! stop.

use std::sync::Arc;

use anyhow::{Result, bail};
use chrono::TimeDelta;
use serde_json::json;
use tradewire_runs::CancellationToken;
use tradewire_runs::clock::SystemClock;
use tradewire_runs::history;
use tradewire_runs::run::Runner;
use tradewire_runs::scheduler::Scheduler;
use tradewire_runs::webhook::{Intake, Received};

use super::report;
use super::setting::Setting;
use super::stop::told_to_stop;
use crate::cli::Serve;
use crate::execute::Executor;
use crate::faults::Faults;
use crate::http::{Callers, Carried, Desk, Letterbox, Receivers, Server};
use crate::output::{Busy, Output};

/// Runs what falls due, and ends the runs that a process before this one left open; answers calls to suppliers and takes
/// events in.
pub async fn serve(options: Serve, output: &Output) -> Result<()> {
    let setting = Setting::read(&options.place)?;
    let config = &setting.config;
    let listens = !config.callers.is_empty() || !config.webhooks.is_empty();
    if !listens && config.schedules().next().is_none() {
        bail!(
            "{} has neither an export with a schedule, nor a caller of suppliers, nor a webhook; add `cron = \"0 6 * * \
             MON\"` to an export, a section `[caller.<name>]` with a `key` or `[webhook.<name>]` with a `secret`; `tradewire run` \
             runs an export now",
            config.path.display()
        );
    }
    let busy = Arc::new(output.busy("loading plugins and packs"));
    let mut faults = Faults::default();
    let callers = Callers::load(config, &mut faults);
    let receivers = Receivers::load(config, &mut faults);
    let executor = Arc::new(setting.executor(faults)?);
    let runner = setting.runner_by(executor.clone(), &busy)?;
    let stop = told_to_stop(output)?;
    let server = match listens {
        true => {
            let server = Server::bind(desk(&setting, callers, &executor, output, &busy), config.serve.listen).await?;
            Some(server.with_webhooks(letterbox(&runner, receivers, output, &busy)))
        }
        false => None,
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
    for export in config.exports.values().filter(|export| export.begins.by_itself() && export.begins.cron().is_none()) {
        busy.line(&format!("{} for {}: {}", export.name, export.tenants.join(", "), export.begins));
    }
    busy.at(&format!("serving {} schedules", config.schedules().count()));
    match server {
        None => drop(tokio::join!(scheduler.run(stop.clone()), forget(&runner, stop))),
        Some(server) => {
            let address = server.addr()?;
            if !config.callers.is_empty() {
                busy.line(&format!("serving {} suppliers at http://{address}", config.middleware.len()));
            }
            for webhook in config.webhooks.keys() {
                busy.line(&format!("taking events in at http://{address}/webhooks/{webhook}"));
            }
            tokio::join!(scheduler.run(stop.clone()), server.run(stop.clone()), forget(&runner, stop));
        }
    }
    drop((scheduler, runner, busy));
    output.note("stopped");
    Ok(())
}

fn letterbox(runner: &Runner, receivers: Receivers, output: &Output, busy: &Arc<Busy>) -> Letterbox {
    let (told, beside) = (*output, busy.clone());
    let onlooker = move |webhook: &str, received: &Received| {
        let Received { id, kind, tenant, is_repeated } = received;
        let again = if *is_repeated { ", again" } else { "" };
        let value = json!({ "webhook": webhook, "event": id, "type": kind, "tenant": tenant, "repeated": is_repeated });
        // The type may be one that nobody knows, so it is written with its control characters escaped.
        let text = format!("{webhook}: {} for {tenant}: event {id}{again}", kind.escape_debug());
        beside.apart(|| told.result(&text, &value));
    };
    let intake = Intake::start(runner.store().clone(), runner.queued().clone());
    Letterbox::new(&runner.config().serve, receivers, intake, onlooker)
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
