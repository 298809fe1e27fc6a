//! `tradewire webhooks`: the events that came in.

use anyhow::Result;
use chrono::SecondsFormat;
use serde_json::json;
use tradewire_runs::store::{EventFilter, EventRecord, Store};

use super::setting::Setting;
use crate::cli::webhooks::{List, Webhooks};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Webhooks, output: &Output) -> Result<()> {
    match command {
        Webhooks::List(options) => list(options, output).await,
    }
}

async fn list(options: List, output: &Output) -> Result<()> {
    let store = Setting::read(&options.place)?.store()?;
    let List { webhook, tenant, limit, .. } = options;
    let events = store.events(&EventFilter { webhook, tenant, limit: Some(limit) }).await?;
    let text = match events.is_empty() {
        true => "no events".to_owned(),
        false => events.iter().map(text).collect::<Vec<_>>().join("\n"),
    };
    output.result(&text, &json!({ "events": events }));
    Ok(())
}

/// `2026-03-02T06:00:01.204Z  jobs  acme  tn.jpm.job-completed  <its id>`
fn text(event: &EventRecord) -> String {
    let EventRecord { id, webhook, tenant, kind, received, .. } = event;
    let received = received.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{received}  {webhook}  {tenant}  {}  {id}", kind.escape_debug())
}
