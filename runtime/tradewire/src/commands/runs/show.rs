//! `tradewire runs show`: all that is known of a run.

use std::process::ExitCode;

use anyhow::Result;
use tradewire_runs::history::{self, Account};
use tradewire_store::{HostCalls, RunRecord, WriteRecord};

use super::{moment, outcome, took};
use crate::cli::runs::Show;
use crate::commands::installation::Installation;
use crate::commands::report;
use crate::commands::table::table;
use crate::output::Output;

pub(super) async fn show(options: Show, output: &Output) -> Result<ExitCode> {
    let store = Installation::read(&options.which.paths)?.store()?;
    let run = history::find(&store, &options.which.run).await?;
    let account = history::account(&store, run).await?;
    output.result(&text(&account), &account);
    Ok(ExitCode::SUCCESS)
}

fn text(account: &Account) -> String {
    let Account { run, cause, host_calls, files, delivery, writes, other_attempts } = account;
    let RunRecord { opening, cancel_asked, ending, .. } = run;
    let zone = opening.window.start.timezone();
    let mut text = format!("run {}\n", opening.id);
    let mut line = |name: &str, value: &str| text += &format!("  {name:9}  {value}\n");
    line("export", &format!("{} for {} ({})", opening.export, opening.tenant, opening.tenant_id));
    line("window", &opening.window.to_string());
    let due = opening.due.map(|due| format!(", the slot of {}", moment(due, zone))).unwrap_or_default();
    let cause = cause.as_ref().map(|cause| format!(" {cause}")).unwrap_or_default();
    line("begun by", &format!("{}{cause}{due}", opening.trigger));
    line("attempt", &opening.attempt.to_string());
    let digest = ending.as_ref().and_then(|ending| ending.plugin_digest.as_ref());
    let digest = digest.map(|digest| format!(" ({digest})")).unwrap_or_default();
    line("runs", &format!("{}{digest}", opening.plugin));
    line("by", &opening.owner);
    line("began", &moment(opening.started, zone));
    if let Some(at) = cancel_asked {
        line("cancelled", &format!("asked for {}", moment(*at, zone)));
    }
    match ending {
        None => line("held until", &moment(opening.lease_until, zone)),
        Some(ending) => {
            line("ended", &moment(ending.ended, zone));
            if let Some(at) = ending.retry_at {
                line("next", &format!("attempt {} is due at {}", opening.attempt + 1, moment(at, zone)));
            }
        }
    }
    line("took", &took(run));
    line("outcome", &outcome(run));
    if let Some(ending) = ending {
        line("message", &ending.message);
        ending.reasons.iter().for_each(|reason| line("", &format!("- {reason}")));
        if ending.log_dropped > 0 {
            line("log", &format!("{} lines were dropped at the limit", ending.log_dropped));
        }
    }
    if let Some(delivery) = delivery {
        text += &format!("  delivery   {} to {}: {}", delivery.delivery, delivery.destination, delivery.state);
        text += &match (run.delivers(), delivery.tries) {
            (true, _) => format!(", {}\n", report::delivery_text(delivery, zone)),
            (false, 0) => "\n".to_owned(),
            (false, tries) => format!(", tried {tries} times in vain\n"),
        };
        if let Some(error) = &delivery.last_error {
            text += &format!("             {error}\n");
        }
    }
    section(&mut text, "other attempts", other_attempts.iter().map(attempt).collect());
    section(&mut text, "host calls", host_calls.iter().map(calls).collect());
    for file in files {
        let at = file.delivered_at.map(|at| format!(" at {}", moment(at, zone))).unwrap_or_default();
        text += report::file_text(file).trim_start_matches('\n');
        text += &format!("\n    {}{at}, version {}, sha256 {}\n", file.state, file.version, file.sha256);
    }
    section(&mut text, "writes at ServiceTitan", writes.iter().map(write).collect());
    if account.unresolved_writes() > 0 {
        text += &format!(
            "  {} unresolved: `tradewire writes list` shows what is to be resolved\n",
            account.unresolved_writes()
        );
    }
    text
}

/// A heading and rows below it, where there are any.
fn section(text: &mut String, name: &str, rows: Vec<Vec<String>>) {
    if !rows.is_empty() {
        *text += &format!("  {name}\n");
        table(&rows).lines().for_each(|row| *text += &format!("    {row}\n"));
    }
}

fn attempt(run: &RunRecord) -> Vec<String> {
    let message = run.ending.as_ref().map(|ending| ending.message.clone()).unwrap_or_default();
    vec![run.opening.attempt.to_string(), run.opening.id.to_string(), outcome(run), message]
}

fn calls(calls: &HostCalls) -> Vec<String> {
    let HostCalls { operation, calls, failures, retries, waited_ms, bytes } = calls;
    let times = if *calls == 1 { "time" } else { "times" };
    vec![
        operation.clone(),
        format!("{calls} {times}"),
        format!("{failures} failed"),
        format!("{retries} tried again"),
        format!("{waited_ms} ms waited for the rate limit"),
        format!("{bytes} bytes"),
    ]
}

fn write(write: &WriteRecord) -> Vec<String> {
    let WriteRecord { id, attempt, operation, method, path, state, status, message, .. } = write;
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    vec![
        state.to_string(),
        status,
        format!("attempt {attempt}"),
        operation.clone(),
        format!("{method} {path}"),
        id.to_string(),
        message.clone().unwrap_or_default(),
    ]
}
