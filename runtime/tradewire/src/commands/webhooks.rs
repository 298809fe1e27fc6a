//! `tradewire webhooks`: the events that came in, and dispatching them once more.

use anyhow::Result;
use chrono::{SecondsFormat, Utc};
use serde_json::json;
use tradewire_store::{Dispatch, DispatchState, EventFilter, EventRecord, ReceivedEvent, Store};

use super::installation::Installation;
use crate::cli::webhooks::{List, Replay, Webhooks};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Webhooks, output: &Output) -> Result<()> {
    match command {
        Webhooks::List(options) => list(options, output).await,
        Webhooks::Replay(options) => replay(options, output).await,
    }
}

async fn list(options: List, output: &Output) -> Result<()> {
    let store = Installation::read(&options.paths)?.store()?;
    let List { webhook, tenant, limit, .. } = options;
    let events = store.events(&EventFilter { webhook, tenant, limit: Some(limit) }).await?;
    let text = match events.is_empty() {
        true => "no events".to_owned(),
        false => events.iter().map(text).collect::<Vec<_>>().join("\n"),
    };
    output.result(&text, &json!({ "events": events }));
    Ok(())
}

/// `2026-03-02T06:00:01.204Z  jobs  acme  tn.jpm.job-completed  <its id>  on-completed: dispatched, run 1b2c3d4e`
fn text(ReceivedEvent { event, dispatches }: &ReceivedEvent) -> String {
    let EventRecord { id, webhook, tenant, kind, received, .. } = event;
    let received = received.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut text = format!("{received}  {webhook}  {tenant}  {}  {id}", kind.escape_debug());
    if !dispatches.is_empty() {
        text += &format!("  {}", dispatches.iter().map(told).collect::<Vec<_>>().join("; "));
    }
    text
}

/// `on-completed: failed, run 1b2c3d4e`
fn told(Dispatch { export, state, run, .. }: &Dispatch) -> String {
    let state = match state {
        DispatchState::Waiting => "waits",
        DispatchState::Dispatched => "dispatched",
        DispatchState::Failed => "failed",
    };
    let run = run.map(|run| format!(", run {}", run.short())).unwrap_or_default();
    format!("{export}: {state}{run}")
}

async fn replay(options: Replay, output: &Output) -> Result<()> {
    let installation = Installation::read(&options.paths)?;
    let store = installation.store()?;
    let begun =
        tradewire_runs::replay(&store, &installation.config, &options.events, options.export.as_deref(), Utc::now())
            .await?;
    let line = |(event, Dispatch { export, due, .. }): &(_, Dispatch)| {
        format!("event {event} waits for {export}, in the slot of {}", due.to_rfc3339_opts(SecondsFormat::Millis, true))
    };
    let text = begun.iter().map(line).collect::<Vec<_>>().join("\n");
    let values: Vec<_> =
        begun.iter().map(|(event, dispatch)| json!({ "event": event, "dispatch": dispatch })).collect();
    output.result(&text, &json!({ "replayed": values }));
    Ok(())
}
