//! `tradewire template preview`: what becomes of a call, as text that can be compared with `diff`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tradewire_liquid::Value;
use tradewire_middleware::exchange::Outgoing;
use tradewire_middleware::exchange::rehearsal::Sent;
use tradewire_middleware::fault::{Fault, Severity};
use tradewire_middleware::pack::Survey;
use tradewire_middleware::preview::{Answer, Call, Rehearsal};

use super::{tell, watch};
use crate::cli::template::Preview;
use crate::output::Output;

/// No file of a call or an answer is longer.
const MOST_BYTES: u64 = 16 << 20;

/// What is shown.
struct Shown {
    text: String,
    json: String,
    faults: Vec<Fault>,
}

/// Shows what becomes of a call.
pub fn preview(options: &Preview, output: &Output) -> Result<ExitCode> {
    if !options.watch {
        let shown = show(options)?;
        return Ok(print(&shown, output));
    }
    let mut last = None;
    watch::each_save(options, || {
        // A file that is broken while it is written is mended by the next save.
        match show(options) {
            Ok(shown) if last.as_ref() == Some(&shown.json) => {}
            Ok(shown) => {
                print(&shown, output);
                output.note("watching; save a file to see it again, Ctrl-C to stop");
                last = Some(shown.json);
            }
            Err(error) => {
                output.error(&error);
                last = None;
            }
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn print(shown: &Shown, output: &Output) -> ExitCode {
    if !shown.text.is_empty() || output.is_json() {
        output.document(&shown.text, &shown.json);
    }
    tell(&shown.faults, output);
    let fails = shown.faults.iter().any(|fault| fault.severity == Severity::Error);
    if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn show(options: &Preview) -> Result<Shown> {
    let mut survey = Survey::of(&options.pack);
    if let (Some(vendor), Some(base_url)) = (&mut survey.vendor, &options.base_url) {
        vendor.base_url = base_url.clone();
    }
    let call = options.input.as_deref().map(document).transpose()?.map(|document| Call::read(&document));
    let answer = options.answer.as_deref().map(document).transpose()?.map(|document| Answer::read(&document));
    let rehearsal = match Rehearsal::of(&survey, &options.endpoint) {
        Ok(rehearsal) => rehearsal,
        Err(faults) => return Ok(faulty(options, faults)),
    };
    let is_given = answer.is_some();
    let call = call.unwrap_or_else(|| rehearsal.usual_call());
    let answer = answer.unwrap_or_else(|| rehearsal.usual_answer(options.status.unwrap_or(200)));
    let mut faults = Vec::new();
    let request = rehearsal.request(&call).map_err(|fault| faults.push(fault)).ok();
    let response = rehearsal.response(&answer).map_err(|fault| faults.push(fault)).ok();
    let warnings = rehearsal.warnings(&call, response.as_ref());
    let asks = rehearsal.asks();
    let text = text(&asks, request.as_ref(), &answer, is_given, response.as_ref(), &warnings);
    let warnings = warnings.into_iter().map(Value::from).collect::<Vec<_>>();
    let json = Value::object([
        ("endpoint", options.endpoint.as_str().into()),
        ("asks", asks.into_iter().map(Value::from).collect::<Vec<_>>().into()),
        ("request", request.as_ref().map(Sent::document).unwrap_or_default()),
        ("answer", answer.document()),
        ("response", response.as_ref().map(Outgoing::document).unwrap_or_default()),
        ("warnings", warnings.into()),
        ("faults", Value::List(faults.iter().map(|fault| fault.to_string().into()).collect())),
    ]);
    let faults = faults.into_iter().map(|fault| fault.under(&options.pack)).collect();
    Ok(Shown { text, json: json.to_json(), faults })
}

/// A pack that cannot show anything yet.
fn faulty(options: &Preview, faults: Vec<Fault>) -> Shown {
    let faults: Vec<Fault> = faults.into_iter().map(|fault| fault.under(&options.pack)).collect();
    let told = Value::List(faults.iter().map(|fault| fault.to_string().into()).collect());
    let json = Value::object([("endpoint", options.endpoint.as_str().into()), ("faults", told)]);
    Shown { text: String::new(), json: json.to_json(), faults }
}

fn text(
    asks: &[String],
    request: Option<&Sent>,
    answer: &Answer,
    is_given: bool,
    response: Option<&Outgoing>,
    warnings: &[String],
) -> String {
    let mut text = String::new();
    if !asks.is_empty() {
        text += "# asked of ServiceTitan, and answered with made-up records\n";
        asks.iter().for_each(|operation| text += &format!("{operation}\n"));
        text.push('\n');
    }
    if let Some(sent) = request {
        text += &format!("# request to the vendor\n{} {}\n", sent.method, sent.url);
        text += &message(&sent.headers, sent.body.as_ref());
    }
    let whose = if is_given { "" } else { ", made up from what is known of it" };
    let headers: Vec<(String, String)> = match &answer.headers {
        Value::Object(members) => members.iter().map(|(name, value)| (name.to_owned(), value.to_text())).collect(),
        _ => Vec::new(),
    };
    text += &format!("\n# answer of the vendor{whose}\n{}\n", answer.status);
    text += &message(&headers, Some(&answer.body));
    if let Some(outgoing) = response {
        text += &format!("\n# response to ServiceTitan\n{}\n", outgoing.status);
        text += &message(&outgoing.headers, Some(&outgoing.body));
    }
    if !warnings.is_empty() {
        text += "\n# not as the contract says\n";
        warnings.iter().for_each(|warning| text += &format!("{warning}\n"));
    }
    text
}

fn message(headers: &[(String, String)], body: Option<&Value>) -> String {
    let mut text: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    if let Some(body) = body {
        text += &format!("\n{}\n", body.to_pretty_json());
    }
    text
}

/// Reads a JSON file.
fn document(path: &Path) -> Result<Value> {
    let told = || format!("cannot read `{}`", path.display());
    let known = fs::metadata(path).with_context(told)?;
    if !known.is_file() || known.len() > MOST_BYTES {
        bail!("`{}` is no file of at most {MOST_BYTES} bytes", path.display());
    }
    let text = String::from_utf8(fs::read(path).with_context(told)?);
    let text = text.map_err(|_| anyhow::anyhow!("`{}` is not UTF-8; save it as UTF-8", path.display()))?;
    Value::from_json(text.trim_start_matches('\u{feff}'))
        .map_err(|error| anyhow::anyhow!("{}:{}:{}: {}", path.display(), error.line, error.column, error.problem))
}
