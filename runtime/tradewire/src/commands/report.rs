//! How a finished run is told.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use serde_json::{Value, json};
use tradewire_runs::delivery::total_name;
use tradewire_runs::run::Report;
use tradewire_store::{DeliveryRecord, DeliveryState, FileRecord, FileState};

/// Where a file was delivered, seen from here where that is shorter.
pub fn place(file: &FileRecord) -> PathBuf {
    seen_from_here(&Path::new(&file.destination).join(&file.delivered_as))
}

/// A path as seen from the working folder, where that is shorter.
pub fn seen_from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let shorter = here.ok().and_then(|here| path.strip_prefix(here).ok());
    shorter.unwrap_or(path).to_owned()
}

/// `weekly-payroll for acme: succeeded: PRAB_EPI.csv: 12 rows`
pub fn headline(report: &Report) -> String {
    let opening = &report.run.opening;
    let message = report.run.ending.as_ref().map(|ending| ending.message.as_str()).filter(|text| !text.is_empty());
    let message = message.map(|text| format!(": {text}")).unwrap_or_default();
    format!("{} for {}: {}{message}", opening.export, opening.tenant, report.outcome())
}

/// A run as a person reads it: its headline, then its reasons or its files.
pub fn text(report: &Report) -> String {
    let mut text = headline(report);
    for reason in report.run.ending.iter().flat_map(|ending| &ending.reasons) {
        text += &format!("\n  - {reason}");
    }
    if report.succeeded() {
        text += &format!("\n  window {}", report.run.opening.window);
    }
    if let Some(at) = report.run.ending.as_ref().and_then(|ending| ending.retry_at) {
        let at = at.with_timezone(&report.run.opening.window.start.timezone()).to_rfc3339();
        text += &format!("\n  attempt {} is due at {at}", report.run.opening.attempt + 1);
    }
    if let Some(delivery) = report.delivery.as_ref().filter(|_| report.delivers()) {
        text += &format!("\n  {}", delivery_text(delivery, report.run.opening.window.start.timezone()));
    }
    for file in &report.files {
        text += &file_text(file);
    }
    text
}

/// The same for a journal that is kept: a run with a thousand reasons does not fill it.
pub fn beginning(report: &Report) -> String {
    const MOST_LINES: usize = 50;
    let text = text(report);
    match text.lines().count().saturating_sub(MOST_LINES) {
        0 => text,
        more => {
            let shown: Vec<&str> = text.lines().take(MOST_LINES).collect();
            let run = report.run.opening.id;
            format!("{}\n  and {more} more lines: `tradewire runs show {run}` tells all", shown.join("\n"))
        }
    }
}

/// How the delivery of a run that delivers goes on, and what an operator may do about it.
pub fn delivery_text(delivery: &DeliveryRecord, zone: Tz) -> String {
    let DeliveryRecord { run, state, tries, next_try, .. } = delivery;
    let tried = if *tries == 1 { "tried once".to_owned() } else { format!("tried {tries} times") };
    let next = match (state, next_try) {
        (DeliveryState::Stopped, _) => "not tried again by itself".to_owned(),
        (_, Some(at)) => format!("`tradewire serve` tries again at {}", at.with_timezone(&zone).to_rfc3339()),
        _ => "`tradewire serve` tries again".to_owned(),
    };
    format!("{tried}; {next}; `tradewire runs retry {run}` tries now, `tradewire runs cancel {run}` gives the files up")
}

/// A file, with its control total.
pub fn file_text(file: &FileRecord) -> String {
    let place = place(file);
    let state = match file.state {
        FileState::Unchanged => ", delivered before with the same bytes",
        FileState::Queued | FileState::Moving | FileState::Refused => ", not delivered yet",
        FileState::Cancelled => ", given up",
        FileState::Delivered => "",
    };
    let mut text = format!("\n  file {} ({} bytes{state})", place.display(), file.bytes);
    if file.with_total {
        text += &format!("\n  control total {}", place.with_file_name(total_name(file)).display());
    }
    let width = file.totals.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in &file.totals {
        text += &format!("\n    {name:width$}  {value}");
    }
    text
}

/// A run as a script reads it.
pub fn value(report: &Report) -> Value {
    serde_json::to_value(report).unwrap_or_else(|error| json!({ "error": error.to_string() }))
}
