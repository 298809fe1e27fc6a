//! `tradewire writes`: writes that were sent and never answered, and what an operator has found out about them.

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use serde_json::json;
use tradewire_runs::journal::{Look, look};
use tradewire_store::{Resolution, Store, StoreError, UnresolvedWrite, WrittenRequest};
use tradewire_surface::{Answer, Catalog};

use super::installation::Installation;
use crate::cli::writes::{List, Resolve, Writes};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Writes, output: &Output) -> Result<()> {
    match command {
        Writes::List(options) => list(options, output).await,
        Writes::Resolve(options) => resolve(options, output).await,
    }
}

/// An unresolved write, with the read that would tell.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    write: UnresolvedWrite,
    look: Option<Look>,
}

async fn list(options: List, output: &Output) -> Result<()> {
    let unresolved = Installation::read(&options.paths)?.store()?.unresolved_writes().await?;
    let told: Vec<Told> =
        unresolved.into_iter().map(|write| Told { look: look(&write.write, write.tenant_id), write }).collect();
    let text = match told.is_empty() {
        true => "no unresolved writes".to_owned(),
        false => told.iter().map(text).collect::<Vec<_>>().join("\n"),
    };
    output.result(&text, &json!({ "writes": told }));
    Ok(())
}

fn text(Told { write, look }: &Told) -> String {
    let UnresolvedWrite { write, export, tenant, tenant_id, window } = write;
    let mut text = format!("write {}\n", write.id);
    let mut line = |name: &str, value: &str| text += &format!("  {name:9}  {value}\n");
    line("run", &format!("{export} for {tenant} ({tenant_id}), attempt {}: {}", write.attempt, write.run));
    line("window", &window.to_string());
    line("operation", &write.operation);
    line("call", &address(&write.method, &write.path, &write.arguments.query));
    if let Some(body) = &write.arguments.body {
        let whole = write.arguments.body_bytes.is_none_or(|bytes| bytes == body.len() as u64);
        let bytes = write.arguments.body_bytes.unwrap_or_default();
        line("body", &if whole { body.clone() } else { format!("{body} … ({bytes} bytes)") });
    }
    if let Some(file) = &write.arguments.file {
        line("file", &format!("{} ({}, {} bytes, sha256 {})", file.name, file.content_type, file.bytes, file.sha256));
    }
    if let Some(WrittenRequest { bytes, sha256, .. }) = &write.arguments.vendor {
        line("went out", &format!("{bytes} bytes, sha256 {sha256}"));
    }
    line("sent", &write.begun.to_rfc3339_opts(SecondsFormat::Millis, true));
    line("why", write.message.as_deref().unwrap_or_default());
    match (look, &write.arguments.vendor) {
        (Some(Look { operation, .. }), Some(_)) => line("look at", &format!("{operation}, or what the vendor shows")),
        (None, Some(_)) => line("look at", "what the vendor shows"),
        (Some(look), None) => {
            line("look at", &format!("{} ({})", address("GET", &look.path, &look.query), look.operation));
        }
        (None, None) => {}
    }
    line("resolve", &format!("tradewire writes resolve {} --applied, or --not-applied", write.id));
    text
}

fn address(method: &str, path: &str, query: &[(String, String)]) -> String {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{method} {path}{mark}{}", query.join("&"))
}

async fn resolve(options: Resolve, output: &Output) -> Result<()> {
    let answer = options.answer.as_deref().map(read_answer).transpose()?;
    let is_given = answer.is_some();
    let store = Installation::read(&options.paths)?.store()?;
    let unresolved = store.unresolved_write(options.write).await?.ok_or(StoreError::NotUnresolved(options.write))?;
    let resolution = match options.applied {
        true => Resolution::Applied(answer.map(Into::into)),
        false => Resolution::NotApplied,
    };
    store.resolve_write(options.write, &resolution, Utc::now()).await?;
    let left = store.unsettled_writes(unresolved.write.run).await?.len();
    let mut text = match resolution {
        Resolution::Applied(_) => "resolved as applied: it is not sent again".to_owned(),
        Resolution::NotApplied => "resolved as not applied: the next attempt may send it".to_owned(),
    };
    if options.applied && !is_given {
        text += &format!("; {}", without_answer(&unresolved));
    }
    let UnresolvedWrite { export, tenant, window, .. } = &unresolved;
    text += &match left {
        0 => format!(
            "\n{export} for {tenant} may go on: `tradewire serve` resumes what a schedule began, or run it with\n  \
             tradewire run {export} --tenant {tenant} --from {} --to {}",
            window.start.to_rfc3339(),
            window.end.to_rfc3339()
        ),
        left => format!("\n{export} for {tenant} still waits: unresolved writes left: {left}"),
    };
    output.result(&text, &json!({ "write": options.write, "run": unresolved.write.run, "left": left }));
    Ok(())
}

/// What the plugin is answered where nobody gave the answer.
fn without_answer(unresolved: &UnresolvedWrite) -> &'static str {
    if unresolved.write.arguments.vendor.is_some() {
        return "whoever called is answered that it is done: to say more, such as the vendor's order number, resolve it again \
                with `--answer` and a file in the shape of the endpoint's contract";
    }
    let operation = Catalog::get().operation(&unresolved.write.operation);
    let is_json = operation.is_some_and(|found| matches!(found.operation.answer, Answer::Json(_)));
    match (is_json, look(&unresolved.write, unresolved.tenant_id)) {
        (false, _) => "the plugin gets an empty answer",
        (true, Some(look)) if look.is_record => "the plugin gets the record as it is then",
        (true, _) => {
            "the plugin gets an empty answer, where it expects what ServiceTitan would have said: to give it that, resolve \
             it again with `--answer`"
        }
    }
}

fn read_answer(file: &Path) -> Result<Vec<u8>> {
    let place = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read the answer from `{place}`"))?;
    let checked: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&bytes);
    checked.with_context(|| format!("`{place}` is not JSON: write what would have been answered"))?;
    Ok(bytes)
}
