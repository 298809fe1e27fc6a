//! Everything hostile at once, and what the others notice of it.
//!
//! One `tradewire serve` has an honest tenant with a run every other second, and ServiceTitan's signed events. At the
//! same time there are all behaviours of the hostile guest, components that call every import with as much as they can,
//! one whose compilation does not end, packs that never come to an end, a vendor and a receiver of each hostile kind,
//! and callers of every sort.
//!
//! `TRADEWIRE_NEIGHBOURS_SECONDS=60 cargo test --release --workspace --test cli neighbours -- --nocapture` takes the exact
//! figures on a machine that does nothing else, and holds them against their bounds.
#![cfg(unix)]

mod callers;
mod world;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tradewire_store::Outcome;

use crate::bench::{Offline, until};
use crate::vendors::http::ask;
use crate::vendors::serving::{Serving, nowhere};

/// What the neighbours noticed.
#[derive(Debug)]
pub struct Noticed {
    /// How long `/health` took, sorted.
    pub health: Vec<Duration>,
    /// How long signed events took to be answered, sorted.
    pub events: Vec<Duration>,
    /// How long honest runs took before, sorted.
    pub quiet: Vec<Duration>,
    /// How long they took meanwhile, sorted.
    pub busy: Vec<Duration>,
    /// What failed that should not.
    pub failed: Vec<String>,
    /// The bytes in memory before and some time after.
    pub resident: (u64, u64),
    /// How many hostile runs ended meanwhile.
    pub hostile_runs: usize,
    /// How many requests hostile callers made.
    pub hostile_calls: usize,
    /// How long the process took to stop.
    pub stopped: Duration,
}

impl Noticed {
    fn print(&self) {
        let p =
            |of: &[Duration]| format!("p50 {:?}, p99 {:?}, {} times", quantile(of, 0.5), quantile(of, 0.99), of.len());
        println!("health: {}", p(&self.health));
        println!("signed events: {}", p(&self.events));
        println!("honest runs before: {}", p(&self.quiet));
        println!("honest runs meanwhile: {}", p(&self.busy));
        println!("resident before and after: {} MiB, {} MiB", self.resident.0 >> 20, self.resident.1 >> 20);
        println!("hostile runs {}, hostile calls {}", self.hostile_runs, self.hostile_calls);
        println!("stopped in {:?}", self.stopped);
    }
}

/// Watches the neighbours for that long, quiet and then among all that is hostile.
pub fn notice(quiet: Duration, busy: Duration) -> Noticed {
    let (offline, strangers) = (Offline::with_tenants(1), world::Strangers::start());
    let address = nowhere();
    let bench = world::bench(&offline, &strangers, address);
    let serving = Serving::for_scripts(&bench, address);
    // What compiles for the first time is not what is measured.
    until("the first honest runs have ended", || world::honest(&bench).len() >= 3);
    let mut failed = Vec::new();
    let begun = chrono::Utc::now();
    watch(address, quiet, &mut failed);
    let before = serving.resident();
    let calm = chrono::Utc::now();

    world::let_loose(&bench);
    let over = AtomicBool::new(false);
    let ((health, events), hostile_calls) = std::thread::scope(|scope| {
        let callers = callers::come(scope, address, &over);
        let seen = watch(address, busy, &mut failed);
        over.store(true, Ordering::Relaxed);
        (seen, callers.into_iter().map(|caller| caller.join().unwrap()).sum())
    });
    let end = chrono::Utc::now();
    world::cancel(&bench);
    let mut after = serving.resident();
    // What was taken is given back within a minute.
    for _ in 0..60 {
        after = after.min(serving.resident());
        if after <= before + before / 4 {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    let told = Instant::now();
    let said = serving.stop();
    let stopped = told.elapsed();

    let runs = world::honest(&bench);
    for run in &runs {
        let ending = run.ending.as_ref().unwrap();
        if !matches!(ending.outcome, Outcome::Succeeded | Outcome::Unchanged) && run.opening.started < end {
            failed.push(format!("an honest run: {}", ending.message));
        }
    }
    if said.err.contains("panicked at") {
        failed.push(format!("a panic: {}", said.err));
    }
    let took = |from, to| {
        let within = runs.iter().filter(|run| run.opening.started >= from && run.opening.started < to);
        let mut took: Vec<Duration> =
            within.map(|run| (run.ending.as_ref().unwrap().ended - run.opening.started).to_std().unwrap()).collect();
        took.sort();
        took
    };
    Noticed {
        health,
        events,
        quiet: took(begun, calm),
        busy: took(calm, end),
        failed,
        resident: (before, after),
        hostile_runs: world::hostile(&bench),
        hostile_calls,
        stopped,
    }
}

/// Asks for the health and sends events, one after the other, for that long.
fn watch(address: SocketAddr, how_long: Duration, failed: &mut Vec<String>) -> (Vec<Duration>, Vec<Duration>) {
    let (begun, mut health, mut events) = (Instant::now(), Vec::new(), Vec::new());
    while begun.elapsed() < how_long {
        let start = Instant::now();
        let answer = ask(address, "GET /health HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n\r\n");
        health.push(start.elapsed());
        if answer.status != 200 {
            failed.push(format!("health: {answer:?}"));
        }
        let event = callers::event();
        let start = Instant::now();
        let answer = ask(address, &event);
        events.push(start.elapsed());
        if answer.status != 200 {
            failed.push(format!("a signed event: {answer:?}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    health.sort();
    events.sort();
    (health, events)
}

/// How much of a sorted list is below this.
pub fn quantile(sorted: &[Duration], q: f64) -> Duration {
    sorted.get(((sorted.len().saturating_sub(1)) as f64 * q) as usize).copied().unwrap_or_default()
}

/// The bounds for a machine that does nothing else.
const MOST_WAIT: Duration = Duration::from_millis(20);

#[test]
fn whatever_goes_on_beside_them_nothing_of_the_neighbours_fails() {
    let long = std::env::var("TRADEWIRE_NEIGHBOURS_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    let busy = Duration::from_secs(long.unwrap_or(12));
    let noticed = notice(busy / 3, busy);
    if long.is_some() {
        noticed.print();
    }
    assert!(noticed.failed.is_empty(), "{noticed:#?}");
    assert!(!noticed.busy.is_empty() && noticed.events.len() > 20, "they go on meanwhile: {noticed:?}");
    assert!(noticed.hostile_runs > 10 && noticed.hostile_calls > 100, "the hostile are at it: {noticed:?}");
    let (before, after) = noticed.resident;
    assert!(after < before * 2, "memory is back: {before}, {after}");
    if long.is_some() {
        let (health, events) = (quantile(&noticed.health, 0.99), quantile(&noticed.events, 0.99));
        assert!(health <= MOST_WAIT && events <= MOST_WAIT, "{health:?}, {events:?}");
        assert!(quantile(&noticed.busy, 0.5) <= 2 * quantile(&noticed.quiet, 0.5), "honest runs take their time");
    }
}
