//! `tradewire export preview`: what a run would deliver.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tradewire_runs::delivery::{Change, Forecast};
use tradewire_runs::run::{Preview, PreviewedFile, RunError};
use tradewire_store::{LogLevel, WriteCall};

use super::grid::{Form, Grid};
use super::{asked, previews, show};
use crate::cli::export::Preview as Options;
use crate::commands::installation::Installation;
use crate::commands::report::seen_from_here;
use crate::output::Output;

/// Previews the export for each tenant that is asked for. Fails where a run would.
pub(super) async fn preview(options: Options, output: &Output) -> Result<ExitCode> {
    let installation = Installation::read(&options.paths)?;
    let asked = asked(&installation.config, &options.window)?;
    let asked: Vec<_> = asked.into_iter().map(|(tenant, window)| (tenant.name.clone(), window)).collect();
    let export = &options.window.export;
    let previews = previews(export, &asked, output, |busy| installation.runner(busy)).await?;
    let (mut failed, mut shown, mut values) = (false, Vec::new(), Vec::new());
    for ((tenant, _), preview) in asked.iter().zip(&previews) {
        let told = match preview {
            Ok(preview) => {
                if let Some(folder) = &options.output {
                    keep(preview, &if asked.len() > 1 { folder.join(tenant) } else { folder.clone() })?;
                }
                Told::of(preview, options.rows)?
            }
            Err(error) => Told::error(export, tenant, error),
        };
        match told.failed {
            true => output.failure(&told.text),
            false => shown.push(told.text),
        }
        failed |= told.failed;
        values.push(told.value);
    }
    if output.is_json() || !shown.is_empty() {
        output.result(&shown.join("\n"), &json!({ "previews": values }));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Copies the files of a preview into a folder.
fn keep(preview: &Preview, folder: &Path) -> Result<()> {
    let at = |path: &Path| format!("cannot keep the preview at `{}`", path.display());
    std::fs::create_dir_all(folder).with_context(|| at(folder))?;
    for file in &preview.files {
        let path = folder.join(file.produced.name.as_str());
        let mut from = std::fs::File::open(&file.produced.staged).with_context(|| at(&path))?;
        let into = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        let mut into = into.with_context(|| at(&path)).context("choose an empty folder with `--output`")?;
        std::io::copy(&mut from, &mut into).with_context(|| at(&path))?;
    }
    Ok(())
}

/// A preview as it is told.
struct Told {
    text: String,
    value: Value,
    failed: bool,
}

impl Told {
    fn error(export: &str, tenant: &str, error: &RunError) -> Told {
        let value = json!({ "export": export, "tenant": tenant, "error": error.to_string() });
        Told { text: format!("{export} for {tenant}: {error}"), value, failed: true }
    }

    fn of(preview: &Preview, rows: usize) -> Result<Told> {
        let Preview { opening, result, files, not_sent, state_changes, in_the_way, log, .. } = preview;
        let would = if result.is_ok() { "would succeed" } else { "would fail" };
        let message = match result {
            Ok(summary) => &summary.message,
            Err(failure) => &failure.message,
        };
        let message = show::plain(message);
        let mut text = format!("{} for {}: {would}: {message}", opening.export, opening.tenant);
        text = text.trim_end_matches(": ").to_owned();
        let reasons = result.as_ref().err().map(|failure| failure.reasons.as_slice()).unwrap_or_default();
        reasons.iter().for_each(|reason| text += &format!("\n  - {}", show::plain(reason)));
        text += &format!("\n  window {}", opening.window);
        if let Some(error) = in_the_way {
            text += &format!("\n  no run could begin now: {error}");
        }
        if !not_sent.is_empty() {
            let calls = if not_sent.len() == 1 { "call" } else { "calls" };
            text += &format!("\n  would send {} {calls} that act, and did not:", not_sent.len());
            for WriteCall { operation, method, path, .. } in not_sent {
                text += &format!("\n    {operation}: {method} {}", show::plain(path));
            }
        }
        if *state_changes > 0 {
            text += &format!("\n  would keep {state_changes} changed values of its state");
        }
        let mut values = Vec::new();
        for file in files {
            let (told, value) = file_told(file, rows)?;
            text += &format!("\n{told}");
            values.push(value);
        }
        if result.is_ok() && files.is_empty() {
            text += "\n  would deliver nothing";
        }
        let value = json!({
            "export": opening.export, "tenant": opening.tenant, "window": opening.window, "succeeds": result.is_ok(),
            "message": message, "reasons": reasons, "files": values, "stateChanges": state_changes,
            "notSent": not_sent.iter().map(call).collect::<Vec<_>>(),
            "inTheWay": in_the_way.as_ref().map(ToString::to_string),
            "log": log.iter().filter(|line| line.level.is_at_least(LogLevel::Info)).collect::<Vec<_>>(),
        });
        Ok(Told { text, value, failed: result.is_err() })
    }
}

fn call(call: &WriteCall) -> Value {
    let WriteCall { operation, method, path, arguments, .. } = call;
    json!({ "operation": operation, "method": method.as_str(), "path": path, "arguments": arguments })
}

fn file_told(file: &PreviewedFile, rows: usize) -> Result<(String, Value)> {
    let PreviewedFile { produced, forecast } = file;
    let name = produced.name.as_str();
    let bytes = std::fs::read(&produced.staged).with_context(|| format!("cannot read the preview of `{name}`"))?;
    let form = Form::of(name, &produced.content_type, &bytes);
    let grid = Grid::read(form, &bytes, rows);
    let mut text = format!("  {name} ({} bytes): {}\n", produced.bytes, becomes(forecast));
    text += &show::indented(&show::totals(&produced.totals), 4);
    let mut value = json!({
        "name": name, "contentType": produced.content_type, "bytes": produced.bytes, "sha256": produced.sha256,
        "totals": produced.totals, "change": forecast.change.as_str(), "version": forecast.version,
        "destination": forecast.destination, "deliverAs": forecast.deliver_as,
        "previous": forecast.previous,
    });
    match (&grid, form) {
        (Some(grid), _) => {
            text += &format!("\n{}", show::indented(&show::grid(grid), 4));
            if grid.total > grid.rows.len() {
                text += &format!("    … and {} more rows\n", grid.total - grid.rows.len());
            }
            value["columns"] = json!(grid.columns);
            value["rows"] = json!(grid.rows);
            value["rowCount"] = json!(grid.total);
        }
        (None, Form::Binary) => text += &format!("    {}, not text: `--output` keeps it\n", produced.content_type),
        (None, _) => {
            let lines = show::lines(&String::from_utf8_lossy(&bytes), rows);
            text += &format!("\n{}", show::indented(&lines, 4));
        }
    }
    Ok((text.trim_end().to_owned(), value))
}

fn becomes(forecast: &Forecast) -> String {
    let Forecast { change, destination, deliver_as, version, previous } = forecast;
    let place = seen_from_here(&Path::new(destination).join(deliver_as));
    match change {
        Change::New => format!("new, would go to {}", place.display()),
        Change::Unchanged => {
            format!("unchanged, version {version} at {} has the same bytes: nothing would be written", place.display())
        }
        Change::Version => {
            let before = previous.as_ref().map_or(0, |previous| previous.version);
            format!("differs from version {before}, would go to {} as version {version}", place.display())
        }
    }
}
