//! Executes the attempts of runs: [`Execute`] by the host and the client.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use async_trait::async_trait;
use tradewire_client::{Client, Credentials, Environment, Options, Tenant};
use tradewire_host::{Cache, Cost, Engine, EngineOptions, FailureClass, Later, Level, Limits, OutputFile, Plugin, Request, Sink, Window};
use tradewire_runs::config::{self, Config};
use tradewire_runs::run::{Attempt, Execute, Failure, Summary};
use tradewire_runs::store::{HostCalls, LogLevel};

/// Everything of a configuration that runs need, loaded and checked.
pub struct Executor {
    plugins: HashMap<String, Plugin>,
    tenants: HashMap<String, Tenant>,
}

impl Executor {
    /// Loads the plugins, reads the secrets, sets up the client. Every fault is told at once.
    pub fn load(config: &Config, state: &Path) -> Result<Executor> {
        let mut faults = Vec::new();
        let engine = engine(config, state)?;
        let plugins = load_plugins(config, &engine, &mut faults);
        let tenants = tenants(config, &mut faults);
        if !faults.is_empty() {
            bail!("{}", faults.join("\nerror: "));
        }
        Ok(Executor { plugins, tenants })
    }
}

/// Sets up the engine for the plugins of a configuration.
fn engine(config: &Config, state: &Path) -> Result<Engine> {
    let memory = config.plugins.values().map(|p| p.limits.memory).max().unwrap_or_default();
    let cache = Cache::open(&state.join("compiled")).with_context(|| format!("cannot use the folder {}", state.display()))?;
    let standard = EngineOptions::default();
    let memory = usize::try_from(memory).unwrap_or(usize::MAX).max(standard.memory);
    Ok(Engine::new(EngineOptions { memory, cache: Some(cache), ..standard })?)
}

fn load_plugins(config: &Config, engine: &Engine, faults: &mut Vec<String>) -> HashMap<String, Plugin> {
    let mut plugins = HashMap::new();
    for plugin in config.plugins.values() {
        let load = || -> Result<Plugin> {
            let bytes = std::fs::read(&plugin.source).with_context(|| {
                format!("cannot read it; help: `source` of `[plugin.{}]` is to name the component's file", plugin.name)
            })?;
            Ok(Plugin::load(engine, &bytes, plugin.grants.clone())?)
        };
        match load() {
            Ok(loaded) => drop(plugins.insert(plugin.name.clone(), loaded)),
            Err(error) => faults.push(format!(
                "plugin `{}` ({}, granted at {}:{}): {error:#}",
                plugin.name,
                plugin.source.display(),
                config.path.display(),
                plugin.grant_line
            )),
        }
    }
    plugins
}

fn tenants(config: &Config, faults: &mut Vec<String>) -> HashMap<String, Tenant> {
    let mut tenants = HashMap::new();
    let client = match client(config) {
        Ok(client) => client,
        Err(error) => {
            faults.push(format!("{error:#}"));
            return tenants;
        }
    };
    for tenant in config.tenants.values() {
        let credentials = || -> Result<Credentials> {
            Ok(Credentials {
                tenant: tenant.id,
                client_id: tenant.client_id.resolve()?,
                client_secret: tenant.client_secret.resolve()?,
            })
        };
        match credentials() {
            Ok(credentials) => drop(tenants.insert(tenant.name.clone(), client.tenant(credentials))),
            Err(error) => faults.push(format!("tenant `{}`: {error:#}", tenant.name)),
        }
    }
    tenants
}

fn client(config: &Config) -> Result<Client> {
    let app_key = config.servicetitan.app_key.resolve().context("app_key")?;
    let environment = match &config.servicetitan.environment {
        config::Environment::Production => Environment::Production,
        config::Environment::Integration => Environment::Integration,
        config::Environment::Sandbox => SANDBOX.parse()?,
        config::Environment::Address(url) => url.as_str().parse()?,
    };
    Ok(Client::new(Options::new(environment, app_key))?)
}

/// Where `tradewire sandbox` serves unless it is told otherwise.
const SANDBOX: &str = "http://127.0.0.1:8123";

#[async_trait]
impl Execute for Executor {
    async fn execute(&self, attempt: Attempt) -> Result<Summary, Failure> {
        let job = &attempt.job;
        let missing = |what: &str| Failure::refused(format!("{what} is not in the configuration"));
        let plugin = self.plugins.get(&job.plugin).ok_or_else(|| missing(&format!("plugin `{}`", job.plugin)))?;
        let tenant = self.tenants.get(&job.tenant).ok_or_else(|| missing(&format!("tenant `{}`", job.tenant)))?;
        attempt.calls.plugin_digest(format!("sha256:{}", plugin.digest()));
        let standard = Limits::default();
        let request = Request {
            id: job.run.to_string(),
            export: job.export.clone(),
            tenant: job.tenant.clone(),
            tenant_id: job.tenant_id,
            timezone: job.window.start.timezone().to_string(),
            window: Window { start: job.window.start.to_rfc3339(), end: job.window.end.to_rfc3339() },
            attempt: job.attempt,
            settings: job.settings.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            api: Arc::new(tenant.clone()),
            sink: Arc::new(RunSink(attempt.clone())),
            limits: Limits {
                memory: usize::try_from(job.limits.memory).unwrap_or(standard.memory),
                time: job.limits.time,
                host_calls: job.limits.host_calls,
                ..standard
            },
        };
        let (result, _) = plugin.run(request).await;
        result.map(|message| Summary { message }).map_err(|failure| {
            let kind = match failure.class {
                FailureClass::Passing => Failure::passing(failure.message),
                FailureClass::Refused | FailureClass::Broken => Failure::refused(failure.message),
            };
            kind.with_reasons(failure.reasons)
        })
    }
}

/// A run's log, files and costs.
struct RunSink(Attempt);

impl Sink for RunSink {
    fn log(&self, level: Level, origin: &str, message: &str) {
        let level = match level {
            Level::Trace | Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let text = if origin.is_empty() { message.to_owned() } else { format!("{origin}: {message}") };
        self.0.log.write(level, &text);
    }

    fn called(&self, operation: &str, cost: Cost) {
        self.0.calls.add(HostCalls {
            operation: operation.to_owned(),
            calls: 1,
            failures: u64::from(cost.failed),
            retries: cost.retries.into(),
            waited_ms: u64::try_from(cost.waited.as_millis()).unwrap_or(u64::MAX),
            bytes: cost.bytes,
        });
    }

    fn create<'a>(&'a self, name: &'a str, content_type: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        Box::pin(async move {
            let file = self.0.files.create(name, content_type).await.map_err(|e| e.to_string())?;
            Ok(Box::new(RunFile(file)) as Box<dyn OutputFile>)
        })
    }
}

struct RunFile(tradewire_runs::run::OutputFile);

impl OutputFile for RunFile {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, Result<(), String>> {
        Box::pin(async move { self.0.write(bytes).await.map_err(|e| e.to_string()) })
    }

    fn finish(self: Box<Self>, totals: Vec<(String, String)>) -> Later<'static, Result<(), String>> {
        Box::pin(async move { self.0.finish(totals).await.map_err(|e| e.to_string()) })
    }
}

/// The configuration's folder of state: as asked, or beside it.
pub fn state_folder(config: &Path, state: Option<&Path>) -> Result<std::path::PathBuf> {
    let folder = match state {
        Some(state) => state.to_owned(),
        None => config.parent().ok_or_else(|| anyhow!("the configuration has no folder"))?.join(".tradewire"),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}
