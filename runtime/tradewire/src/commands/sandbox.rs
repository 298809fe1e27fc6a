//! `tradewire sandbox`: an offline ServiceTitan, until it is told to stop.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use tradewire_executor::SANDBOX;
use tradewire_sandbox::{
    DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT, DEMO_VENDOR_KEY, Faults, Options, Running,
    Sandbox as Served,
};

use super::stop::told_to_stop;
use crate::cli::Sandbox;
use crate::output::Output;

/// Serves, and tells how to reach it.
pub async fn sandbox(options: Sandbox, output: &Output) -> Result<()> {
    if !options.listen.ip().is_loopback() && !options.open {
        bail!(
            "other machines reach {}, and the sandbox's keys are everybody's; listen on 127.0.0.1:{}, or add `--open` to \
             let them",
            options.listen,
            options.listen.port()
        );
    }
    let faults = options.faults.as_deref().map(faults).transpose()?.unwrap_or_default();
    let busy = output.busy("making up a company");
    let running = Served::start(
        Options {
            seed: options.seed,
            customers: options.customers,
            rate: (options.rate > 0).then_some(options.rate),
            token_life: Duration::from_secs(options.token_life),
            faults,
            ..Options::default()
        },
        options.listen,
    )
    .await?;
    drop(busy);
    let stop = told_to_stop(output)?;
    output.result(
        &text(&running),
        &json!({
            "address": running.url(), "tenant": DEMO_TENANT, "clientId": DEMO_CLIENT_ID,
            "clientSecret": DEMO_CLIENT_SECRET, "appKey": DEMO_APP_KEY,
            "vendor": running.vendor_url(), "vendorKey": DEMO_VENDOR_KEY,
        }),
    );
    output.note("serving; Ctrl-C stops it");
    stop.cancelled().await;
    running.stop().await;
    Ok(())
}

/// Faults as they are written, or as the file after `@` has them.
fn faults(written: &str) -> Result<Faults> {
    let (place, json) = match written.strip_prefix('@') {
        Some(file) => {
            let read = std::fs::read_to_string(file);
            let json = read.with_context(|| format!("cannot read the faults from `{file}`; write `@` and a file"))?;
            (format!("`{file}`"), json)
        }
        None => ("`--faults`".to_owned(), written.to_owned()),
    };
    serde_json::from_str(&json).map_err(|error| {
        anyhow!(
            "{place} is not a list of faults: {error}; write a JSON list, such as \
             `[{{\"do\": {{\"latency\": {{\"ms\": 250}}}}, \"on\": \"payroll/\"}}]`, or `@` and a file with one"
        )
    })
}

fn text(running: &Running) -> String {
    let url = running.url();
    let vendor = running.vendor_url();
    let environment = if running.addr().to_string() == SANDBOX { "sandbox" } else { &url };
    format!(
        r#"an offline ServiceTitan at {url}
  tenant         {DEMO_TENANT}
  client id      {DEMO_CLIENT_ID}
  client secret  {DEMO_CLIENT_SECRET}
  app key        {DEMO_APP_KEY}

a vendor for middleware at {vendor}
  X-Api-Key      {DEMO_VENDOR_KEY}

for tradewire.toml:

[servicetitan]
environment = "{environment}"
app_key = {{ env = "SANDBOX_APP_KEY" }}

[tenant.sandbox]
id = {DEMO_TENANT}
client_id = "{DEMO_CLIENT_ID}"
client_secret = {{ env = "SANDBOX_CLIENT_SECRET" }}
timezone = "America/Phoenix"

for the shell that runs it:

export SANDBOX_APP_KEY={DEMO_APP_KEY} SANDBOX_CLIENT_SECRET={DEMO_CLIENT_SECRET}
"#
    )
}
