//! How a run comes to be: what is asked for, what the configuration says to it, and the row that takes the slot.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tradewire_surface::Catalog;

use super::{LEASE, Runner};
use crate::config::Config;
use crate::delivery::DeliveryError;
use crate::run::Job;
use crate::schedule::Window;
use crate::store::{Opened, Opening, RunId, SlotRecord, StoreError, Trigger};

/// What to run.
#[derive(Debug, Clone)]
pub struct Request {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    /// The slot, where a schedule asks.
    pub due: Option<DateTime<Utc>>,
    /// The window; none is the slot's, or without a slot the latest complete one.
    pub window: Option<Window>,
}

impl Request {
    /// A run because someone asks for it now.
    pub fn now(export: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self { export: export.into(), tenant: tenant.into(), due: None, window: None }
    }

    /// The run of a slot.
    pub fn slot(export: impl Into<String>, tenant: impl Into<String>, due: DateTime<Utc>) -> Self {
        Self { export: export.into(), tenant: tenant.into(), due: Some(due), window: None }
    }
}

/// A run that is open: it must be carried out, else it counts as abandoned when its lease ends.
#[must_use]
#[derive(Debug)]
pub struct OpenRun {
    pub(super) opening: Opening,
    pub(super) job: Arc<Job>,
    /// Where its files go.
    pub(super) folder: Option<PathBuf>,
}

impl OpenRun {
    /// The run.
    pub fn id(&self) -> RunId {
        self.opening.id
    }

    /// What it accounts for.
    pub fn window(&self) -> Window {
        self.opening.window
    }
}

/// Why there is no run, or why its end could not be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// No such export.
    #[error("there is no export `{name}`{}", help(nearest))]
    UnknownExport {
        /// As it was asked for.
        name: String,
        /// What is near.
        nearest: Option<String>,
    },
    /// Not a tenant of the export.
    #[error("export `{export}` does not run for a tenant `{name}`{}", help(nearest))]
    UnknownTenant {
        /// The export.
        export: String,
        /// As it was asked for.
        name: String,
        /// What is near.
        nearest: Option<String>,
    },
    /// No window.
    #[error("export `{0}` has no window at this time: its schedule has no slot before it")]
    NoWindow(String),
    /// The slot has a row already.
    #[error("the slot of {} is already recorded as {}", .0.due.to_rfc3339(), .0.state)]
    SlotTaken(Box<SlotRecord>),
    /// The delivery is decided and not complete.
    #[error(
        "the files of run {run} are not all in their place yet ({source}): their delivery is completed as soon as it can be"
    )]
    DeliveryPending {
        /// The run.
        run: RunId,
        /// Why not.
        source: DeliveryError,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunError {
    /// That the configuration has no export of that name.
    pub fn unknown_export(config: &Config, name: &str) -> Self {
        RunError::UnknownExport { name: name.to_owned(), nearest: near(name, config.exports.keys()) }
    }
}

fn help(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

impl Runner {
    /// Opens a run: checks that there is such a thing, cuts its window, and takes its slot.
    pub async fn open(&self, request: Request) -> Result<OpenRun, RunError> {
        let config = &self.config;
        let export = config.exports.get(&request.export);
        let export = export.ok_or_else(|| RunError::unknown_export(config, &request.export))?;
        let unknown_tenant = || RunError::UnknownTenant {
            export: export.name.clone(),
            nearest: near(&request.tenant, export.tenants.iter()),
            name: request.tenant.clone(),
        };
        let named = export.tenants.contains(&request.tenant);
        let tenant = config.tenants.get(&request.tenant).filter(|_| named).ok_or_else(unknown_tenant)?;
        let zone = config.zone(export, tenant);
        let slots = config.slots(export, tenant);
        let now = self.clock.now();
        let window = match (request.window, request.due) {
            (Some(window), _) => Some(window),
            (None, Some(due)) => export.window.window(slots.as_ref(), zone, due),
            (None, None) => export.window.latest(slots.as_ref(), zone, now),
        };
        let window = window.ok_or_else(|| RunError::NoWindow(export.name.clone()))?;
        let id = RunId::new();
        let opening = Opening {
            id,
            export: export.name.clone(),
            tenant: tenant.name.clone(),
            tenant_id: tenant.id,
            plugin: export.work.to_string(),
            trigger: if request.due.is_some() { Trigger::Schedule } else { Trigger::Manual },
            due: request.due,
            attempt: 1,
            window,
            started: now,
            owner: self.owner.clone(),
            lease_until: now + LEASE,
        };
        let job = Job {
            run: id,
            export: export.name.clone(),
            tenant: tenant.name.clone(),
            tenant_id: tenant.id,
            work: export.work.clone(),
            window,
            attempt: 1,
            settings: config.settings(export),
            limits: config.plugin(export).map(|plugin| plugin.limits.clone()).unwrap_or_default(),
        };
        let folder = self.folder(export);
        match self.store.open_run(&opening).await? {
            Opened::Yes => Ok(OpenRun { opening, job: Arc::new(job), folder }),
            Opened::SlotTaken(slot) => Err(RunError::SlotTaken(Box::new(slot))),
        }
    }
}

fn near<'n>(wanted: &str, names: impl Iterator<Item = &'n String>) -> Option<String> {
    Catalog::nearest(wanted, names.map(String::as_str)).map(str::to_owned)
}
