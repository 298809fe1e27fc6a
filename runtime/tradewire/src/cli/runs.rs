//! `tradewire runs`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Local, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use tradewire_store::{LogLevel, Outcome, RunName};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Runs {
    /// Lists runs, the latest first.
    List(List),
    /// Shows all that is known of a run.
    Show(Show),
    /// Prints the log of a run.
    Logs(Logs),
    /// Runs the window of a run again.
    ///
    /// The retry is the next attempt of that run. Writes that were answered before are not sent again: the journal
    /// answers them. A run that goes on, waits for unresolved writes or has succeeded is refused. So is a run whose
    /// window has a later run: retry that one. If only the delivery is left, the delivery is tried at once, without the
    /// plugin. The exit codes are those of `tradewire run`.
    Retry(Retry),
    /// Cancels a run that goes on, and waits until it has ended.
    ///
    /// The process that carries it out notices within half a minute. Nothing is delivered, and the run is not retried.
    /// If the delivery was decided already, files that are delivered stay, and the others are given up. A run whose
    /// process is gone is recorded as interrupted.
    Cancel(Cancel),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only runs of this export.
    #[arg(long)]
    pub export: Option<String>,
    /// Only runs for this tenant.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Only runs in this state: running, succeeded, unchanged, failed, cancelled, interrupted, waiting, delivering.
    #[arg(long)]
    pub outcome: Option<Wanted>,
    /// Only runs that began then or later: a day, a moment, or how long ago (`2 days`).
    #[arg(long, value_parser = since)]
    pub since: Option<DateTime<Utc>>,
    /// The most runs to list.
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Also lists slots without a run: missed, skipped, paused and so on.
    #[arg(long, conflicts_with = "outcome")]
    pub slots: bool,
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub which: Which,
}

#[derive(Debug, Args)]
pub struct Logs {
    #[command(flatten)]
    pub which: Which,
    /// The least level to print: trace, debug, info, warn, error.
    #[arg(long, default_value = "trace", value_parser = level)]
    pub level: LogLevel,
    /// Follows the log until the run has ended. With `--json` each line is a document.
    #[arg(long, short)]
    pub follow: bool,
}

#[derive(Debug, Args)]
pub struct Retry {
    #[command(flatten)]
    pub which: Which,
    /// Begins a new run instead, even if that one succeeded, and sends its writes again.
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Cancel {
    #[command(flatten)]
    pub which: Which,
    /// Does not wait until the run has ended.
    #[arg(long)]
    pub no_wait: bool,
}

#[derive(Debug, Args)]
pub struct Which {
    /// The run: its id, or the first or last characters of it.
    pub run: RunName,
    #[command(flatten)]
    pub paths: Paths,
}

/// How a run does.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    Running,
    Ended(Outcome),
}

/// That a word says nothing of a run.
#[derive(Debug)]
pub struct NotAnOutcome;

impl fmt::Display for NotAnOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write succeeded, unchanged, failed, cancelled, interrupted, waiting, delivering or running")
    }
}

impl std::error::Error for NotAnOutcome {}

impl FromStr for Wanted {
    type Err = NotAnOutcome;

    fn from_str(word: &str) -> Result<Self, NotAnOutcome> {
        match word {
            "running" => Ok(Wanted::Running),
            word => Outcome::from_word(word).map(Wanted::Ended).ok_or(NotAnOutcome),
        }
    }
}

fn level(word: &str) -> Result<LogLevel, &'static str> {
    LogLevel::from_word(word).ok_or("write trace, debug, info, warn or error")
}

/// A day begins at midnight here.
fn since(text: &str) -> Result<DateTime<Utc>, &'static str> {
    let day = text
        .parse::<NaiveDate>()
        .ok()
        .and_then(|day| day.and_time(NaiveTime::MIN).and_local_timezone(Local).earliest());
    let moment = || DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc());
    let ago = || {
        let ago = humantime::parse_duration(text).ok()?;
        Utc::now().checked_sub_signed(chrono::TimeDelta::from_std(ago).ok()?)
    };
    let told = day.map(|day| day.to_utc()).or_else(moment).or_else(ago);
    told.ok_or("write a day (`2026-01-31`), a moment (`2026-01-31T06:00:00Z`) or how long ago (`2 days`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_day_a_moment_or_how_long_ago() {
        assert!(since("2026-01-31").is_ok());
        assert_eq!(
            since("2026-01-31T06:00:00-07:00").map(|at| at.to_rfc3339()),
            Ok("2026-01-31T13:00:00+00:00".into())
        );
        assert!(since("2 days").is_ok_and(|at| at < Utc::now()));
        for text in ["", "yesterday", "2026-02-30", "-1 day", "99999999999 years"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
