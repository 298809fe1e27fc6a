//! Runs that wait for a permit: whose turn it is, what their slots say, and that none is lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use SlotState::{Queued, Taken};
use chrono::TimeDelta;
use tokio::sync::Semaphore;
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Failure, Summary};
use tradewire_runs::scheduler::Scheduler;
use tradewire_store::{RunFilter, SlotFilter, SlotRecord, SlotState, Store};

use crate::support::scheduling::{Going, a_while, until};
use crate::support::{Bench, CONFIG, Closure};

/// Two tenants, of which `acme` has so many exports and `zenith` one; all are due at the same time, each hour.
fn config(exports: usize, rest: &str) -> String {
    let mut config = CONFIG[..CONFIG.find("[export.weekly]").unwrap()].to_owned();
    for n in 0..exports {
        config += &export(&format!("many{n:02}"), "payroll", "acme");
    }
    config + &export("single", "payroll", "zenith") + rest
}

fn export(name: &str, plugin: &str, tenant: &str) -> String {
    format!(
        "[export.{name}]\nrun = \"{plugin}\"\ntenants = [\"{tenant}\"]\ncron = \"0 * * * *\"\ntimezone = \"UTC\"\n\n"
    )
}

/// A plugin whose runs go on until they are let go one by one, and the exports whose runs have begun, in order.
#[derive(Clone)]
struct Held {
    gate: Arc<Semaphore>,
    begun: Arc<Mutex<Vec<String>>>,
}

impl Held {
    fn new() -> Held {
        Held { gate: Arc::new(Semaphore::new(0)), begun: Arc::default() }
    }

    /// `fails` says which attempts do, by export and number.
    fn plugin(&self, fails: fn(&str, u32) -> bool) -> Closure {
        let held = self.clone();
        Closure::new(move |attempt| {
            let held = held.clone();
            async move {
                let (export, number) = (attempt.job.export.clone(), attempt.job.attempt);
                held.begun.lock().unwrap().push(export.clone());
                held.gate.acquire().await.unwrap().forget();
                if fails(&export, number) { Err(Failure::transient("not yet")) } else { Ok(Summary::default()) }
            }
        })
    }

    fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    async fn lets_go(&self, runs: usize, begun: usize) {
        self.gate.add_permits(runs);
        until(&format!("{begun} have begun"), async || self.begun().len() >= begun).await;
        a_while().await;
        assert_eq!(self.begun().len(), begun, "{:?}", self.begun());
    }
}

fn start(bench: &Bench) -> Going {
    start_runner(bench.runner.clone())
}

fn start_runner(runner: Arc<tradewire_runs::run::Runner>) -> Going {
    let stop = CancellationToken::new();
    let scheduler = Scheduler::new(runner).wait_at_shutdown(Duration::from_millis(100));
    Going::of(stop.clone(), tokio::spawn(async move { scheduler.run(stop).await }))
}

async fn slots(bench: &Bench, state: SlotState) -> Vec<SlotRecord> {
    bench.store.slots(&SlotFilter { state: Some(state), ..SlotFilter::default() }).await.unwrap()
}

async fn ended(bench: &Bench) -> usize {
    let runs = bench.store.runs(&RunFilter::default()).await.unwrap();
    runs.iter().filter(|run| run.ending.is_some()).count()
}

#[tokio::test]
async fn a_tenant_with_many_slots_does_not_keep_the_one_with_a_single_slot_waiting() {
    let held = Held::new();
    let bench = Bench::with(held.plugin(|_, _| false), &config(30, "[runs]\nat_once = 1"), |store| store);
    let going = start(&bench);
    a_while().await;
    bench.clock.set("2026-03-11T13:00:00Z");
    until("all but one wait", async || slots(&bench, Queued).await.len() == 30).await;
    let reason = slots(&bench, Queued).await.remove(0).reason.unwrap();
    assert_eq!(reason, "it waits for a permit: 1 run goes on, the most that `at_once` of `[runs]` allows");
    for begun in 2..=4 {
        held.lets_go(1, begun).await;
    }
    assert_eq!(held.begun()[..3], ["many00", "single", "many01"]);
    held.gate.add_permits(100);
    until("all have run", async || ended(&bench).await == 31).await;
    assert_eq!(slots(&bench, Taken).await.len(), 31);
    going.stop().await;
}

