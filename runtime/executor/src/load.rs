//! Loading what runs need: plugins against their grants, secrets, the client. Every fault is told at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use secrecy::SecretString;
use tradewire_client::{Client, Credentials, Environment, Options, Tenant};
use tradewire_config::{self as config, Config, SecretError, Trigger, Work};
use tradewire_host::{Cache, Compiler, Engine, EngineOptions};

use crate::faults::Faults;
use crate::plugins::{self, COMPILER, Loading, Plugins};
use crate::vendors::Vendors;
use crate::{Call, Executor, Loaded};

/// Where `tradewire sandbox` serves unless it is told otherwise.
pub const SANDBOX: &str = "127.0.0.1:8123";

impl Executor {
    /// Loads the plugins, reads the secrets, sets up the client. The faults of all of it are told together, with those
    /// that are known. Engine and client are those of `before` where there is one: it holds the pace of each tenant.
    /// Blocks, for as long as plugins are compiled.
    ///
    /// # Errors
    /// All that is wrong: plugins, grants, secrets, packs, templates.
    pub fn load(
        config: &Config,
        state: &Path,
        known: Faults,
        before: Option<&Executor>,
        loading: &Loading,
    ) -> Result<Executor, Faults> {
        let mut faults = known;
        let engine = match engine(config, state, before.map(|before| &before.engine)) {
            Ok(engine) => engine,
            Err(error) => {
                faults.add(format!("{error:#}"));
                return Err(faults);
            }
        };
        let Plugins { loaded: plugins, missing } = plugins::load(config, &engine, loading, &mut faults);
        feeds(config, &plugins, &mut faults);
        listeners(config, &plugins, &mut faults);
        let client = client(config, before.map(|before| &before.client), &mut faults);
        let tenants = tenants(config, client.as_ref(), &mut faults);
        let vendors = Arc::new(Vendors::load(config, &mut faults));
        let calls = calls(config, &vendors, &mut faults);
        match client {
            Some(client) => faults.finish(Executor { engine, client, plugins, missing, tenants, vendors, calls }),
            None => Err(faults),
        }
    }
}

/// Sets up the engine for the plugins of a configuration, unless there is one that will do.
fn engine(config: &Config, state: &Path, before: Option<&Engine>) -> Result<Engine> {
    let memory = config.plugins.values().map(|plugin| plugin.limits.memory).max().unwrap_or_default();
    let memory = usize::try_from(memory).unwrap_or(usize::MAX);
    if let Some(engine) = before.filter(|engine| engine.memory() >= memory) {
        return Ok(engine.clone());
    }
    let [folder, key] = compiled_in(state);
    let cache = Cache::open(&folder, &key)
        .with_context(|| format!("cannot use the folder `{}`; choose another with `--state`", state.display()))?;
    let standard = EngineOptions {
        cache: Some(cache),
        compiler: compiler().context("cannot find the program that is running")?,
        ..EngineOptions::default()
    };
    Ok(Engine::new(EngineOptions { memory: memory.max(standard.memory), ..standard })?)
}

/// Where a state keeps compiled plugins: their folder, and the key that seals them.
pub fn compiled_in(state: &Path) -> [PathBuf; 2] {
    [state.join("compiled"), state.join("compiled.key")]
}

/// This very program, as a process that does nothing but compile: [`COMPILER`] is its first argument.
///
/// # Errors
/// The program that is running cannot be found.
pub fn compiler() -> std::io::Result<Compiler> {
    Compiler::this_program(&[COMPILER])
}

/// A plugin that follows a feed has to walk through it; that it may is seen when it is loaded.
fn feeds(config: &Config, plugins: &HashMap<String, Loaded>, faults: &mut Faults) {
    for export in config.exports.values() {
        let (Some(feed), Some(name)) = (&export.feed, export.work.plugin()) else { continue };
        let Some(loaded) = plugins.get(name) else { continue };
        if loaded.plugin.operations().iter().all(|operation| operation.id() != feed.operation) {
            faults.add(format!(
                "export `{}` follows the feed `{}`, which plugin `{name}` never asks for; help: name a feed that it walks \
                 through (`tradewire plugin inspect` shows what it asks for), or leave `feed` out",
                export.name, feed.operation
            ));
        }
    }
}

