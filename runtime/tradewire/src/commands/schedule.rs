//! `tradewire schedule`: how the schedules do, when they are due, and pausing them.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use tradewire_config::{Config, Export};
use tradewire_runs::run::RunError;
use tradewire_runs::scheduler::{FeedStatus, Status, statuses};
use tradewire_schedule::{self as schedule, Window};
use tradewire_store::{Pause, Store};

use super::installation::Installation;
use crate::cli::schedule::{List, Next, Schedule, Which};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Schedule, output: &Output) -> Result<()> {
    match command {
        Schedule::List(options) => list(options, output).await,
        Schedule::Next(options) => next(options, output),
        Schedule::Pause(options) => pause(options, output).await,
        Schedule::Resume(options) => resume(options, output).await,
    }
}

async fn list(options: List, output: &Output) -> Result<()> {
    let installation = Installation::read(&options.paths)?;
    let schedules = statuses(&installation.config, &installation.store()?, Utc::now()).await?;
    let text = match schedules.is_empty() {
        true => "no schedules".to_owned(),
        false => schedules.iter().map(text).collect::<Vec<_>>().join("\n"),
    };
    output.result(&text, &json!({ "schedules": schedules }));
    Ok(())
}

/// `weekly-payroll for acme: ready, next at 2026-03-16T06:00:00-07:00 (0 6 * * MON, America/Phoenix)`, or `payroll-report
/// for acme: ready, after weekly-payroll`, and what else there is to say.
fn text(status: &Status) -> String {
    let Status { export, tenant, trigger, timezone, condition, reason, next, queued, last, feed } = status;
    let next = match trigger.cron() {
        Some(_) => {
            let next = next.as_ref().map_or("never again".to_owned(), |next| format!("next at {next}"));
            format!("{next} ({trigger}, {timezone})")
        }
        None => trigger.to_string(),
    };
    let mut text = format!("{export} for {tenant}: {condition}, {next}");
    if let Some(reason) = reason {
        text += &format!("\n  {condition} {reason}");
    }
    if *queued > 0 {
        let slots = if *queued == 1 { "slot waits for its" } else { "slots wait for their" };
        text += &format!("\n  {queued} {slots} turn");
    }
    if let Some(last) = last {
        let due = last.due.with_timezone(&timezone.parse().unwrap_or(chrono_tz::Tz::UTC));
        let reason = last.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        text += &format!("\n  the slot of {} was {}{reason}", due.to_rfc3339(), last.state);
    }
    if let Some(FeedStatus { operation, from, moved }) = feed {
        let from = from.as_deref().unwrap_or("the beginning");
        let since = moved.map(|moved| Utc::now().signed_duration_since(moved).to_std().unwrap_or_default());
        let since =
            since.map(|age| format!(", moved {} ago", humantime::format_duration(Duration::from_secs(age.as_secs()))));
        text += &format!("\n  {operation} goes on from {from}{}", since.unwrap_or_default());
    }
    text
}

/// A slot that is to come.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Slot {
    due: String,
    /// With its jitter.
    start: String,
    window: Option<Window>,
    blackout: Option<String>,
}

fn next(options: Next, output: &Output) -> Result<()> {
    let installation = Installation::read(&options.which.paths)?;
    let config = &installation.config;
    let export = export(config, &options.which)?;
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    let (mut text, mut values) = (String::new(), Vec::new());
    for schedule in config.schedules().filter(|schedule| is_meant(schedule, &options.which)) {
        let upcoming = schedule.slots.upcoming(Utc::now()).take(count);
        let slots: Vec<Slot> = upcoming.map(|due| slot(export, &schedule, due.to_utc())).collect();
        text += &match schedule.slots.cron() {
            Some(_) => format!("{} for {} ({})\n", export.name, schedule.tenant, schedule.slots.zone().name()),
            None => format!("{} for {}: {}\n", export.name, schedule.tenant, export.trigger),
        };
        text.extend(slots.iter().map(slot_text));
        let trigger = &export.trigger;
        values.push(json!({ "export": export.name, "tenant": schedule.tenant, "trigger": trigger, "next": slots }));
    }
    output.result(&text, &json!({ "schedules": values }));
    Ok(())
}

