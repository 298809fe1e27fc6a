//! How a run comes to be: what is asked for, what the configuration says to it, and the row that takes the slot.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use tradewire_config::{Config, Delivery, Export, Tenant, Trigger};
use tradewire_schedule::Window;
use tradewire_store::{Opened, Opening, RunFilter, RunId, RunRecord, SlotRecord, StoreError, TriggerKind};
use tradewire_surface::Catalog;

use super::alive;
use super::{LEASE, Runner};
use crate::alive::Alive;
use crate::run::{Cancellation, Job};

/// What to run.
#[derive(Debug, Clone)]
pub struct Request {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    /// The slot, where a schedule asks.
    pub due: Option<DateTime<Utc>>,
    /// The window; none is the slot's own or as its rule cuts it, or without a slot the latest complete one.
    pub window: Option<Window>,
    /// Whether to make the writes anew that earlier runs of the window have made.
    pub force: bool,
}

impl Request {
    /// A run because someone asks for it now.
    pub fn now(export: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self { export: export.into(), tenant: tenant.into(), due: None, window: None, force: false }
    }

    /// The run of a slot.
    pub fn slot(export: impl Into<String>, tenant: impl Into<String>, due: DateTime<Utc>) -> Self {
        Self { export: export.into(), tenant: tenant.into(), due: Some(due), window: None, force: false }
    }
}

/// A run that is open: it must be carried out, else it counts as abandoned when its lease ends.
#[must_use]
#[derive(Debug)]
pub struct OpenRun {
    pub(super) opening: Opening,
    pub(super) job: Arc<Job>,
    /// Where its files go.
    pub(super) delivery: Option<Delivery>,
    pub(super) cancellation: Cancellation,
    /// Its sign of life, for as long as this is held.
    pub(super) _alive: Option<Alive>,
}

impl OpenRun {
    /// The run.
    pub fn id(&self) -> RunId {
        self.opening.id
    }

    /// What cancels it while it is carried out.
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// What it accounts for.
    pub fn window(&self) -> Window {
        self.opening.window
    }
}

