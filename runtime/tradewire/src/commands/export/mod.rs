//! `tradewire export`: writes exports, shows what they would deliver, and what their deliveries differ in.

mod diff;
mod grid;
mod new;
mod preview;
mod show;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use futures::stream::{self, StreamExt};
use tradewire_config::{Config, Tenant};
use tradewire_runs::run::{self, Request, RunError, Runner};
use tradewire_schedule::Window;

use super::run::AT_ONCE;
use super::stop::told_to_stop;
use crate::cli::export::{Export, Window as Asked};
use crate::output::{Busy, Output};

/// Does what was asked.
pub async fn dispatch(command: Export, output: &Output) -> Result<ExitCode> {
    match command {
        Export::New(options) => new::new(*options, output).await,
        Export::Preview(options) => preview::preview(options, output).await,
        Export::Diff(options) => diff::diff(options, output).await,
    }
}

/// Each tenant that is asked for, with the window where one is named.
fn asked<'c>(config: &'c Config, asked: &Asked) -> Result<Vec<(&'c Tenant, Option<Window>)>> {
    let export = config.exports.get(&asked.export);
    let export = export.ok_or_else(|| RunError::unknown_export(config, &asked.export))?;
    let tenants = asked.tenant.as_ref().map_or(export.tenants.as_slice(), std::slice::from_ref);
    let one = |name: &String| {
        let tenant = config.tenants.get(name).filter(|tenant| export.tenants.contains(&tenant.name));
        let tenant = tenant.ok_or_else(|| RunError::unknown_tenant(export, name))?;
        let window = match (&asked.from, &asked.to) {
            (Some(from), Some(to)) => Some(Window::parse(from, to, config.zone(export, tenant))?),
            _ => None,
        };
        Ok((tenant, window))
    };
    tenants.iter().map(one).collect()
}

/// A preview of each, in order, by the runner that `runner` makes.
async fn previews(
    export: &str,
    of: &[(String, Option<Window>)],
    output: &Output,
    runner: impl FnOnce(&Arc<Busy>) -> Result<Arc<Runner>>,
) -> Result<Vec<Result<run::Preview, RunError>>> {
    let busy = Arc::new(output.busy("loading the plugins"));
    let runner = runner(&busy)?;
    let stop = told_to_stop(output)?;
    busy.at(&format!("previewing {export}"));
    let one = |(tenant, window): &(String, Option<Window>)| {
        let request = Request { window: *window, ..Request::now(export, tenant) };
        runner.preview(request, stop.clone())
    };
    Ok(stream::iter(of).map(one).buffered(AT_ONCE).collect().await)
}
