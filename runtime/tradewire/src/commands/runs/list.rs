//! `tradewire runs list`: runs and the slots without one, the latest first, one a line.

use std::process::ExitCode;

use anyhow::Result;
use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::json;
use tradewire_schedule::Window;
use tradewire_store::{DeliveryRecord, DeliveryState, RunFilter, RunRecord, SlotFilter, SlotRecord, Store};

use super::{moment, outcome, took};
use crate::cli::runs::{List, Wanted};
use crate::commands::installation::Installation;
use crate::commands::table::table;
use crate::output::Output;

/// What has a line.
enum Entry {
    Run(Box<Listed>),
    Slot(Box<SlotRecord>),
}

/// A run, and how its delivery does where that is not over.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    run: RunRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryRecord>,
}

impl Listed {
    fn message(&self) -> String {
        let message = self.run.ending.as_ref().map(|ending| ending.message.clone()).unwrap_or_default();
        let Some(DeliveryRecord { state, next_try, tries, .. }) = &self.delivery else { return message };
        let then = match (state, next_try) {
            (DeliveryState::Stopped, _) => "not tried again by itself".to_owned(),
            (_, Some(at)) => format!("next try at {}", moment(*at, self.run.opening.window.start.timezone())),
            _ => "tried again soon".to_owned(),
        };
        format!("{message} (tries: {tries}, {then})")
    }
}

impl Entry {
    fn at(&self) -> DateTime<Utc> {
        match self {
            Entry::Run(listed) => listed.run.opening.started,
            Entry::Slot(slot) => slot.due,
        }
    }

    fn row(&self) -> Vec<String> {
        match self {
            Entry::Run(listed) => {
                let run = &listed.run;
                let opening = &run.opening;
                vec![
                    opening.id.short(),
                    moment(opening.started, opening.window.start.timezone()),
                    opening.export.clone(),
                    opening.tenant.clone(),
                    opening.trigger.to_string(),
                    window(&opening.window),
                    opening.attempt.to_string(),
                    outcome(run),
                    took(run),
                    listed.message(),
                ]
            }
            Entry::Slot(slot) => {
                let due = slot.due.to_rfc3339_opts(SecondsFormat::Secs, true);
                let reason = slot.reason.clone().unwrap_or_default();
                let none = || "-".to_owned();
                let (export, tenant, state) = (slot.export.clone(), slot.tenant.clone(), slot.state.to_string());
                let (by, window) = (slot.trigger.to_string(), slot.window.as_ref().map_or_else(none, window));
                vec![none(), due, export, tenant, by, window, none(), state, none(), reason]
            }
        }
    }
}

const HEAD: [&str; 10] =
    ["run", "began or due", "export", "tenant", "by", "window", "attempt", "outcome", "took", "message"];

pub(super) async fn list(options: List, output: &Output) -> Result<ExitCode> {
    let store = Installation::read(&options.paths)?.store()?;
    let filter = RunFilter {
        export: options.export.clone(),
        tenant: options.tenant.clone(),
        outcome: options.outcome.and_then(|wanted| match wanted {
            Wanted::Ended(outcome) => Some(outcome),
            Wanted::Running => None,
        }),
        open: matches!(options.outcome, Some(Wanted::Running)),
        since: options.since,
        limit: Some(options.limit),
        ..RunFilter::default()
    };
    let deliveries = store.deliveries().await?;
    let listed = |run: RunRecord| {
        let delivery = deliveries.iter().find(|delivery| run.delivers() && delivery.run == run.opening.id).cloned();
        Entry::Run(Box::new(Listed { run, delivery }))
    };
    let mut entries: Vec<Entry> = store.runs(&filter).await?.into_iter().map(listed).collect();
    if options.slots {
        let filter = SlotFilter {
            export: options.export,
            tenant: options.tenant,
            idle: true,
            since: options.since,
            limit: Some(options.limit),
            ..SlotFilter::default()
        };
        entries.extend(store.slots(&filter).await?.into_iter().map(|slot| Entry::Slot(Box::new(slot))));
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at()));
        entries.truncate(usize::try_from(options.limit).unwrap_or(usize::MAX));
    }
    let text = match entries.is_empty() {
        true => "no runs".to_owned(),
        false => {
            let head = HEAD.map(str::to_uppercase).to_vec();
            table(&std::iter::once(head).chain(entries.iter().map(Entry::row)).collect::<Vec<_>>())
        }
    };
    let (mut runs, mut slots) = (Vec::new(), Vec::new());
    for entry in &entries {
        match entry {
            Entry::Run(run) => runs.push(run),
            Entry::Slot(slot) => slots.push(slot),
        }
    }
    let value = if options.slots { json!({ "runs": runs, "slots": slots }) } else { json!({ "runs": runs }) };
    output.result(&text, &value);
    Ok(ExitCode::SUCCESS)
}

/// A window, by its days where it begins and ends at midnight.
fn window(window: &Window) -> String {
    let Window { start, end } = window;
    match start.time() == NaiveTime::MIN && end.time() == NaiveTime::MIN {
        true => format!("{}/{}", start.date_naive(), end.date_naive()),
        false => window.to_string(),
    }
}