/// What a request comes to.
pub(super) struct Wanted<'c> {
    pub export: &'c Export,
    pub tenant: &'c Tenant,
    pub window: Window,
    pub trigger: TriggerKind,
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
    /// No window, because what begins the export's runs says what they account for.
    #[error(
        "export `{export}` runs {trigger}, which says what its runs account for: name a window with `--from` and `--to`"
    )]
    NoOwnWindow {
        /// The export.
        export: String,
        /// What begins its runs.
        trigger: String,
    },
    /// The slot has a row already.
    #[error("the slot of {} is already recorded as {}", .0.due.to_rfc3339(), .0.state)]
    SlotTaken(Box<SlotRecord>),
    /// A run of the same window has not ended.
    #[error("run {0} of the same window still goes on")]
    GoesOn(RunId),
    /// A run of the same window waits.
    #[error(
        "run {0} of the same window waits: a write of it may have taken effect; `tradewire writes list` shows what is to \
         be resolved"
    )]
    Waits(RunId),
    /// A run of the same window delivers.
    #[error(
        "the files of run {0} of the same window are not all delivered yet: `tradewire runs retry {0}` tries now, `tradewire \
         runs cancel {0}` gives them up"
    )]
    Delivers(RunId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunError {
    /// That the configuration has no export of that name.
    pub fn unknown_export(config: &Config, name: &str) -> Self {
        RunError::UnknownExport { name: name.to_owned(), nearest: near(name, config.exports.keys()) }
    }

    /// That the export runs for no tenant of that name.
    pub fn unknown_tenant(export: &Export, name: &str) -> Self {
        let nearest = near(name, export.tenants.iter());
        RunError::UnknownTenant { export: export.name.clone(), nearest, name: name.to_owned() }
    }
}

fn help(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

impl Runner {
    /// Opens a run: checks that there is such a thing, cuts its window, and takes it and its slot.
    pub async fn open(&self, request: Request) -> Result<OpenRun, RunError> {
        let wanted = self.wanted(&request).await?;
        let Wanted { export, tenant, window, .. } = wanted;
        let now = self.clock.now();
        let delivery = self.delivery(export);
        loop {
            let latest = self.store.latest_run(&export.name, &tenant.name, &window).await?;
            let before = latest.as_ref().filter(|latest| goes_on(latest, &request));
            let opening = self.opening(&wanted, request.due, before, now);
            let id = opening.id;
            // Before the row is there: whoever finds it is to know at once whether its process has died since.
            let unseen = |error: &std::io::Error| {
                tracing::warn!(run = %id, %error, "others know of this run's end by its lease alone");
            };
            let alive = alive::begin(self.staging(id)).await.inspect_err(unseen).ok();
            let opened = self.store.open_run(&opening, latest.map(|run| run.opening.id)).await;
            let refused = match opened {
                Ok(Opened::Yes) => {
                    let job = Arc::new(self.job(&opening, export));
                    let cancellation = Cancellation::default();
                    let delivery = delivery.cloned();
                    return Ok(OpenRun { opening, job, delivery, cancellation, _alive: alive });
                }
                Ok(Opened::SlotTaken(slot)) => Some(RunError::SlotTaken(slot)),
                Ok(Opened::GoesOn(run)) => Some(RunError::GoesOn(run)),
                Ok(Opened::Waits(run)) => Some(RunError::Waits(run)),
                Ok(Opened::Delivers(run)) => Some(RunError::Delivers(run)),
                Ok(Opened::Overtaken) => None,
                Err(error) => Some(error.into()),
            };
            drop(alive);
            self.clear(id).await;
            if let Some(error) = refused {
                return Err(error);
            }
        }
    }

    /// A run as it begins: an attempt of its own, or the next after `before`.
    pub(super) fn opening(
        &self,
        wanted: &Wanted<'_>,
        due: Option<DateTime<Utc>>,
        before: Option<&RunRecord>,
        now: DateTime<Utc>,
    ) -> Opening {
        let Wanted { export, tenant, window, trigger } = *wanted;
        let id = RunId::new();
        let (journal, attempt) = before.map_or((id, 1), |run| (run.opening.journal, run.opening.attempt + 1));
        Opening {
            id,
            export: export.name.clone(),
            tenant: tenant.name.clone(),
            tenant_id: tenant.id,
            plugin: export.work.to_string(),
            trigger,
            due: due.or(before.and_then(|run| run.opening.due)),
            journal,
            attempt,
            window,
            started: now,
            owner: self.owner.clone(),
            lease_until: now + LEASE,
        }
    }

    /// What is asked for, by the configuration and the time.
    pub(super) async fn wanted(&self, request: &Request) -> Result<Wanted<'_>, RunError> {
        let config = &self.config;
        let export = config.exports.get(&request.export);
        let export = export.ok_or_else(|| RunError::unknown_export(config, &request.export))?;
        let tenant = config.tenants.get(&request.tenant).filter(|tenant| export.tenants.contains(&tenant.name));
        let tenant = tenant.ok_or_else(|| RunError::unknown_tenant(export, &request.tenant))?;
        let zone = config.zone(export, tenant);
        let slots = config.slots(export, tenant);
        let now = self.clock.now();
        let queued = match request.due {
            Some(due) => self.store.slot(&export.name, &tenant.name, due).await?,
            None => None,
        };
        let own = queued.as_ref().and_then(|slot| slot.window).map(|window| window.in_zone(zone));
        let window = match (request.window.or(own), request.due) {
            (Some(window), _) => Some(window),
            (None, due) if export.feed.is_some() => {
                let due = due.unwrap_or(now).trunc_subsecs(3).with_timezone(&zone);
                let before = self.window_before(&export.name, &tenant.name, due).await?;
                before.or_else(|| export.window.window(slots.as_ref(), zone, due.to_utc()))
            }
            (None, Some(due)) => export.window.window(slots.as_ref(), zone, due),
            (None, None) => export.window.latest(slots.as_ref(), zone, now),
        };
        let window = window.ok_or_else(|| match export.trigger {
            Trigger::Cron(_) => RunError::NoWindow(export.name.clone()),
            _ => RunError::NoOwnWindow { export: export.name.clone(), trigger: export.trigger.to_string() },
        })?;
        let trigger = match request.due {
            Some(_) => queued.map_or(TriggerKind::Schedule, |slot| slot.trigger),
            None => TriggerKind::Manual,
        };
        Ok(Wanted { export, tenant, window, trigger })
    }

    /// What the next run of a feed accounts for: what the latest did, where that has kept nothing, so that it goes on with
    /// that one's journal; else what has come since. None where there was no run.
    async fn window_before(&self, export: &str, tenant: &str, due: DateTime<Tz>) -> Result<Option<Window>, StoreError> {
        let (export, tenant) = (Some(export.to_owned()), Some(tenant.to_owned()));
        let filter = RunFilter { export, tenant, limit: Some(1), ..RunFilter::default() };
        let Some(latest) = self.store.runs(&filter).await?.pop() else { return Ok(None) };
        let window = latest.opening.window;
        let since = Window { start: window.end.with_timezone(&due.timezone()), end: due };
        Ok(if !latest.succeeded() && !latest.decided {
            Some(window)
        } else {
            Some(since).filter(|since| since.start < since.end)
        })
    }

    pub(super) fn job(&self, opening: &Opening, export: &Export) -> Job {
        let plugin = self.config.plugin(export);
        Job {
            run: opening.id,
            export: opening.export.clone(),
            tenant: opening.tenant.clone(),
            tenant_id: opening.tenant_id,
            work: export.work.clone(),
            feed: export.feed.clone(),
            window: opening.window,
            attempt: opening.attempt,
            settings: self.config.settings(export),
            limits: plugin.map(|plugin| plugin.limits.clone()).unwrap_or_default(),
        }
    }
}

/// Whether what is asked for is the next attempt of the window's latest run, and so goes on with its journal.
///
/// That one has not succeeded, or nobody can tell that it has: whoever runs a window again after a machine died must
/// not pay anyone twice. Only another slot of the same window (an hourly schedule of daily windows) is a run of its own.
pub(super) fn goes_on(latest: &RunRecord, request: &Request) -> bool {
    let another_slot = request.due.is_some() && latest.opening.due.is_some() && request.due != latest.opening.due;
    !(request.force || latest.succeeded() && another_slot)
}

fn near<'n>(wanted: &str, names: impl Iterator<Item = &'n String>) -> Option<String> {
    Catalog::nearest(wanted, names.map(String::as_str)).map(str::to_owned)
}
