//! A bench for runs: a configuration with two tenants, a plugin that is a closure, a clock that tests move.

pub mod api;
pub mod destination;
pub mod faults;
pub mod scheduling;
pub mod vendor;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use tokio::sync::watch;
use tradewire_config::Config;
use tradewire_runs::clock::Clock;
use tradewire_runs::delivery::{Configured, Destinations};
use tradewire_runs::run::{Attempt, Execute, Failure, Runner, RunnerOptions, Summary};
use tradewire_store::Store;
use tradewire_store_sqlite::SqliteStore;

pub const CONFIG: &str = r#"
[servicetitan]
environment = "sandbox"
app_key = { env = "ST_APP_KEY" }

[tenant.acme]
id = 1234567890
client_id = "cid.acme"
client_secret = { env = "ACME_CLIENT_SECRET" }
timezone = "America/Phoenix"

[tenant.zenith]
id = 42
client_id = "cid.zenith"
client_secret = { env = "ZENITH_CLIENT_SECRET" }
timezone = "America/New_York"

[plugin.payroll]
source = "payroll.wasm"
limits = { time = "1 min", output = "1 MiB", log_lines = 50 }

[export.weekly]
run = "payroll"
tenants = ["acme", "zenith"]
cron = "0 6 * * MON"
settings = { company-code = "ABC" }
deliver = "outbox"

[export.nowhere]
run = "payroll"
tenants = ["acme"]
cron = "0 6 * * MON"

[delivery.outbox]
to = "outbox"
"#;

/// The configuration with this in `[export.weekly]`.
pub fn weekly(lines: &str) -> String {
    CONFIG.replacen("deliver = \"outbox\"", &format!("deliver = \"outbox\"\n{lines}"), 1)
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub struct MovedClock(Arc<watch::Sender<DateTime<Utc>>>);

impl MovedClock {
    pub fn at(text: &str) -> Self {
        Self(Arc::new(watch::channel(at(text)).0))
    }

    pub fn set(&self, text: &str) {
        self.0.send_replace(at(text));
    }

    /// In so many seconds.
    pub fn now_plus(&self, seconds: i64) -> DateTime<Utc> {
        *self.0.borrow() + TimeDelta::seconds(seconds)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.0.send_modify(|now| *now += by);
    }
}

#[async_trait]
impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.borrow()
    }

    /// A moment: whoever waits looks at the clock again and again, as on a machine that falls asleep and wakes up.
    async fn sleep(&self, _: Duration) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

type Body = dyn Fn(Attempt) -> BoxFuture<'static, Result<Summary, Failure>> + Send + Sync;

/// A plugin that is a closure, which may be exchanged.
#[derive(Clone)]
pub struct Closure(Arc<Mutex<Arc<Body>>>);

impl Closure {
    pub fn new<F>(body: impl Fn(Attempt) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Summary, Failure>> + Send + 'static,
    {
        Self(Arc::new(Mutex::new(Arc::new(move |attempt| Box::pin(body(attempt))))))
    }

    /// One that writes these files.
    pub fn writing(files: &[(&str, &str)]) -> Self {
        let files: Vec<_> = files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        Self::new(move |attempt| write(attempt, files.clone()))
    }

    pub fn becomes(&self, other: Closure) {
        *self.0.lock().unwrap() = other.0.lock().unwrap().clone();
    }
}

async fn write(attempt: Attempt, files: Vec<(String, String)>) -> Result<Summary, Failure> {
    for (name, text) in files {
        let mut file = attempt.files.create(&name, "text/csv").await?;
        for piece in text.as_bytes().chunks(1000) {
            file.write(piece).await?;
        }
        let rows = text.lines().count().to_string();
        file.finish(vec![("rows".to_owned(), rows), ("amount".to_owned(), "1234.50".to_owned())]).await?;
    }
    Ok(Summary { message: "done".to_owned() })
}

#[async_trait]
impl Execute for Closure {
    async fn execute(&self, attempt: Attempt) -> Result<Summary, Failure> {
        let body = self.0.lock().unwrap().clone();
        body(attempt).await
    }
}

/// A folder with everything in it.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub store: SqliteStore,
    pub clock: MovedClock,
    pub plugin: Closure,
    pub runner: Arc<Runner>,
    config: String,
    destinations: Arc<dyn Destinations>,
}

impl Bench {
    pub fn new(plugin: Closure) -> Self {
        Self::with(plugin, CONFIG, |store| store)
    }

    /// With another configuration, and with something around the store.
    pub fn with(plugin: Closure, config: &str, layer: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        Self::delivering(plugin, config, layer, Arc::new(Configured))
    }

    /// With other destinations than those of the configuration.
    pub fn delivering(
        plugin: Closure,
        config: &str,
        layer: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
        destinations: Arc<dyn Destinations>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
        let clock = MovedClock::at("2026-03-11T12:00:00Z");
        let seen: Arc<dyn Store> = layer(Arc::new(store.clone()));
        let runner = runner(folder.path(), config, seen, plugin.clone(), clock.clone());
        let runner = Arc::new(runner.with_destinations(destinations.clone()));
        Self { folder, store, clock, plugin, runner, config: config.to_owned(), destinations }
    }

    /// Another process with the same folder.
    pub fn another(&self) -> Runner {
        let store = SqliteStore::open(&self.folder.path().join("tradewire.db")).unwrap();
        let (plugin, clock) = (self.plugin.clone(), self.clock.clone());
        runner(self.folder.path(), &self.config, Arc::new(store), plugin, clock)
            .with_destinations(self.destinations.clone())
    }

    pub fn outbox(&self) -> PathBuf {
        self.folder.path().join("outbox")
    }

    /// The names in the outbox, hidden ones as well.
    pub fn names(&self) -> Vec<String> {
        names(&self.outbox())
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.outbox().join(name)).unwrap()
    }

    /// What is left of the folders of runs.
    pub fn staged(&self) -> Vec<String> {
        names(&self.folder.path().join("state/runs"))
    }
}

fn runner(folder: &Path, config: &str, store: Arc<dyn Store>, plugin: Closure, clock: MovedClock) -> Runner {
    Runner::new(RunnerOptions {
        config: Arc::new(Config::parse(folder.join("tradewire.toml"), config).unwrap()),
        store,
        execute: Arc::new(plugin),
        clock: Arc::new(clock),
        state: folder.join("state"),
        observer: None,
    })
}

pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
