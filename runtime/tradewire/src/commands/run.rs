//! `tradewire run`: an export now, for all of its tenants or one.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tradewire_config::{Config, Export};
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Report, Request, RunError, Runner};
use tradewire_schedule::Window;

use super::backfill::backfill;
use super::installation::Installation;
use super::report;
use super::stop::told_to_stop;
use crate::cli::Run;
use crate::output::Output;

/// How many tenants run at once.
pub(super) const AT_ONCE: usize = 4;

/// What the process ends with when a run waits and none has failed.
pub(super) const WAITING: u8 = 3;

/// What the process ends with when every run has done what it should, and files of one are not delivered yet.
pub(super) const DELIVERING: u8 = 4;

/// Runs the export and tells what came of it. Fails if any of the runs does.
pub async fn run(options: Run, output: &Output) -> Result<ExitCode> {
    if options.backfill {
        return backfill(options, output).await;
    }
    let installation = Installation::read(&options.paths)?;
    let config = &installation.config;
    let export = config.exports.get(&options.export);
    let export = export.ok_or_else(|| RunError::unknown_export(config, &options.export))?;
    let requests = requests(config, export, &options)?;
    carry_out(&installation, &export.name, requests, output).await
}

/// Runs what is asked for of an export, and tells what came of it.
pub(super) async fn carry_out(
    installation: &Installation,
    export: &str,
    requests: Vec<Request>,
    output: &Output,
) -> Result<ExitCode> {
    let busy = Arc::new(output.busy("loading the plugins"));
    let runner = installation.runner(&busy)?;
    // What an earlier process left open: a delivery that it had decided may be of the very window that is asked for.
    runner.recover().await?;
    let stop = told_to_stop(output)?;
    busy.at(&format!("running {export}"));
    let runs = requests.into_iter().map(|request| one(&runner, request, &stop));
    let ended: Vec<Ended> = stream::iter(runs).buffered(AT_ONCE).collect().await;
    drop((runner, busy));
    Ok(tell(&ended, output))
}

/// A run for each tenant that is asked for.
fn requests(config: &Config, export: &Export, options: &Run) -> Result<Vec<Request>> {
    let tenants = options.tenant.as_ref().map_or(export.tenants.as_slice(), std::slice::from_ref);
    tenants
        .iter()
        .map(|name| {
            let mut request = Request { force: options.force, ..Request::now(&export.name, name) };
            // One that the export does not run for is refused when it is opened.
            if let (Some(from), Some(to), Some(tenant)) = (&options.from, &options.to, config.tenants.get(name)) {
                request.window = Some(Window::parse(from, to, config.zone(export, tenant))?);
            }
            Ok(request)
        })
        .collect()
}

/// What came of one tenant's run.
struct Ended {
    request: Request,
    result: Result<Report, RunError>,
    /// Of a run that failed.
    log: Vec<String>,
}

async fn one(runner: &Runner, request: Request, stop: &CancellationToken) -> Ended {
    let result = runner.run(request.clone(), stop.clone()).await;
    let mut log = Vec::new();
    if let Ok(report) = &result
        && !report.succeeded()
    {
        let lines = runner.store().log(report.run.opening.id, 0, u32::MAX).await.unwrap_or_default();
        log.extend(lines.into_iter().map(|line| format!("{}: {}", line.level, line.text)));
    }
    Ended { request, result, log }
}

/// What keeps a run from having succeeded, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Short {
    Failed,
    Waits,
    Delivers,
}

impl Short {
    /// What a run falls short by that was to succeed.
    pub(super) fn of(result: &Result<Report, RunError>) -> Option<Short> {
        match result {
            Ok(report) if report.succeeded() => None,
            Ok(report) if report.waits() => Some(Short::Waits),
            Ok(report) if report.delivers() => Some(Short::Delivers),
            Err(RunError::Waits(_)) => Some(Short::Waits),
            Err(RunError::Delivers(_)) => Some(Short::Delivers),
            _ => Some(Short::Failed),
        }
    }

    /// What the process ends with, by the most urgent of what its runs fall short by.
    pub(super) fn code(all: impl Iterator<Item = Short>) -> ExitCode {
        match all.min() {
            None => ExitCode::SUCCESS,
            Some(Short::Failed) => ExitCode::FAILURE,
            Some(Short::Waits) => WAITING.into(),
            Some(Short::Delivers) => DELIVERING.into(),
        }
    }
}

fn tell(ended: &[Ended], output: &Output) -> ExitCode {
    let mut succeeded = Vec::new();
    let mut values = Vec::new();
    for Ended { request, result, log } in ended {
        match result {
            Ok(report) if report.succeeded() => succeeded.push(report::text(report)),
            Ok(report) => output.failure(&report::text(report)),
            Err(error) => output.failure(&format!("{} for {}: {error}", request.export, request.tenant)),
        }
        values.push(value(request, result, log));
    }
    if output.is_json() || !succeeded.is_empty() {
        output.result(&succeeded.join("\n"), &json!({ "runs": values }));
    }
    Short::code(ended.iter().filter_map(|ended| Short::of(&ended.result)))
}

fn value(request: &Request, result: &Result<Report, RunError>, log: &[String]) -> Value {
    match result {
        Ok(report) => {
            let mut value = report::value(report);
            if !report.succeeded() {
                value["log"] = log.into();
            }
            value
        }
        Err(error) => json!({ "export": request.export, "tenant": request.tenant, "error": error.to_string() }),
    }
}
