//! Executes the attempts of runs: [`Execute`] by the host, the middleware and the client. Whoever embeds the runtime
//! puts them together with this.

mod call;
mod events;
mod faults;
mod journaled;
mod load;
mod plugins;
mod sink;
mod state;
mod vendors;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tradewire_client::{Client, ServiceTitan, Tenant};
use tradewire_config::{MiddlewareGrant, Work};
use tradewire_host::{Engine, FailureClass, Limits, Plugin, Request, Window};
use tradewire_runs::run::{Attempt, Execute, Failure, Summary};

use call::Call;
use events::RunFeed;
pub use faults::Faults;
pub use load::{SANDBOX, compiled_in, compiler};
pub use plugins::{COMPILER, Loading};
use sink::RunSink;
use state::RunState;
use vendors::Granted;
pub use vendors::{Vendor, Vendors, written};

/// Everything of a configuration that runs need, loaded and checked.
pub struct Executor {
    engine: Engine,
    client: Client,
    plugins: HashMap<String, Loaded>,
    /// Plugins that have to be compiled before they run.
    missing: Vec<String>,
    tenants: HashMap<String, Tenant>,
    vendors: Arc<Vendors>,
    /// Of the exports that call vendors, by their names.
    calls: HashMap<String, Call>,
}

/// A plugin, and the vendors that it may call.
struct Loaded {
    plugin: Plugin,
    vendors: Vec<MiddlewareGrant>,
}

impl Executor {
    /// A plugin, by its name in the configuration.
    pub fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.plugins.get(name).map(|loaded| &loaded.plugin)
    }

    /// The plugins that have to be compiled before they run.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The tenants, by their names in the configuration.
    pub fn tenants(&self) -> &HashMap<String, Tenant> {
        &self.tenants
    }

    /// The vendors.
    pub fn vendors(&self) -> &Arc<Vendors> {
        &self.vendors
    }
}

#[async_trait]
impl Execute for Executor {
    async fn execute(&self, attempt: Attempt) -> Result<Summary, Failure> {
        let job = &attempt.job;
        let missing = |what: &str, name: &str| Failure::refused(format!("{what} `{name}` is not in the configuration"));
        let tenant = self.tenants.get(&job.tenant).ok_or_else(|| missing("tenant", &job.tenant))?;
        let tenant: Arc<dyn ServiceTitan> = Arc::new(tenant.clone());
        match &job.work {
            Work::Plugin(name) => {
                let not_compiled = || Failure::transient(format!("plugin `{name}` is not compiled yet"));
                let is_missing = self.missing.contains(name);
                let unknown = || if is_missing { not_compiled() } else { missing("plugin", name) };
                let loaded = self.plugins.get(name).ok_or_else(unknown)?;
                self.run(loaded, &attempt, tenant).await
            }
            Work::Call(_) => {
                let call = self.calls.get(&job.export).ok_or_else(|| missing("export", &job.export))?;
                call.execute(&attempt, tenant).await
            }
        }
    }

    fn servicetitan(&self, tenant: &str) -> Option<Arc<dyn ServiceTitan>> {
        Some(Arc::new(self.tenants.get(tenant)?.clone()))
    }
}

impl Executor {
    async fn run(&self, loaded: &Loaded, attempt: &Attempt, tenant: Arc<dyn ServiceTitan>) -> Result<Summary, Failure> {
        let (job, plugin) = (&attempt.job, &loaded.plugin);
        attempt.calls.plugin_digest(format!("sha256:{}", plugin.digest()));
        let bytes = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        let request = Request {
            id: job.run.to_string(),
            export: job.export.clone(),
            tenant: job.tenant.clone(),
            tenant_id: job.tenant_id,
            timezone: job.window.start.timezone().to_string(),
            window: Window { start: job.window.start.to_rfc3339(), end: job.window.end.to_rfc3339() },
            attempt: job.attempt,
            settings: job.settings.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            middleware: Some(Arc::new(Granted {
                vendors: self.vendors.clone(),
                grants: loaded.vendors.clone(),
                tenant: job.tenant.clone(),
                journal: attempt.journal.clone(),
                api: tenant.clone(),
            })),
            events: Some(Arc::new(RunFeed::new(attempt.events.clone()))),
            api: attempt.layer(tenant),
            state: Some(Arc::new(RunState(attempt.state.clone()))),
            sink: Arc::new(RunSink(attempt.clone())),
            limits: Limits {
                memory: bytes(job.limits.memory),
                time: job.limits.time,
                transfer: bytes(job.limits.transfer),
                host_calls: job.limits.host_calls,
                answer: bytes(job.limits.answer),
            },
        };
        let (result, _) = plugin.run(request).await;
        result.map(|message| Summary { message }).map_err(|failure| {
            let kind = match failure.class {
                FailureClass::Transient => Failure::transient(failure.message),
                FailureClass::Refused | FailureClass::Broken => Failure::refused(failure.message),
            };
            kind.with_reasons(failure.reasons)
        })
    }
}
