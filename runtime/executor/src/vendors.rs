//! The vendors of a configuration, each behind its request-middleware pack.

use std::collections::HashMap;
use std::sync::Arc;

use secrecy::SecretString;
use tradewire_client::{Later, ServiceTitan};
use tradewire_config::{self as config, Config, ContractCheck, MiddlewareGrant};
use tradewire_host::MiddlewareResponse;
use tradewire_liquid::Value;
use tradewire_middleware::exchange::{Check, Incoming, Middleware, Outgoing, Settings, Workshop};
use tradewire_middleware::fault::Fault;
use tradewire_middleware::pack::{self, Loaded, Pack};
use tradewire_runs::journal::Journal;
use tradewire_surface::grants::Grants;

use crate::faults::Faults;
use crate::journaled::{Journaled, ToldBy};

/// Vendors, by their names in the configuration.
#[derive(Debug, Default)]
pub struct Vendors(HashMap<String, Arc<Vendor>>);

/// A vendor.
#[derive(Debug)]
pub struct Vendor {
    /// What carries calls to it.
    pub middleware: Middleware,
    /// The tenants whose calls it takes.
    pub tenants: Vec<String>,
    /// What may be asked of ServiceTitan on its behalf.
    pub grants: Grants,
    /// What is worth looking at in its pack.
    pub warnings: Vec<Fault>,
}

impl Vendors {
    /// Loads the packs and reads their secrets.
    pub fn load(config: &Config, faults: &mut Faults) -> Vendors {
        let mut vendors = HashMap::new();
        let workshop = Workshop::default();
        for section in config.middleware.values() {
            let secrets = secrets(config, section, faults);
            match Vendor::load(section, secrets, &workshop) {
                Ok(vendor) => drop(vendors.insert(section.name.clone(), Arc::new(vendor))),
                Err(found) => found.iter().for_each(|fault| faults.add(told(config, section, fault))),
            }
        }
        Vendors(vendors)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Vendor> {
        self.0.values().map(Arc::as_ref)
    }

    /// A vendor, by its name.
    pub fn get(&self, name: &str) -> Option<&Arc<Vendor>> {
        self.0.get(name)
    }
}

fn told(config: &Config, section: &config::Middleware, fault: &str) -> String {
    format!("middleware `{}` ({}:{}): {fault}", section.name, config.path.display(), section.grant_line)
}

/// The secrets of a pack; none where one of them cannot be read.
fn secrets(
    config: &Config,
    section: &config::Middleware,
    faults: &mut Faults,
) -> Option<HashMap<String, SecretString>> {
    let mut secrets = HashMap::new();
    for (name, secret) in &section.secrets {
        match secret.resolve() {
            Ok(secret) => drop(secrets.insert(name.clone(), secret)),
            Err(error) => faults.secret(told(config, section, &format!("secret `{name}`")), &error),
        }
    }
    (secrets.len() == section.secrets.len()).then_some(secrets)
}

impl Vendor {
    /// With its secrets; no faults but those that are told already where there are none.
    fn load(
        section: &config::Middleware,
        secrets: Option<HashMap<String, SecretString>>,
        workshop: &Workshop,
    ) -> Result<Vendor, Vec<String>> {
        let seen_from_here = |pack::Faults(faults)| {
            let told = |fault: Fault| fault.under(&section.pack).text();
            faults.into_iter().map(told).collect::<Vec<_>>()
        };
        let Loaded { pack, warnings } = Pack::load(&section.pack).map_err(seen_from_here)?;
        let secrets = secrets.ok_or_else(Vec::new)?;
        let settings = Settings {
            section: format!("`[middleware.{}]`", section.name),
            base_url: section.base_url.clone(),
            ca: section.ca.clone(),
            hosts: section.hosts.clone(),
            check: match section.check {
                ContractCheck::Warn => Check::Warn,
                ContractCheck::Refuse => Check::Refuse,
            },
            timeout: section.timeout,
            deadline: section.deadline,
            most_bytes: usize::try_from(section.answer).unwrap_or(usize::MAX),
            grants: section.grants.clone(),
            workshop: workshop.for_another(),
            ..Settings::default()
        };
        let middleware = Middleware::new(pack, settings, secrets).map_err(seen_from_here)?;
        let warnings = warnings.into_iter().map(|fault| fault.under(&section.pack)).collect();
        Ok(Vendor { middleware, tenants: section.tenants.clone(), grants: section.grants.clone(), warnings })
    }
}

/// A document of so many values is written on a thread for work.
const MANY: usize = 1_000;

/// A document as JSON. One that takes its time keeps nobody else waiting. What vendors repeat is masked where it comes
/// in; no other way is known that a secret could take to here. Tokens are masked there alone: another vendor's data may hold
/// what one has chosen for a token.
pub async fn written(document: Value) -> String {
    let write = |document: Value| tradewire_secrets::configured().masked(document.to_json());
    if document.count(MANY) < MANY {
        return write(document);
    }
    tradewire_workers::work(move || write(document)).await.unwrap_or_else(|_| "null".to_owned())
}

/// The vendors as one run of a plugin sees them.
pub struct Granted {
    /// All there are.
    pub vendors: Arc<Vendors>,
    /// Those that the plugin may call.
    pub grants: Vec<MiddlewareGrant>,
    /// The run's tenant.
    pub tenant: String,
    /// What the run's calls that act go through.
    pub journal: Journal,
    /// The tenant's ServiceTitan.
    pub api: Arc<dyn ServiceTitan>,
}

impl Granted {
    async fn carry(&self, name: &str, endpoint: &str, body: &str) -> Result<MiddlewareResponse, String> {
        let is_granted = |grant: &MiddlewareGrant| {
            grant.vendor == name && grant.endpoint.as_ref().is_none_or(|granted| granted == endpoint)
        };
        if !self.grants.iter().any(is_granted) {
            return Err(format!(
                "`{name}/{endpoint}` is not granted; help: add \"{name}/{endpoint}\" to `middleware` of the plugin's \
                 section of the configuration"
            ));
        }
        let vendor = self.vendors.get(name).ok_or_else(|| format!("there is no vendor `{name}`"))?;
        if !vendor.tenants.contains(&self.tenant) {
            return Err(format!(
                "`{name}` takes no calls for tenant `{0}`; help: add \"{0}\" to `tenants` of `[middleware.{name}]`",
                self.tenant
            ));
        }
        let incoming = Incoming { headers: Vec::new(), body: body.as_bytes().to_vec() };
        let (journal, api) = (self.journal.clone(), self.api.clone());
        let journal = Journaled { journal, vendor: name.to_owned(), api, told_by: ToldBy::Body };
        let Outgoing { status, headers, body, warnings } =
            vendor.middleware.answer_once(endpoint, incoming, &journal).await;
        Ok(MiddlewareResponse { status, headers, body: written(body).await, warnings })
    }
}

impl tradewire_host::Middleware for Granted {
    fn call<'a>(
        &'a self,
        vendor: &'a str,
        endpoint: &'a str,
        body: &'a str,
    ) -> Later<'a, Result<MiddlewareResponse, String>> {
        Box::pin(self.carry(vendor, endpoint, body))
    }
}