/// Events that begin the runs of a plugin must be read by it. One that is not loaded is told already.
fn listeners(config: &Config, plugins: &HashMap<String, Loaded>, faults: &mut Faults) {
    for export in config.exports.values().filter(|export| matches!(export.trigger, Trigger::On(_))) {
        let Some(name) = export.work.plugin() else { continue };
        if plugins.get(name).is_some_and(|loaded| !loaded.plugin.reads_events()) {
            faults.add(format!(
                "export `{}` runs {}, and its plugin `{name}` never reads events; help: read them in the plugin \
                 (`run.events()`), or begin its runs otherwise",
                export.name, export.trigger
            ));
        }
    }
}

/// The calls of exports; where the vendor is not loaded, that is told already.
fn calls(config: &Config, vendors: &Vendors, faults: &mut Faults) -> HashMap<String, Call> {
    let mut calls = HashMap::new();
    for export in config.exports.values() {
        let Work::Call(call) = &export.work else { continue };
        let Some(vendor) = vendors.get(&call.vendor) else { continue };
        match Call::load(call, &export.tenants, vendor) {
            Ok(call) => drop(calls.insert(export.name.clone(), call)),
            Err(found) => found.iter().for_each(|fault| faults.add(format!("export `{}`: {fault}", export.name))),
        }
    }
    calls
}

fn tenants(config: &Config, client: Option<&Client>, faults: &mut Faults) -> HashMap<String, Tenant> {
    let mut tenants = HashMap::new();
    for tenant in config.tenants.values() {
        match (tenant.client_id.resolve(), tenant.client_secret.resolve()) {
            (Ok(client_id), Ok(client_secret)) => {
                let credentials = Credentials { tenant: tenant.id, client_id, client_secret };
                if let Some(client) = client {
                    tenants.insert(tenant.name.clone(), client.tenant(credentials));
                }
            }
            (id, secret) => {
                let mut told = |key: &str, error: SecretError| {
                    faults.secret(format_args!("tenant `{}`, `{key}`", tenant.name), &error);
                };
                id.err().into_iter().for_each(|error| told("client_id", error));
                secret.err().into_iter().for_each(|error| told("client_secret", error));
            }
        }
    }
    tenants
}

fn client(config: &Config, before: Option<&Client>, faults: &mut Faults) -> Option<Client> {
    match config.servicetitan.app_key.resolve() {
        Ok(app_key) => client_with(config, app_key, before).map_err(|error| faults.add(format!("{error:#}"))).ok(),
        Err(error) => {
            faults.secret("`app_key` of `[servicetitan]`", &error);
            None
        }
    }
}

fn client_with(config: &Config, app_key: SecretString, before: Option<&Client>) -> Result<Client> {
    let environment = match &config.servicetitan.environment {
        config::Environment::Production => Environment::Production,
        config::Environment::Integration => Environment::Integration,
        config::Environment::Sandbox => format!("http://{SANDBOX}").parse()?,
        config::Environment::Address(url) => url.as_str().parse()?,
    };
    let mut options = Options::new(environment, app_key);
    options.ca = config.servicetitan.ca.clone();
    options.rate.per_second = config.servicetitan.calls_per_second.map(f64::from).or(options.rate.per_second);
    // What a single plugin may be answered is the host's to keep.
    options.max_answer = config.plugins.values().map(|plugin| plugin.limits.answer).max().unwrap_or(options.max_answer);
    match before {
        Some(before) => Ok(before.reconfigured(options)?),
        None => Ok(Client::new(options)?),
    }
}