fn slot(export: &Export, schedule: &schedule::Schedule, due: DateTime<Utc>) -> Slot {
    Slot {
        due: schedule.local(due).to_rfc3339(),
        start: schedule.local(schedule.start(due)).to_rfc3339(),
        window: export.window.window(Some(&schedule.slots), schedule.slots.zone(), due),
        blackout: schedule.blackout(due).map(ToString::to_string),
    }
}

fn slot_text(slot: &Slot) -> String {
    let mut text = format!("  {}", slot.due);
    if slot.start != slot.due {
        text += &format!(", starts at {}", slot.start);
    }
    match (&slot.blackout, &slot.window) {
        (Some(blackout), _) => text += &format!(": does not run, it lies in the blackout `{blackout}`"),
        (None, Some(window)) => text += &format!(": window {window}"),
        (None, None) => text += ": no window, since no slot is before it",
    }
    text + "\n"
}

async fn pause(options: Which, output: &Output) -> Result<()> {
    let installation = Installation::read(&options.paths)?;
    let export = export(&installation.config, &options)?.name.clone();
    let store = installation.store()?;
    let pause = Pause { export: export.clone(), tenant: options.tenant.clone(), since: Utc::now() };
    store.pause(&pause).await?;
    let whose = whose(&options);
    let text = format!("{whose} is paused; a `tradewire serve` that runs sees it within half a minute");
    output.result(&text, &json!({ "paused": pause }));
    Ok(())
}

async fn resume(options: Which, output: &Output) -> Result<()> {
    let installation = Installation::read(&options.paths)?;
    let export = export(&installation.config, &options)?;
    let meanwhile = match export.trigger.cron() {
        Some(_) => "slots that passed meanwhile are not made up for: `tradewire run --backfill` is",
        None => "what has waited meanwhile goes on",
    };
    let export = export.name.clone();
    let store = installation.store()?;
    let was_paused = store.resume(&export, options.tenant.as_deref()).await?;
    let whose = whose(&options);
    if let Some(tenant) = &options.tenant
        && store.pauses().await?.iter().any(|pause| pause.covers(&export, tenant))
    {
        bail!("{export} is paused for all of its tenants; `tradewire schedule resume {export}` ends that");
    }
    let text = match was_paused {
        true => format!("{whose} is resumed; {meanwhile}"),
        false => format!("{whose} was not paused"),
    };
    output.result(&text, &json!({ "export": export, "tenant": options.tenant, "wasPaused": was_paused }));
    Ok(())
}

/// The export that is meant: one whose runs begin by themselves, for the tenant that is meant.
fn export<'c>(config: &'c Config, which: &Which) -> Result<&'c Export> {
    let export = config.exports.get(&which.export);
    let export = export.ok_or_else(|| RunError::unknown_export(config, &which.export))?;
    if let Some(tenant) = which.tenant.as_ref().filter(|tenant| !export.tenants.contains(tenant)) {
        return Err(RunError::unknown_tenant(export, tenant).into());
    }
    let none = || anyhow!("export `{}` has no schedule; add `cron = \"0 6 * * MON\"` to it", export.name);
    Some(export).filter(|export| export.trigger.by_itself()).ok_or_else(none)
}

fn is_meant(schedule: &schedule::Schedule, which: &Which) -> bool {
    schedule.export == which.export && which.tenant.as_ref().is_none_or(|tenant| *tenant == schedule.tenant)
}

fn whose(which: &Which) -> String {
    match &which.tenant {
        Some(tenant) => format!("{} for {tenant}", which.export),
        None => format!("{} for all of its tenants", which.export),
    }
}
