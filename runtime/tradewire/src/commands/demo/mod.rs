//! `tradewire demo`: the main job end to end, in a folder that one can go on with.
//!
//! A sandbox serves on a free port; an export is scheduled for a few seconds from now; the scheduler runs it as it
//! would any other.

mod folder;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;
use tokio::sync::mpsc;
use tradewire_runs::run::{Report, Runner};
use tradewire_runs::scheduler::Scheduler;
use tradewire_sandbox::{Options, Sandbox};

use super::installation::Installation;
use super::report;
use super::stop::told_to_stop;
use crate::cli::{Demo, Paths};
use crate::output::{Busy, Output};
use folder::Folder;

const ZONE: Tz = Tz::America__Phoenix;
/// How far ahead the export is scheduled.
const AHEAD: TimeDelta = TimeDelta::seconds(2);
/// What must be left of it when everything is ready.
const TO_SPARE: TimeDelta = TimeDelta::milliseconds(500);
/// A run that takes longer than its own limit, and some more, is not waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// How many lines of the file are shown.
const ROWS: usize = 8;

/// Shows the main job. Fails if the run does.
pub async fn demo(options: Demo, output: &Output) -> Result<ExitCode> {
    let folder = Folder::begin(&options.out)?;
    folder.furnish(&options.plugin)?;
    let stop = told_to_stop(output)?;
    let busy = Arc::new(output.busy("starting a sandbox"));
    stay_on_one_day().await;
    let sandbox = Sandbox::start(Options::default(), ([127, 0, 0, 1], 0).into()).await?;
    busy.at("loading the plugin");
    let (runner, due) = ready(&folder, &sandbox.url(), &busy)?;
    busy.at(&format!("waiting for {}, when weekly-payroll is due", due.format("%A %H:%M:%S")));
    let report = scheduled(runner, &stop).await?;
    drop(busy);
    let listen = sandbox.addr();
    sandbox.stop().await;
    if !report.succeeded() {
        output.failure(&report::text(&report));
        return Ok(ExitCode::FAILURE);
    }
    let rows = first_rows(&report)?;
    let program = std::env::args().next().unwrap_or_else(|| "tradewire".to_owned());
    let config = folder.config().display().to_string();
    let text = format!(
        "{}\n\n{}\n\nwhat to try next:\n  {program} sandbox --listen {listen}    # the same ServiceTitan; \
         leave it running\n  {program} run weekly-payroll --config {config}\n  {program} serve --config {config}\n",
        report::text(&report),
        rows.join("\n"),
    );
    output.result(&text, &json!({ "config": config, "run": report::value(&report), "rows": rows }));
    Ok(ExitCode::SUCCESS)
}

/// The sandbox dates its weeks from the day on which it starts; the export is to be due on the same.
async fn stay_on_one_day() {
    const LONGEST: TimeDelta = TimeDelta::seconds(20);
    let now = Utc::now();
    if (now + LONGEST).date_naive() != now.date_naive() {
        tokio::time::sleep(LONGEST.to_std().unwrap_or_default()).await;
    }
}

/// Schedules the export, with everything ready before it is due.
fn ready(folder: &Folder, address: &str, busy: &Arc<Busy>) -> Result<(Arc<Runner>, DateTime<Tz>)> {
    const TRIES: u32 = 5;
    for _ in 0..TRIES {
        let due = (Utc::now() + AHEAD).trunc_subsecs(0).with_timezone(&ZONE);
        folder.schedule(address, due)?;
        let runner = Installation::read(&Paths { config: folder.config(), state: None })?.runner(busy)?;
        // The first time the plugin is compiled, which may take longer; from then on it is in the cache.
        if Utc::now() + TO_SPARE < due {
            return Ok((runner, due));
        }
    }
    bail!("this machine is too busy to load a plugin within {} s; try again later", AHEAD.num_seconds())
}

/// Waits until the scheduler has run the export.
async fn scheduled(runner: Arc<Runner>, stop: &tradewire_runs::CancellationToken) -> Result<Report> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let scheduler = Scheduler::new(runner).wait_at_shutdown(Duration::ZERO).on_report(move |report| {
        let _ = tell.send(report.clone());
    });
    tokio::select! {
        report = told.recv() => report.context("the scheduler ended by itself"),
        () = scheduler.run(stop.clone()) => bail!("stopped before the export had run"),
        () = tokio::time::sleep(PATIENCE) => bail!("the export was not run when it was due; its slot says why"),
    }
}

fn first_rows(report: &Report) -> Result<Vec<String>> {
    let file =
        report.files.first().context("the run succeeded and made no file: no payroll period ends in its week")?;
    let path = report::place(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(text.lines().take(ROWS).map(str::to_owned).collect())
}
