//! A configuration that is served, with all that it names loaded; and another in its place.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tradewire_config::Serve;
use tradewire_executor::{Executor, Loading};
use tradewire_front::Identity;
use tradewire_runs::run::Runner;

use super::super::installation::Installation;
use super::super::private;
use crate::cli::Paths;
use crate::http::{Callers, MiddlewareState, Receivers, listens, tls};

/// A configuration that is served.
pub struct Loaded {
    pub installation: Installation,
    pub executor: Arc<Executor>,
    pub reach: Arc<MiddlewareState>,
    pub receivers: Arc<Receivers>,
    pub identity: Option<Arc<Identity>>,
}

impl Loaded {
    /// Reads a configuration and loads all that it names; every fault is told. Blocks. What tenants share of the
    /// configuration before, their pace above all, they keep.
    ///
    /// Where plugins are left out that are not compiled yet, what runs them waits: none of them gets a permit.
    pub fn load(paths: &Paths, before: Option<&Executor>, loading: &Loading) -> Result<Loaded> {
        let mut installation = Installation::read(paths)?;
        let mut faults = private::changed_by_others(&installation.config);
        let callers = Callers::load(&installation.config, &mut faults);
        let receivers = Arc::new(Receivers::load(&installation.config, &mut faults));
        let identity = tls::load(&installation.config, &mut faults);
        let executor = Arc::new(Executor::load(&installation.config, &installation.state, faults, before, loading)?);
        if !executor.missing().is_empty() {
            Arc::make_mut(&mut installation.config).hold_back(executor.missing());
        }
        let (vendors, tenants) = (executor.vendors().clone(), executor.tenants().clone());
        let reach = Arc::new(MiddlewareState { callers, vendors, tenants });
        Ok(Loaded { installation, executor, reach, receivers, identity })
    }
}

/// What is in force, for all who go by it.
pub struct InForce {
    executor: Arc<Executor>,
    runner: watch::Sender<Arc<Runner>>,
    reach: watch::Sender<Arc<MiddlewareState>>,
    receivers: watch::Sender<Arc<Receivers>>,
    identity: watch::Sender<Option<Arc<Identity>>>,
    /// As it was at the start, where something listens.
    serve: Option<Serve>,
}

impl InForce {
    /// Begins with this configuration.
    pub fn new(loaded: Loaded, runner: Arc<Runner>) -> InForce {
        let Loaded { installation, executor, reach, receivers, identity } = loaded;
        InForce {
            executor,
            runner: watch::Sender::new(runner),
            reach: watch::Sender::new(reach),
            receivers: watch::Sender::new(receivers),
            identity: watch::Sender::new(identity),
            serve: listens(&installation.config).then(|| installation.config.serve.clone()),
        }
    }

    pub fn executor(&self) -> &Arc<Executor> {
        &self.executor
    }

    pub fn runner(&self) -> watch::Receiver<Arc<Runner>> {
        self.runner.subscribe()
    }

    pub fn reach(&self) -> watch::Receiver<Arc<MiddlewareState>> {
        self.reach.subscribe()
    }

    pub fn receivers(&self) -> watch::Receiver<Arc<Receivers>> {
        self.receivers.subscribe()
    }

    /// The certificate, for whoever serves with it and whoever renews it.
    pub fn identity(&self) -> &watch::Sender<Option<Arc<Identity>>> {
        &self.identity
    }

    /// Puts another configuration in the place of the one in force. What goes on ends by that one. What cannot be taken
    /// over is told.
    pub fn becomes(&mut self, loaded: Loaded) -> Option<&'static str> {
        let config = loaded.installation.config;
        let runner = self.runner.borrow().reconfigured(config.clone(), loaded.executor.clone());
        self.executor = loaded.executor;
        self.reach.send_replace(loaded.reach);
        self.receivers.send_replace(loaded.receivers);
        self.runner.send_replace(Arc::new(runner));
        if self.serve.as_ref() == Some(&config.serve) {
            self.identity.send_replace(loaded.identity);
        }
        match &self.serve {
            Some(serve) if *serve != config.serve => Some(
                "`[serve]` is read at the start only: it is served as before until `tradewire serve` is started anew",
            ),
            None if listens(&config) => {
                Some("nothing listens for callers and events yet: `tradewire serve` has to be started anew for that")
            }
            _ => None,
        }
    }
}
