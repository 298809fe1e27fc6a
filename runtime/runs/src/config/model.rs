//! The configuration as the runtime uses it: checked, with every name resolved.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use indexmap::IndexMap;
use serde::Serialize;
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;
use url::Url;

use super::{ConfigError, Limits, Secret, sections};
use crate::feed::Feed;
use crate::schedule::{CronExpression, Policy, Retries, Schedule, Slots, WindowRule};
use crate::vault::Vault;

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
    /// `[middleware.*]`, by the supplier's name.
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
    /// `middleware`: the suppliers that it may call.
    pub middleware: Vec<MiddlewareGrant>,
    /// `limits`.
    pub limits: Limits,
    /// `settings`: for every export that runs it.
    pub settings: IndexMap<String, String>,
    /// `at_once`: how many runs of it go on at a time; none is as many as there are.
    pub at_once: Option<usize>,
}

/// What runs, for whom, when, and where its files go.
#[derive(Debug, Clone)]
pub struct Export {
    /// Its name in the configuration.
    pub name: String,
    /// `run`, and `body` of a call.
    pub work: Work,
    /// `tenants`.
    pub tenants: Vec<String>,
    /// `cron`, `after` or `on`.
    pub begins: Begins,
    /// `timezone`; none is the tenant's.
    pub timezone: Option<Tz>,
    /// What its schedule does about slots that cannot simply run.
    pub policy: Policy,
    /// `retries`; none tries once. With `on`, three times unless it says otherwise.
    pub retries: Option<Retries>,
    /// `feed`, and `since`: it runs where there is something new.
    pub feed: Option<Feed>,
    /// `window`.
    pub window: WindowRule,
    /// `settings`: over those of the plugin.
    pub settings: IndexMap<String, String>,
    /// `deliver`: the delivery; none where the plugin produces no files.
    pub deliver: Option<String>,
}

/// What begins an export's runs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Begins {
    /// Whoever asks for one.
    Asked,
    /// `cron`: its slots.
    Cron(CronExpression),
    /// `after`: each run of one of these exports that succeeds, for the same tenant and window.
    After(Vec<String>),
    /// `on`: webhook events.
    On(On),
}

/// Which webhook events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct On {
    /// `on`: their CloudEvents types.
    pub types: Vec<String>,
    /// `webhook`: the one that they come by; none is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

impl On {
    /// Whether it is an event that comes by this webhook, of this type.
    pub fn takes(&self, webhook: &str, kind: &str) -> bool {
        self.webhook.as_ref().is_none_or(|wanted| wanted == webhook) && self.types.iter().any(|wanted| wanted == kind)
    }
}

impl Begins {
    /// `cron`.
    pub fn cron(&self) -> Option<&CronExpression> {
        match self {
            Begins::Cron(cron) => Some(cron),
            _ => None,
        }
    }

    /// Whether runs begin without being asked for.
    pub fn by_itself(&self) -> bool {
        !matches!(self, Begins::Asked)
    }
}

impl fmt::Display for Begins {
    /// `0 6 * * MON`, `after hours, expenses`, `on tn.jpm.job-completed by jobs`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Begins::Asked => f.write_str("only when asked"),
            Begins::Cron(cron) => f.write_str(cron.source()),
            Begins::After(exports) => write!(f, "after {}", exports.join(", ")),
            Begins::On(On { types, webhook: None }) => write!(f, "on {}", types.join(", ")),
            Begins::On(On { types, webhook: Some(name) }) => write!(f, "on {} by {name}", types.join(", ")),
        }
    }
}

/// What an export does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// `payroll-export`: it runs this plugin.
    Plugin(String),
    /// `harborline/catalog`: it calls a supplier.
    Call(SupplierCall),
}

/// A call of an endpoint of a supplier's pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierCall {
    /// The supplier's name in the configuration.
    pub supplier: String,
    /// The endpoint of its pack.
    pub endpoint: String,
    /// The file that the request's body is made of, a Liquid template that writes JSON; none is `{}`.
    pub body: Option<PathBuf>,
    /// Whether the answer becomes a file: the export delivers.
    pub keeps_answer: bool,
}

impl Work {
    /// The plugin that it runs.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Work::Plugin(name) => Some(name),
            Work::Call(_) => None,
        }
    }
}

impl fmt::Display for Work {
    /// As `run` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Work::Plugin(name) => f.write_str(name),
            Work::Call(call) => write!(f, "{}/{}", call.supplier, call.endpoint),
        }
    }
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

/// A supplier behind its request-middleware pack.
#[derive(Debug, Clone)]
pub struct Middleware {
    /// Its name in the configuration and in addresses.
    pub name: String,
    /// `pack`: the folder, seen from the configuration's folder.
    pub pack: PathBuf,
    /// `tenants`: those whose calls it takes.
    pub tenants: Vec<String>,
    /// `grant`: what its templates may call at ServiceTitan.
    pub grants: Grants,
    /// The line of the file, from 1, that holds `grant`, or the section's head.
    pub grant_line: usize,
    /// `check`.
    pub check: ContractCheck,
    /// `base_url`: the supplier's address in place of the pack's own.
    pub base_url: Option<Url>,
    /// `timeout`: how long the supplier may take to answer. 30 seconds; at most an hour.
    pub timeout: Duration,
    /// `deadline`: how long a whole call may take. 2 minutes; at most an hour.
    pub deadline: Duration,
    /// `answer`: bytes of one answer of the supplier. 16 MiB; at most 1 GiB.
    pub answer: u64,
    /// `secrets`: what the pack's authentication names.
    pub secrets: IndexMap<String, Secret>,
}

