//! `tradewire check`: the configuration, every plugin in it, every secret, and when what runs next.

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tradewire_runs::config::{Config, Export, Tenant};

use super::setting::Setting;
use crate::cli::Check;
use crate::execute::Executor;
use crate::output::Output;

/// How many of the next slots are told.
const SLOTS: usize = 3;

/// Checks everything that can be checked without calling ServiceTitan.
pub async fn check(options: Check, output: &Output) -> Result<()> {
    let setting = Setting::read(&options.place)?;
    let busy = output.busy("loading the plugins");
    let executor = setting.executor()?;
    drop(busy);
    let config = &setting.config;
    let (plugins, plugin_values) = plugins(config, &executor);
    let (exports, export_values) = exports(config, Utc::now());
    let text = format!("{plugins}{exports}{} is good\n", config.path.display());
    output.result(&text, &json!({ "plugins": plugin_values, "exports": export_values }));
    Ok(())
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

fn exports(config: &Config, now: DateTime<Utc>) -> (String, Vec<Value>) {
    let mut text = String::new();
    let mut values = Vec::new();
    for export in config.exports.values() {
        for tenant in export.tenants.iter().filter_map(|name| config.tenants.get(name)) {
            let slots = slots(config, export, tenant, now);
            let zone = config.zone(export, tenant).name();
            let next = match slots.is_empty() {
                true => "only when asked".to_owned(),
                false => format!("next at {}", slots.join(", ")),
            };
            text += &format!("export {} for {}: {next} ({zone})\n", export.name, tenant.name);
            values.push(json!({ "export": export.name, "tenant": tenant.name, "timezone": zone, "next": slots }));
        }
    }
    (text, values)
}

fn slots(config: &Config, export: &Export, tenant: &Tenant, now: DateTime<Utc>) -> Vec<String> {
    let slots = config.slots(export, tenant);
    slots.iter().flat_map(|slots| slots.upcoming(now).take(SLOTS)).map(|slot| slot.to_rfc3339()).collect()
}
