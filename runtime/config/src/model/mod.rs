//! The configuration as the runtime uses it: checked, with every name resolved.

mod delivery;
mod export;
mod serve;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use indexmap::IndexMap;
use tradewire_outbound::Ca;
use tradewire_schedule::{Schedule, Slots};
use tradewire_surface::grants::Grants;
use url::Url;

use super::{Limits, NamedPath, Reference, Secret};
use crate::vault::Vault;
pub use delivery::{Delivery, DestinationSettings, Encryption, PublicKey, Signing, TextOrSecret};
pub use export::{Export, On, Trigger, VendorCall, Work};
pub use serve::{
    Caller, CallerKey, ContractCheck, LONGEST_REPLAY_WINDOW, Middleware, MiddlewareGrant, Serve, SignatureEncoding,
    Tls, Webhook,
};

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
    /// `[middleware.*]`, by the vendor's name.
    pub middleware: IndexMap<String, Middleware>,
    /// `[caller.*]`, by name.
    pub callers: IndexMap<String, Caller>,
    /// `[webhook.*]`, by name.
    pub webhooks: IndexMap<String, Webhook>,
    /// `[serve]`.
    pub serve: Serve,
    /// `[vault]`.
    pub vault: Option<Arc<Vault>>,
    /// `[runs]`.
    pub runs: Runs,
    /// `keep` of `[store]`: how long runs are remembered; none is for ever.
    pub keep: Option<Duration>,
    /// `logs` of `[store]`: the most bytes that the logs of all runs may take together; the oldest are forgotten. 1 GiB.
    pub logs: u64,
    /// Every reference to a secret, whatever it is for.
    pub references: Vec<Reference>,
    /// Every path that it names, whatever it is for.
    pub paths: Vec<NamedPath>,
}

/// Which ServiceTitan, and the key of the application that calls it.
#[derive(Debug, Clone)]
pub struct ServiceTitan {
    /// `environment`.
    pub environment: Environment,
    /// `app_key`.
    pub app_key: Secret,
    /// `calls_per_second`, for each tenant; none is as many as ServiceTitan allows.
    pub calls_per_second: Option<u32>,
    /// `ca`: whom its certificate may be signed by, besides the authorities of this machine.
    pub ca: Ca,
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
    /// `at_once`: how many of its runs go on at a time; none is `per_tenant` of `[runs]`.
    pub at_once: Option<usize>,
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
    /// `middleware`: the vendors that it may call.
    pub middleware: Vec<MiddlewareGrant>,
    /// `limits`.
    pub limits: Limits,
    /// `settings`: for every export that runs it.
    pub settings: IndexMap<String, String>,
    /// `at_once`: how many runs of it go on at a time; none is as many as there are, and 0 is [`Config::hold_back`]'s.
    pub at_once: Option<usize>,
}

/// How many runs of schedules go on at a time in one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// `at_once`: in all. 64; at most 1,000.
    pub at_once: usize,
    /// `per_tenant`: for each tenant that does not say its own. 8; at most 1,000.
    pub per_tenant: usize,
}

impl Default for Runs {
    fn default() -> Self {
        Runs { at_once: 64, per_tenant: 8 }
    }
}

impl Config {
    /// Has what runs these plugins wait: none of its runs gets a permit.
    pub fn hold_back(&mut self, plugins: &[String]) {
        self.plugins.values_mut().filter(|plugin| plugins.contains(&plugin.name)).for_each(|plugin| {
            plugin.at_once = Some(0);
        });
    }

    /// The time zone of an export for a tenant: its own, else the tenant's.
    pub fn zone(&self, export: &Export, tenant: &Tenant) -> Tz {
        export.timezone.unwrap_or(tenant.timezone)
    }

    /// The slots of an export for a tenant; none where it has no schedule.
    pub fn slots(&self, export: &Export, tenant: &Tenant) -> Option<Slots> {
        Some(Slots::new(export.trigger.cron()?.clone(), self.zone(export, tenant)))
    }

    /// The schedules, export by export and tenant by tenant: of every export whose runs begin by themselves.
    pub fn schedules(&self) -> impl Iterator<Item = Schedule> + '_ {
        self.exports.values().filter(|export| export.trigger.by_itself()).flat_map(|export| {
            let tenants = export.tenants.iter().filter_map(|name| self.tenants.get(name));
            tenants.map(|tenant| {
                let slots = self.slots(export, tenant).unwrap_or_else(|| Slots::none(self.zone(export, tenant)));
                // What a feed's run accounts for depends on how the one before has ended.
                let window = export.feed.is_none().then_some(export.window);
                let (export, tenant, policy) = (export.name.clone(), tenant.name.clone(), export.policy.clone());
                Schedule { export, tenant, slots, window, policy }
            })
        })
    }

    /// The exports that run after this one for this tenant.
    pub fn followers(&self, export: &str, tenant: &str) -> impl Iterator<Item = &Export> {
        self.exports.values().filter(move |follower| {
            let follows =
                matches!(&follower.trigger, Trigger::After(exports) if exports.iter().any(|name| name == export));
            follows && follower.tenants.iter().any(|name| name == tenant)
        })
    }

    /// The exports whose runs an event begins that comes by this webhook.
    pub fn takers(&self, webhook: &str, tenant: &str, kind: &str) -> impl Iterator<Item = &Export> {
        self.exports.values().filter(move |export| {
            let takes = matches!(&export.trigger, Trigger::On(on) if on.takes(webhook, kind));
            takes && export.tenants.iter().any(|name| name == tenant)
        })
    }

    /// The plugin that an export runs.
    pub fn plugin(&self, export: &Export) -> Option<&Plugin> {
        self.plugins.get(export.work.plugin()?)
    }

    /// The settings of an export: the plugin's, with the export's own over them.
    pub fn settings(&self, export: &Export) -> IndexMap<String, String> {
        let mut settings = self.plugin(export).map(|plugin| plugin.settings.clone()).unwrap_or_default();
        settings.extend(export.settings.iter().map(|(k, v)| (k.clone(), v.clone())));
        settings
    }
}
