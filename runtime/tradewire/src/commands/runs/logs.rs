//! `tradewire runs logs`: what a run has logged, and what it logs.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chrono::{SecondsFormat, Utc};
use serde_json::json;
use tradewire_runs::history;
use tradewire_store::{LogLine, RunRecord, Store};
use tradewire_store_sqlite::SqliteStore;

use crate::cli::runs::Logs;
use crate::commands::installation::Installation;
use crate::commands::stop::told_to_stop;
use crate::output::Output;

/// How many lines are read at a time.
const PAGE: u32 = 1000;
/// How often a run that goes on is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn logs(options: Logs, output: &Output) -> Result<ExitCode> {
    let store = Installation::read(&options.which.paths)?.store()?;
    let run = history::find(&store, &options.which.run).await?;
    if options.follow {
        follow(&store, run, &options, output).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (mut from, mut lines) = (0, Vec::new());
    while page(&store, &run, &mut from, &options, |line| lines.push(line)).await? {}
    let text: Vec<String> = lines.iter().map(text).collect();
    if output.is_json() || !lines.is_empty() {
        output.result(&text.join("\n"), &json!({ "run": run.opening.id, "lines": lines }));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints lines as they come, until the run has ended or nobody holds it any more.
async fn follow(store: &SqliteStore, mut run: RunRecord, options: &Logs, output: &Output) -> Result<()> {
    let stop = told_to_stop(output)?;
    let mut from = 0;
    loop {
        // Looked at before its log is: nothing is logged after the end.
        let is_over = run.ending.is_some() || run.opening.lease_until < Utc::now();
        while page(store, &run, &mut from, options, |line| output.result(&text(&line), &line)).await? {}
        if is_over {
            let how = run.ending.as_ref().map_or("nobody carries it out any more", |ending| ending.outcome.as_str());
            output.note(&format!("run {}: {how}", run.opening.id));
            return Ok(());
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Some(now) = store.run(run.opening.id).await? {
            run = now;
        }
    }
}

/// Tells the lines of a page that matter enough. Whether there may be more.
async fn page(
    store: &SqliteStore,
    run: &RunRecord,
    from: &mut u32,
    options: &Logs,
    mut tell: impl FnMut(LogLine),
) -> Result<bool> {
    let lines = store.log(run.opening.id, *from, PAGE).await?;
    let Some(last) = lines.last().map(|line| line.seq) else { return Ok(false) };
    *from = last.saturating_add(1);
    lines.into_iter().filter(|line| line.level.is_at_least(options.level)).for_each(&mut tell);
    Ok(true)
}

fn text(line: &LogLine) -> String {
    format!("{} {:5} {}", line.at.to_rfc3339_opts(SecondsFormat::Millis, true), line.level, line.text)
}
