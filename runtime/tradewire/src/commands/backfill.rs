//! `tradewire run --backfill`: the windows of a span, one after the other, each as its schedule would cut it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use chrono::Utc;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use serde_json::json;
use tradewire_config::{Config, Export};
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Request, RunError, Runner};
use tradewire_schedule::Window;

use super::installation::Installation;
use super::report;
use super::run::{AT_ONCE, Short};
use super::stop::told_to_stop;
use crate::cli::Run;
use crate::output::{Busy, Output};

/// The windows of one tenant, and how many of them are done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Backfill {
    export: String,
    tenant: String,
    windows: Vec<Window>,
    done: usize,
    /// Why it stopped before the end.
    stopped: Option<String>,
    /// Where to go on, if it did: the start of the first window that is not done.
    go_on_from: Option<String>,
    /// Whether it waits for an operator.
    waits: bool,
    /// What the window falls short by that it stopped at.
    #[serde(skip)]
    short: Option<Short>,
    /// The end of the span, as it was asked for.
    to: String,
}

/// Walks the windows of each tenant in order, up to the first that fails, and tells where to go on.
pub async fn backfill(options: Run, output: &Output) -> Result<ExitCode> {
    let installation = Installation::read(&options.paths)?;
    let config = &installation.config;
    let export = config.exports.get(&options.export);
    let export = export.ok_or_else(|| RunError::unknown_export(config, &options.export))?;
    let tenants = options.tenant.as_ref().map_or(export.tenants.as_slice(), std::slice::from_ref);
    let backfills: Result<Vec<Backfill>> =
        tenants.iter().map(|tenant| plan(config, export, tenant, &options)).collect();
    let backfills = backfills?;
    let busy = Arc::new(output.busy("loading the plugins"));
    let runner = installation.runner(&busy)?;
    runner.recover().await?;
    let stop = told_to_stop(output)?;
    busy.at(&format!("running {}", export.name));
    let walks = backfills.into_iter().map(|backfill| walk(&runner, backfill, options.force, &stop, &busy));
    let walked: Vec<Backfill> = stream::iter(walks).buffered(AT_ONCE).collect().await;
    drop((runner, busy));
    Ok(tell(&walked, output))
}

/// The windows that lie wholly within the span and are complete.
fn plan(config: &Config, export: &Export, tenant: &str, options: &Run) -> Result<Backfill> {
    let known = config.tenants.get(tenant).filter(|known| export.tenants.contains(&known.name));
    let known = known.ok_or_else(|| RunError::unknown_tenant(export, tenant))?;
    let zone = config.zone(export, known);
    if let (true, None) = (export.trigger.by_itself(), export.trigger.cron()) {
        bail!("{} cuts no windows of its own: it runs {}; leave out `--backfill`", export.name, export.trigger);
    }
    let (Some(from), Some(to)) = (&options.from, &options.to) else { bail!("a backfill needs `--from` and `--to`") };
    let span = Window::parse(from, to, zone)?;
    let mut windows = export.window.within(config.slots(export, known).as_ref(), zone, span);
    windows.retain(|window| window.end <= Utc::now());
    if windows.is_empty() {
        bail!("no window of {} for {tenant} lies wholly between {} and {}", export.name, span.start, span.end);
    }
    let (export, tenant) = (export.name.clone(), tenant.to_owned());
    Ok(Backfill {
        export,
        tenant,
        windows,
        done: 0,
        stopped: None,
        go_on_from: None,
        waits: false,
        short: None,
        to: to.clone(),
    })
}

async fn walk(runner: &Runner, mut backfill: Backfill, force: bool, stop: &CancellationToken, busy: &Busy) -> Backfill {
    for window in backfill.windows.clone() {
        let (export, tenant) = (&backfill.export, &backfill.tenant);
        if stop.is_cancelled() {
            backfill.short = None;
            backfill.stopped = Some(format!("{export} for {tenant}: stopped before the window {window}"));
            break;
        }
        let request = Request { window: Some(window), force, ..Request::now(export, tenant) };
        let result = runner.run(request, stop.clone()).await;
        backfill.short = Short::of(&result);
        backfill.waits = backfill.short == Some(Short::Waits);
        match result {
            Ok(report) if report.succeeded() => {
                busy.line(&report::text(&report));
                backfill.done += 1;
            }
            Ok(report) => {
                backfill.stopped = Some(report::text(&report));
                break;
            }
            Err(error) => {
                backfill.stopped = Some(format!("{export} for {tenant}: {error}"));
                break;
            }
        }
    }
    let left = backfill.windows.get(backfill.done).filter(|_| backfill.stopped.is_some());
    backfill.go_on_from = left.map(|window| window.start.to_rfc3339());
    backfill
}

fn tell(walked: &[Backfill], output: &Output) -> ExitCode {
    let done: Vec<String> = walked.iter().filter(|backfill| backfill.done > 0).map(done).collect();
    for backfill in walked {
        if let Some(stopped) = &backfill.stopped {
            output.failure(&format!("{stopped}\n{}", go_on(backfill)));
        }
    }
    if output.is_json() || !done.is_empty() {
        output.result(&done.join("\n"), &json!({ "backfills": walked }));
    }
    let stopped = walked.iter().filter(|backfill| backfill.stopped.is_some());
    // One that was told to stop did not come to its end.
    Short::code(stopped.map(|backfill| backfill.short.unwrap_or(Short::Failed)))
}

/// `weekly for acme: 3 of 5 windows are done, from 2026-03-02T06:00:00-07:00 to 2026-03-23T06:00:00-07:00`
fn done(backfill: &Backfill) -> String {
    let Backfill { export, tenant, windows, done, .. } = backfill;
    let mut text = format!("{export} for {tenant}: {done} of {} windows are done", windows.len());
    let walked = &windows[..*done];
    if let (Some(first), Some(last)) = (walked.first(), walked.last()) {
        text += &format!(", from {} to {}", first.start.to_rfc3339(), last.end.to_rfc3339());
    }
    text
}

/// The command that goes on with the window that failed.
fn go_on(backfill: &Backfill) -> String {
    let Backfill { export, tenant, go_on_from, to, .. } = backfill;
    let from = go_on_from.as_deref().unwrap_or_default();
    format!("go on with\n  tradewire run {export} --tenant {tenant} --from {from} --to {to} --backfill")
}
