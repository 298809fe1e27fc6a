//! What the commands that run exports share: the configuration, the state folder, the runner.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use async_trait::async_trait;
use tradewire_config::{Config, ConfigError};
use tradewire_executor::{Executor, Faults, Loading};
use tradewire_runs::clock::SystemClock;
use tradewire_runs::run::{Attempt, Execute, Failure, Job, Observer, Runner, RunnerOptions, Summary};
use tradewire_store::{LogLevel, LogLine};
use tradewire_store_sqlite::SqliteStore;

use super::private;
use crate::cli::Paths;
use crate::output::Busy;

/// A configuration without faults, and where the runtime's own state is.
pub struct Installation {
    pub config: Arc<Config>,
    pub state: PathBuf,
}

impl Installation {
    /// Reads the configuration.
    pub fn read(paths: &Paths) -> Result<Installation> {
        let config = read_config(&paths.config)?;
        let state = state_of(paths);
        std::fs::create_dir_all(&state)
            .with_context(|| format!("cannot make the folder `{}`; choose another with `--state`", state.display()))?;
        private::keep(&state)?;
        Ok(Installation { config: Arc::new(config), state })
    }

    /// Loads plugins and packs and reads the secrets; their faults are told with those that are known already.
    pub fn executor(&self, known: Faults) -> Result<Executor> {
        Ok(Executor::load(&self.config, &self.state, known, None, &Loading::of_all())?)
    }

    /// The same of what nobody else can change.
    fn trusted_executor(&self) -> Result<Executor> {
        self.executor(private::changed_by_others(&self.config))
    }

    /// Opens the store.
    pub fn store(&self) -> Result<SqliteStore> {
        Ok(SqliteStore::open(&self.database())?)
    }

    /// The store's file.
    pub fn database(&self) -> PathBuf {
        self.state.join("tradewire.db")
    }

    /// Makes everything ready to run; what the runs log is shown as it comes.
    pub fn runner(&self, busy: &Arc<Busy>) -> Result<Arc<Runner>> {
        self.runner_by(Arc::new(self.trusted_executor()?), busy)
    }

    /// The same, by what is loaded already.
    pub fn runner_by(&self, execute: Arc<Executor>, busy: &Arc<Busy>) -> Result<Arc<Runner>> {
        Ok(Arc::new(self.runner_of(self.store()?, execute, Some(observer(busy)))))
    }

    /// The same as [`Installation::runner`], on a store that is open already.
    pub fn runner_on(&self, store: SqliteStore, busy: &Arc<Busy>) -> Result<Arc<Runner>> {
        let execute = Arc::new(self.trusted_executor()?);
        Ok(Arc::new(self.runner_of(store, execute, Some(observer(busy)))))
    }

    /// One that runs nothing: it ends what others have left, and needs no plugin for that.
    pub fn maintenance(&self) -> Result<Runner> {
        Ok(self.runner_of(self.store()?, Arc::new(Nothing), None))
    }

    fn runner_of(&self, store: SqliteStore, execute: Arc<dyn Execute>, observer: Option<Observer>) -> Runner {
        Runner::new(RunnerOptions {
            config: self.config.clone(),
            store: Arc::new(store),
            execute,
            clock: Arc::new(SystemClock),
            state: self.state.clone(),
            observer,
        })
    }
}

/// Where the runtime's own state is.
pub fn state_of(paths: &Paths) -> PathBuf {
    match &paths.state {
        Some(state) => state.clone(),
        None => paths.config.parent().unwrap_or(Path::new("")).join(".tradewire"),
    }
}

/// Reads a configuration that nobody else can change.
pub fn read_config(path: &Path) -> Result<Config> {
    private::ensure_unchanged(path)?;
    read_any_config(path)
}

/// Reads one that others may have changed: for looking at, and for nothing to be done by it.
pub fn read_any_config(path: &Path) -> Result<Config> {
    Config::load(path).map_err(|error| match error {
        ConfigError::Unreadable { .. } => {
            anyhow::anyhow!("{error}; name another with `--config`, or begin with what `tradewire demo` writes")
        }
        faulty => faulty.into(),
    })
}

/// Executes nothing.
struct Nothing;

#[async_trait]
impl Execute for Nothing {
    async fn execute(&self, _: Attempt) -> Result<Summary, Failure> {
        Err(Failure::refused("no plugin is loaded"))
    }
}

/// Shows what runs log.
fn observer(busy: &Arc<Busy>) -> Observer {
    let shown = busy.clone();
    Arc::new(move |job: &Job, line: &LogLine| show(&shown, job, line))
}

fn show(busy: &Busy, job: &Job, line: &LogLine) {
    if matches!(line.level, LogLevel::Info | LogLevel::Warn | LogLevel::Error) {
        busy.line(&format!("{} for {}: {}: {}", job.export, job.tenant, line.level, line.text));
    }
}
