//! The configuration with an export more; everything that was there stays as it was written.

use anyhow::{Context, Result, bail};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::answers::Draft;
use crate::cli::export::Reference;

/// A configuration, and what was added to it.
pub struct Written {
    pub text: String,
    pub added: String,
}

impl Draft {
    /// Writes the draft into the text of a configuration.
    pub fn write(&self, before: &str) -> Result<Written> {
        let mut document: DocumentMut = before.parse().context("the configuration is not TOML")?;
        let mut added = DocumentMut::new();
        for (section, name, table) in self.tables()? {
            put(&mut document, section, name, table.clone())?;
            put(&mut added, section, name, table)?;
        }
        Ok(Written { text: document.to_string(), added: added.to_string() })
    }

    /// The sections that come to it, in the order in which a new configuration has them.
    fn tables(&self) -> Result<Vec<(&'static str, Option<&str>, Table)>> {
        let mut tables = Vec::new();
        if let Some((environment, app_key)) = &self.servicetitan {
            let table = table([("environment", environment.as_str().into()), ("app_key", secret(app_key))]);
            tables.push(("servicetitan", None, table));
        }
        for tenant in &self.new_tenants {
            let table = table([
                ("id", tenant.id.into()),
                ("client_id", tenant.client_id.as_str().into()),
                ("client_secret", secret(&tenant.client_secret)),
                ("timezone", tenant.timezone.as_str().into()),
            ]);
            tables.push(("tenant", Some(tenant.name.as_str()), table));
        }
        if let Some(plugin) = &self.new_plugin {
            let mut of = table([("source", plugin.source.as_str().into())]);
            let grant: DocumentMut = plugin.grant.parse().context("the plugin's grant cannot be written")?;
            if let Some(grant) = grant.get("grant") {
                of.insert("grant", grant.clone());
            }
            if !plugin.vendors.is_empty() {
                of.insert("middleware", list(&plugin.vendors));
            }
            tables.push(("plugin", Some(self.plugin.as_str()), of));
        }
        if let Some(to) = &self.new_delivery {
            tables.push(("delivery", Some(self.deliver.as_str()), table([("to", to.as_str().into())])));
        }
        let mut export = table([("run", self.plugin.as_str().into())]);
        export.insert("tenants", list(&self.tenants));
        if let Some(cron) = &self.cron {
            export.insert("cron", toml_edit::value(cron));
        }
        if let Some(window) = &self.window {
            export.insert("window", toml_edit::value(window));
        }
        if !self.settings.is_empty() {
            let pairs = self.settings.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str())));
            export.insert("settings", toml_edit::value(pairs.collect::<InlineTable>()));
        }
        export.insert("deliver", toml_edit::value(&self.deliver));
        tables.push(("export", Some(self.name.as_str()), export));
        Ok(tables)
    }
}

/// Puts `[section.name]`, or `[section]`, below what is there.
fn put(document: &mut DocumentMut, section: &str, name: Option<&str>, mut table: Table) -> Result<()> {
    if !document.is_empty() {
        table.decor_mut().set_prefix("\n");
    }
    let Some(name) = name else {
        document.insert(section, Item::Table(table));
        return Ok(());
    };
    let parent = document.entry(section).or_insert_with(|| {
        let mut parent = Table::new();
        parent.set_implicit(true);
        Item::Table(parent)
    });
    let Some(parent) = parent.as_table_mut() else {
        bail!("`{section}` is written as one value: write it as `[{section}.…]` first");
    };
    if parent.contains_key(name) {
        bail!("there is a `[{section}.{name}]` already");
    }
    parent.insert(name, Item::Table(table));
    Ok(())
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    let mut table = Table::new();
    for (name, value) in entries {
        table.insert(name, toml_edit::value(value));
    }
    table
}

fn list(names: &[String]) -> Item {
    toml_edit::value(names.iter().map(String::as_str).collect::<Array>())
}

fn secret(reference: &Reference) -> Value {
    let entry = [(reference.kind, Value::from(reference.name.as_str()))];
    Value::InlineTable(entry.into_iter().collect())
}
