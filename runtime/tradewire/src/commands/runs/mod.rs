//! `tradewire runs`: what became of runs, and what may be done about it.

mod cancel;
mod list;
mod logs;
mod retry;
mod show;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use tradewire_store::RunRecord;

use crate::cli::runs::Runs;
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Runs, output: &Output) -> Result<ExitCode> {
    match command {
        Runs::List(options) => list::list(options, output).await,
        Runs::Show(options) => show::show(options, output).await,
        Runs::Logs(options) => logs::logs(options, output).await,
        Runs::Retry(options) => retry::retry(options, output).await,
        Runs::Cancel(options) => cancel::cancel(options, output).await,
    }
}

/// How a run does: its outcome, or that it goes on.
fn outcome(run: &RunRecord) -> String {
    match (&run.ending, run.cancel_asked) {
        (Some(ending), _) => ending.outcome.to_string(),
        (None, None) => "running".to_owned(),
        (None, Some(_)) => "to be cancelled".to_owned(),
    }
}

/// How long a run took, or has taken so far.
fn took(run: &RunRecord) -> String {
    let until = run.ending.as_ref().map_or_else(Utc::now, |ending| ending.ended);
    let millis = u64::try_from((until - run.opening.started).num_milliseconds()).unwrap_or(0);
    let time = if millis < 1000 { Duration::from_millis(millis) } else { Duration::from_secs(millis / 1000) };
    humantime::format_duration(time).to_string()
}

/// A moment in the time zone of the window.
fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}
