//! The configuration as the runtime uses it: checked, with every name resolved.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use indexmap::IndexMap;
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;
use url::Url;

use super::{ConfigError, Limits, Secret, sections};
use crate::schedule::{CronExpression, Missed, Overlap, Slots, WindowRule};

/// A configuration without faults. Tables are in the order of the file.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it was read from.
    pub path: PathBuf,
    /// `[servicetitan]`.
    pub servicetitan: ServiceTitan,
    /// `[tenant.*]`, by name.
    pub tenants: IndexMap<String, Tenant>,
    /// `[plugin.*]`, by name.
    pub plugins: IndexMap<String, Plugin>,
    /// `[export.*]`, by name.
    pub exports: IndexMap<String, Export>,
    /// `[delivery.*]`, by name.
    pub deliveries: IndexMap<String, Delivery>,
}

/// Which ServiceTitan, and the key of the application that calls it.
#[derive(Debug, Clone)]
pub struct ServiceTitan {
    /// `environment`.
    pub environment: Environment,
    /// `app_key`.
    pub app_key: Secret,
}

/// Where ServiceTitan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// ServiceTitan's production environment.
    Production,
    /// ServiceTitan's integration environment.
    Integration,
    /// The built-in sandbox.
    Sandbox,
    /// An address of its own, for API and tokens alike.
    Address(Url),
}

/// One ServiceTitan tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its name in the configuration.
    pub name: String,
    /// `id`: its number at ServiceTitan.
    pub id: i64,
    /// `client_id`.
    pub client_id: ClientId,
    /// `client_secret`.
    pub client_secret: Secret,
    /// `timezone`.
    pub timezone: Tz,
}

/// A client id: no secret, so it may stand in the configuration itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientId {
    /// The id.
    Literal(String),
    /// Where it is found.
    Reference(Secret),
}

impl ClientId {
    /// Reads it.
    pub fn resolve(&self) -> Result<String, super::SecretError> {
        use secrecy::ExposeSecret;
        match self {
            ClientId::Literal(id) => Ok(id.clone()),
            ClientId::Reference(secret) => secret.resolve().map(|id| id.expose_secret().to_owned()),
        }
    }
}

/// A plugin and what it may do.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Its name in the configuration.
    pub name: String,
    /// `source`: the component's file, seen from the configuration's folder.
    pub source: PathBuf,
    /// `grant`.
    pub grants: Grants,
    /// The line of the file, from 1, that holds `grant`, or the plugin's head where it has none: for messages that
    /// say where to add one.
    pub grant_line: usize,
    /// `limits`.
    pub limits: Limits,
    /// `settings`: for every export that runs it.
    pub settings: IndexMap<String, String>,
}

/// What runs, for whom, when, and where its files go.
#[derive(Debug, Clone)]
pub struct Export {
    /// Its name in the configuration.
    pub name: String,
    /// `run`: the plugin.
    pub plugin: String,
    /// `tenants`.
    pub tenants: Vec<String>,
    /// `cron`; none runs only when asked.
    pub cron: Option<CronExpression>,
    /// `timezone`; none is the tenant's.
    pub timezone: Option<Tz>,
    /// `missed`.
    pub missed: Missed,
    /// `overlap`.
    pub overlap: Overlap,
    /// `window`.
    pub window: WindowRule,
    /// `settings`: over those of the plugin.
    pub settings: IndexMap<String, String>,
    /// `deliver`: the delivery; none where the plugin produces no files.
    pub deliver: Option<String>,
}

/// Where files go.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its name in the configuration.
    pub name: String,
    /// `to`.
    pub to: Destination,
}

/// A kind of place that files go to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A folder of this machine, seen from the configuration's folder.
    Folder(PathBuf),
}

impl Config {
    /// Reads and checks a file against the committed catalog.
    pub fn load(path: impl AsRef<Path>) -> Result<Config, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Checks a text as if it stood in the file `path`, which need not exist.
    pub fn parse(path: impl AsRef<Path>, text: &str) -> Result<Config, ConfigError> {
        Self::parse_in(Catalog::get(), path.as_ref(), text)
    }

    /// Checks a text against this catalog.
    pub fn parse_in(catalog: &Catalog, path: &Path, text: &str) -> Result<Config, ConfigError> {
        sections::read(catalog, path, text)
    }

    /// The time zone of an export for a tenant: its own, else the tenant's.
    pub fn zone(&self, export: &Export, tenant: &Tenant) -> Tz {
        export.timezone.unwrap_or(tenant.timezone)
    }

    /// The slots of an export for a tenant; none where it has no schedule.
    pub fn slots(&self, export: &Export, tenant: &Tenant) -> Option<Slots> {
        Some(Slots::new(export.cron.clone()?, self.zone(export, tenant)))
    }

    /// The settings of an export: the plugin's, with the export's own over them.
    pub fn settings(&self, export: &Export) -> IndexMap<String, String> {
        let mut settings = self.plugins.get(&export.plugin).map(|p| p.settings.clone()).unwrap_or_default();
        settings.extend(export.settings.iter().map(|(k, v)| (k.clone(), v.clone())));
        settings
    }
}
