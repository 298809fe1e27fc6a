//! What schedules cost: `tradewire serve` with ten schedules for each of 100 and of 1,000 tenants, on one machine with
//! the ServiceTitan that they call.
//!
//! `cargo bench --workspace --bench schedules`
//!
//! One schedule in ten of each tenant falls due in the same second of one minute, and another spread over the next by its
//! jitter. Each run asks for a token and a page of customers. Lateness is how long after its time a run has begun, places
//! to wait for included. The sandbox is on a thread of the bench's own process and shares the cores with the server.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};
use tradewire_config::Config;
use tradewire_sandbox::{Options, SandboxTenant};
use tradewire_store::{Outcome, RunFilter, RunRecord, Store};
use tradewire_store_sqlite::SqliteStore;

use support::served::Served;
use support::{Apart, line, quantile};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const EXPORTS: usize = 10;
/// How long the server is watched while nothing falls due.
const IDLE: Duration = Duration::from_secs(60);
/// How long a minute's runs may take to end.
const PATIENCE: Duration = Duration::from_secs(600);
const MIB: f64 = (1 << 20) as f64;

/// Ten exports of the bench's guest for each tenant: the first falls due at once for all, the second by its jitter.
fn configuration(url: &str, tenants: usize, first: DateTime<Utc>) -> String {
    let guest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/guests/bench.wasm");
    let mut config = format!(
        "[servicetitan]\nenvironment = \"{url}\"\napp_key = {{ env = \"APP_KEY\" }}\n\n[plugin.bench]\nsource = \
         \"{guest}\"\ngrant = [\"crm/customers:view\"]\n"
    );
    let mut names = String::new();
    for id in 1..=tenants {
        config += &format!(
            "\n[tenant.t{id}]\nid = {id}\nclient_id = \"cid.{id}\"\nclient_secret = {{ env = \"CLIENT_SECRET\" }}\n\
             timezone = \"UTC\"\n"
        );
        names += &format!("\"t{id}\", ");
    }
    for export in 0..EXPORTS {
        let at = |due: DateTime<Utc>| format!("{} {} * * *", due.minute(), due.hour());
        let when = match export {
            0 => format!("cron = \"{}\"", at(first)),
            1 => format!("cron = \"{}\"\njitter = \"1 min\"", at(first + TimeDelta::minutes(1))),
            _ => format!("cron = \"{}\"", at(first + TimeDelta::hours(12))),
        };
        config += &format!(
            "\n[export.e{export}]\nrun = \"bench\"\ntenants = [{names}]\nsettings = {{ calls = 1 }}\n{when}\n"
        );
    }
    config
}

/// The sandbox's tenants. They are small: it is not what is measured.
fn servicetitan(tenants: usize) -> Apart {
    let mut options = Options { rate: None, customers: 5, ..Options::default() };
    let first = options.tenants[0].clone();
    options.tenants =
        (1..=tenants as i64).map(|id| SandboxTenant { id, client_id: format!("cid.{id}"), ..first.clone() }).collect();
    Apart::start(options)
}

/// The runs of an export once as many have ended as it has tenants.
async fn ended(store: &SqliteStore, export: &str, tenants: usize) -> Vec<RunRecord> {
    let filter = RunFilter { export: Some(export.to_owned()), limit: Some(u32::MAX), ..RunFilter::default() };
    let start = Instant::now();
    loop {
        let mut runs = store.runs(&filter).await.unwrap();
        runs.retain(|run| run.ending.is_some());
        if runs.len() >= tenants {
            return runs;
        }
        assert!(start.elapsed() < PATIENCE, "only {} of {tenants} runs of {export} have ended", runs.len());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

fn lateness(what: &str, config: &Config, runs: &[RunRecord]) {
    let failed =
        runs.iter().filter(|run| run.ending.as_ref().is_none_or(|end| end.outcome != Outcome::Succeeded)).count();
    assert_eq!(failed, 0, "{what}: runs that did not succeed");
    let schedules: std::collections::HashMap<_, _> =
        config.schedules().map(|schedule| ((schedule.export.clone(), schedule.tenant.clone()), schedule)).collect();
    let late = |run: &RunRecord| {
        let opening = &run.opening;
        let schedule = &schedules[&(opening.export.clone(), opening.tenant.clone())];
        (opening.started - schedule.start(opening.due.unwrap())).to_std().unwrap_or_default()
    };
    let mut late: Vec<Duration> = runs.iter().map(late).collect();
    late.sort();
    let seconds = |time: Duration| time.as_secs_f64();
    let found = format!("p50 {:.2} s, worst {:.2} s", seconds(quantile(&late, 0.5)), seconds(quantile(&late, 1.0)));
    line(&format!("{what}: how late its runs begin"), &found, None);
}

/// Runs a second from the first that began to the last that ended.
fn rate(runs: &[RunRecord]) -> f64 {
    let begun = runs.iter().map(|run| run.opening.started).min().unwrap();
    let ended = runs.iter().filter_map(|run| run.ending.as_ref()).map(|end| end.ended).max().unwrap();
    runs.len() as f64 / (ended - begun).as_seconds_f64()
}

async fn measure(tenants: usize) {
    let titan = servicetitan(tenants);
    // A whole minute in which it is idle, after the start.
    let first = (Utc::now() + TimeDelta::seconds(60 + 30) + TimeDelta::from_std(IDLE).unwrap())
        .duration_trunc(TimeDelta::minutes(1))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tradewire.toml");
    std::fs::write(&path, configuration(&titan.url, tenants, first)).unwrap();
    let config = Config::load(&path).unwrap();
    let schedules = tenants * EXPORTS;
    let of = format!("{tenants} tenants, {schedules} schedules");

    let start = Instant::now();
    let (server, ()) = Served::start(folder.path(), &[], |line| line.starts_with("serving ").then_some(()));
    line(&format!("{of}: from start to serving"), &format!("{:.2} s", start.elapsed().as_secs_f64()), None);
    // What the start leaves to do.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (before, watched) = (server.process().on_core(), Instant::now());
    tokio::time::sleep(IDLE).await;
    let idle = (server.process().on_core() - before).as_secs_f64() / watched.elapsed().as_secs_f64() * 100.0;
    assert!(Utc::now() < first, "it fell due while it was to be idle");
    line(&format!("{of}: resident when idle"), &format!("{:.0} MiB", server.process().resident() / MIB), None);
    line(&format!("{of}: a core when idle"), &format!("{idle:.2} %"), Some(("under 1 %", idle < 1.0)));

    let store = SqliteStore::open(&folder.path().join(".tradewire/tradewire.db")).unwrap();
    tokio::time::sleep((first - Utc::now()).to_std().unwrap_or_default()).await;
    let before = server.process().on_core();
    let at_once = ended(&store, "e0", tenants).await;
    lateness(&format!("{tenants} due in one second"), &config, &at_once);
    line(&format!("{tenants} due in one second: runs"), &format!("{:.0} a second", rate(&at_once)), None);
    let each = (server.process().on_core() - before).as_secs_f64() * 1000.0 / tenants as f64;
    line("  of which each run costs the server", &format!("{each:.1} ms on a core"), None);
    let spread = ended(&store, "e1", tenants).await;
    lateness(&format!("{tenants} spread over a minute"), &config, &spread);
    line(&format!("{of}: most that was resident"), &format!("{:.0} MiB", server.process().most_resident() / MIB), None);
}

#[tokio::main]
async fn main() {
    for tenants in [100, 1_000] {
        measure(tenants).await;
    }
}