#[tokio::test]
async fn what_waits_for_a_tenants_permit_or_a_plugins_holds_nobody_else_up() {
    let held = Held::new();
    let rest = "[runs]\nper_tenant = 3\n[plugin.rare]\nsource = \"rare.wasm\"\nat_once = 1\n";
    let rest = [rest, &export("rare0", "rare", "zenith"), &export("rare1", "rare", "zenith")].concat();
    let bench = Bench::with(held.plugin(|_, _| false), &config(5, &rest), |store| store);
    let going = start(&bench);
    a_while().await;
    bench.clock.set("2026-03-11T13:00:00Z");
    until("three of eight wait", async || slots(&bench, Queued).await.len() == 3).await;
    until("five have begun", async || held.begun().len() == 5).await;
    let mut begun = held.begun();
    begun.sort();
    assert_eq!(begun, ["many00", "many01", "many02", "rare0", "single"]);
    let mut waiting: Vec<_> = slots(&bench, Queued).await.into_iter().map(|slot| (slot.export, slot.reason)).collect();
    waiting.sort();
    let (export, reason) = waiting.pop().unwrap();
    assert_eq!(export, "rare1");
    let waits = "it waits for a permit: 1 run of rare goes on, the most that `at_once` of `[plugin.rare]` allows";
    assert_eq!(reason.as_deref(), Some(waits));
    let waits = "it waits for a permit: 3 runs for acme go on, the most that `per_tenant` of `[runs]` allows";
    assert!(waiting.iter().all(|(_, reason)| reason.as_deref() == Some(waits)), "{waiting:?}");
    going.stop().await;
}

#[tokio::test]
async fn what_waits_for_a_permit_is_still_there_after_the_process_has_died_or_stopped() {
    let held = Held::new();
    let bench = Bench::with(held.plugin(|_, _| false), &config(4, "[runs]\nat_once = 2"), |store| store);
    let going = start(&bench);
    a_while().await;
    bench.clock.set("2026-03-11T13:00:00Z");
    until("three wait", async || slots(&bench, Queued).await.len() == 3).await;
    until("two have begun", async || held.begun().len() == 2).await;
    going.kill();
    let going = start_runner(Arc::new(bench.another()));
    until("two of them have begun", async || slots(&bench, Queued).await.len() == 1).await;
    going.stop().await;
    assert_eq!(slots(&bench, Queued).await.len(), 1, "a shutdown leaves it too");
    held.gate.add_permits(100);
    let going = start_runner(Arc::new(bench.another()));
    until("none is left", async || slots(&bench, Taken).await.len() == 5).await;
    going.stop().await;
}

#[tokio::test]
async fn a_further_attempt_waits_for_a_permit_like_any_other_run() {
    let held = Held::new();
    let config = config(2, "[runs]\nat_once = 1")
        .replace("[export.single]", "[export.single]\nretries = { times = 1, backoff = \"10 s\" }");
    let bench = Bench::with(held.plugin(|export, attempt| export == "single" && attempt == 1), &config, |store| store);
    let going = start(&bench);
    a_while().await;
    bench.clock.set("2026-03-11T13:00:00Z");
    until("two wait", async || slots(&bench, Queued).await.len() == 2).await;
    held.lets_go(2, 3).await;
    assert_eq!(held.begun(), ["many00", "single", "many01"], "tenants take turns, and the second attempt is not due");
    bench.clock.advance(TimeDelta::seconds(40));
    a_while().await;
    assert_eq!(held.begun().len(), 3, "it is due, and waits");
    held.lets_go(1, 4).await;
    assert_eq!(held.begun()[3], "single");
    held.gate.add_permits(100);
    until("all have run", async || ended(&bench).await == 4).await;
    going.stop().await;
}
