//! `tradewire check`: the configuration, every plugin and pack in it, every secret, and when what runs next.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tradewire_config::{Config, DestinationSettings, Export, Tenant};
use tradewire_executor::{Executor, Faults};
use tradewire_middleware::pack::Authentication;
use tradewire_middleware::servicetitan;
use tradewire_runs::delivery::{Configured, Destinations, open_encryption};

use super::installation::Installation;
use super::{doctor, private};
use crate::cli::Check;
use crate::http::{Callers, Receivers, tls};
use crate::output::Output;

/// How many of the next slots are told.
const SLOTS: usize = 3;

/// Checks everything that can be checked without calling ServiceTitan.
pub async fn check(options: Check, output: &Output) -> Result<()> {
    let installation = Installation::read(&options.paths)?;
    let config = &installation.config;
    let busy = output.busy("loading plugins and packs");
    let executor = load(&installation, private::changed_by_others(config))?;
    drop(busy);
    let (plugins, plugin_values) = plugins(config, &executor);
    let (vendors, vendor_values) = vendors(config, &executor);
    let (exports, export_values) = exports(config, Utc::now());
    let mut warnings = doctor::weak(config);
    warnings.extend(doctor::in_clear(config).map(|clear| clear.to_string()));
    let identity = tls::load(config, &mut Faults::default());
    warnings.extend(identity.and_then(|identity| tls::out_of_time(config, &identity)));
    warnings.iter().for_each(|warning| output.fault(&format!("warning: {warning}"), false));
    let keep = config.keep.map_or("ever".to_owned(), |keep| humantime::format_duration(keep).to_string());
    let logs = config.logs / (1024 * 1024);
    let store = format!("store: runs are remembered for {keep}, the latest {logs} MiB of their logs\n");
    let text = format!("{plugins}{vendors}{exports}{store}{} is good\n", config.path.display());
    let value = json!({
        "plugins": plugin_values, "middleware": vendor_values, "exports": export_values, "warnings": warnings,
    });
    output.result(&text, &value);
    Ok(())
}

/// Loads all that a configuration names; what cannot be loaded is told, all of it, with those faults that are known already.
pub(super) fn load(installation: &Installation, mut faults: Faults) -> Result<Executor> {
    deliveries(&installation.config, &mut faults);
    Callers::load(&installation.config, &mut faults);
    Receivers::load(&installation.config, &mut faults);
    tls::load(&installation.config, &mut faults);
    installation.executor(faults)
}

/// A delivery makes its folder, and no more than that. Of other destinations settings and secrets are checked, and
/// keys.
fn deliveries(config: &Config, faults: &mut Faults) {
    for delivery in config.deliveries.values() {
        if let Some(Err(error)) = delivery.encrypt.as_ref().map(open_encryption) {
            faults.add(format!("delivery `{}`: {error}", delivery.name));
        }
        let DestinationSettings::Folder(folder) = &delivery.to else {
            if let Err(error) = Configured.open(delivery) {
                faults.add(error.to_string());
            }
            continue;
        };
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (name, shown) = (&delivery.name, folder.display());
        let fault = if folder.exists() && !folder.is_dir() {
            format!("`{shown}` is no folder; move it away")
        } else if !folder.is_dir() && !parent.is_dir() {
            format!("neither the folder `{shown}` nor the one above it is there; make it")
        } else {
            continue;
        };
        faults.add(format!("delivery `{name}`: {fault}, or correct `to` of `[delivery.{name}]`"));
    }
}

fn plugins(config: &Config, executor: &Executor) -> (String, Vec<Value>) {
    let mut text = String::new();
    let mut values = Vec::new();
    for name in config.plugins.keys() {
        let Some(plugin) = executor.plugin(name) else { continue };
        let operations: Vec<String> = plugin.operations().iter().map(|operation| operation.id()).collect();
        text += &format!("plugin {name}: {} operations, sha256 {}\n", operations.len(), plugin.digest());
        values.push(json!({ "plugin": name, "operations": operations, "sha256": plugin.digest() }));
    }
    (text, values)
}

fn vendors(config: &Config, executor: &Executor) -> (String, Vec<Value>) {
    let mut text = String::new();
    let mut values = Vec::new();
    for name in config.middleware.keys() {
        let Some(vendor) = executor.vendors().get(name) else { continue };
        let pack = vendor.middleware.pack();
        let endpoints: Vec<&str> = pack.endpoints.keys().map(String::as_str).collect();
        let asks: BTreeSet<String> = pack
            .templates()
            .flat_map(|template| servicetitan::calls(template))
            .map(|call| call.operation.id())
            .collect();
        text += &format!("middleware {name}: {} endpoints at {}", endpoints.len(), pack.vendor.base_url);
        let tokens = match &pack.vendor.authentication {
            Authentication::OAuth2 { token_url, .. } => Some(token_url.as_str()),
            _ => None,
        };
        tokens.iter().for_each(|url| text += &format!(", tokens from {url}"));
        text += &format!("{}\n", if asks.is_empty() { String::new() } else { format!(", asks {}", join(&asks)) });
        vendor.warnings.iter().for_each(|warning| text += &format!("  {warning}\n"));
        values.push(json!({
            "middleware": name, "endpoints": endpoints, "base_url": pack.vendor.base_url.as_str(),
            "token_url": tokens, "operations": asks, "warnings": vendor.warnings,
        }));
    }
    (text, values)
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn exports(config: &Config, now: DateTime<Utc>) -> (String, Vec<Value>) {
    let mut text = String::new();
    let mut values = Vec::new();
    for export in config.exports.values() {
        for tenant in export.tenants.iter().filter_map(|name| config.tenants.get(name)) {
            let slots = slots(config, export, tenant, now);
            let zone = config.zone(export, tenant).name();
            let next = match slots.is_empty() {
                true => export.trigger.to_string(),
                false => format!("next at {}", slots.join(", ")),
            };
            text += &format!("export {} for {}: {next} ({zone})\n", export.name, tenant.name);
            values.push(json!({
                "export": export.name, "tenant": tenant.name, "timezone": zone, "trigger": export.trigger, "next": slots,
            }));
        }
    }
    (text, values)
}

fn slots(config: &Config, export: &Export, tenant: &Tenant, now: DateTime<Utc>) -> Vec<String> {
    let slots = config.slots(export, tenant);
    slots.iter().flat_map(|slots| slots.upcoming(now).take(SLOTS)).map(|slot| slot.to_rfc3339()).collect()
}