impl Default for Middleware {
    fn default() -> Self {
        Middleware {
            name: String::new(),
            pack: PathBuf::new(),
            tenants: Vec::new(),
            grants: Grants::default(),
            grant_line: 0,
            check: ContractCheck::default(),
            base_url: None,
            timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            answer: 16 * 1024 * 1024,
            secrets: IndexMap::new(),
        }
    }
}

/// What a document that is not the contract's comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContractCheck {
    /// It goes on, and is told.
    #[default]
    Warn,
    /// It is refused.
    Refuse,
}

impl ContractCheck {
    /// The words of the configuration.
    pub const NAMES: [(&'static str, ContractCheck); 2] =
        [("warn", ContractCheck::Warn), ("refuse", ContractCheck::Refuse)];
}

/// A supplier that a plugin may call: `harborline`, or one endpoint of it: `harborline/purchaseorder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiddlewareGrant {
    /// The supplier.
    pub supplier: String,
    /// The endpoint; none is all.
    pub endpoint: Option<String>,
}

/// Who calls suppliers over HTTP.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its name in the configuration.
    pub name: String,
    /// `key`: what it shows.
    pub key: Secret,
    /// `middleware`: the suppliers that it may call; none is all.
    pub middleware: Option<Vec<String>>,
    /// `tenants`: those that it may call for; none is all.
    pub tenants: Option<Vec<String>>,
}

/// The longest `replay_window`: what is older can be read from ServiceTitan's export feeds.
pub const LONGEST_REPLAY_WINDOW: TimeDelta = TimeDelta::days(30);

/// Where ServiceTitan's webhook events come in: `POST /webhooks/{name}`.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its name in the configuration and in the address.
    pub name: String,
    /// `tenants`: those whose events it takes.
    pub tenants: Vec<String>,
    /// `secret`: the key that ServiceTitan signs with.
    pub secret: Secret,
    /// `header`, in lower case: where the signature stands. `x-servicetitan-signature`.
    pub header: String,
    /// `encoding`: how the signature is written; none is either, which cannot be taken for each other.
    pub encoding: Option<SignatureEncoding>,
    /// `events`: the CloudEvents types that it takes; none is all, also those that the catalog does not know.
    pub events: Option<Vec<String>>,
    /// `replay_window`: how old an event may be. A day; at most [`LONGEST_REPLAY_WINDOW`].
    pub replay_window: Duration,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureEncoding {
    /// Hexadecimal digits, of either case.
    Hex,
    /// Base64, with padding.
    Base64,
}

impl SignatureEncoding {
    /// The words of the configuration.
    pub const NAMES: [(&'static str, SignatureEncoding); 2] =
        [("hex", SignatureEncoding::Hex), ("base64", SignatureEncoding::Base64)];
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

/// How callers are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// `listen`: `127.0.0.1:8080`. Plain HTTP: where callers are on other machines, something that speaks TLS belongs
    /// before it.
    pub listen: SocketAddr,
    /// `at_once`: how many calls are carried at a time; more are told to come again. 64.
    pub at_once: usize,
    /// `body`: bytes of one call. 4 MiB.
    pub body: u64,
}

impl Default for Serve {
    fn default() -> Self {
        Serve { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), at_once: 64, body: 4 * 1024 * 1024 }
    }
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
        Some(Slots::new(export.begins.cron()?.clone(), self.zone(export, tenant)))
    }

    /// The schedules, export by export and tenant by tenant: of every export whose runs begin by themselves.
    pub fn schedules(&self) -> impl Iterator<Item = Schedule> + '_ {
        self.exports.values().filter(|export| export.begins.by_itself()).flat_map(|export| {
            let tenants = export.tenants.iter().filter_map(|name| self.tenants.get(name));
            tenants.map(|tenant| {
                let slots = self.slots(export, tenant).unwrap_or_else(|| Slots::none(self.zone(export, tenant)));
                let (export, tenant, policy) = (export.name.clone(), tenant.name.clone(), export.policy.clone());
                Schedule { export, tenant, slots, policy }
            })
        })
    }

    /// The exports that run after this one for this tenant.
    pub fn followers(&self, export: &str, tenant: &str) -> impl Iterator<Item = &Export> {
        self.exports.values().filter(move |follower| {
            let follows =
                matches!(&follower.begins, Begins::After(exports) if exports.iter().any(|name| name == export));
            follows && follower.tenants.iter().any(|name| name == tenant)
        })
    }

    /// The exports whose runs an event begins that comes by this webhook.
    pub fn takers(&self, webhook: &str, tenant: &str, kind: &str) -> impl Iterator<Item = &Export> {
        self.exports.values().filter(move |export| {
            let takes = matches!(&export.begins, Begins::On(on) if on.takes(webhook, kind));
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
