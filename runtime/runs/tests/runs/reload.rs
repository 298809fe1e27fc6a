//! A scheduler that goes on by another configuration: what begins, what ends, what stays.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use SlotState::{Paused, Queued, Taken};
use tokio::sync::{Semaphore, watch};
use tradewire_config::Config;
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Runner, Summary};
use tradewire_runs::scheduler::Scheduler;
use tradewire_store::{Pause, RunFilter, SlotFilter, SlotRecord, SlotState, Store};

use crate::support::scheduling::{Going, a_while, until};
use crate::support::{Bench, CONFIG, Closure, at};

/// Exports of these names and schedules, and so many permits.
fn config(at_once: usize, exports: &[(&str, &str)]) -> String {
    let mut config = CONFIG[..CONFIG.find("[export.weekly]").unwrap()].to_owned();
    for (name, cron) in exports {
        config += &format!(
            "[export.{name}]\nrun = \"payroll\"\ntenants = [\"acme\"]\ncron = \"{cron}\"\ntimezone = \"UTC\"\noverlap = \
             \"queue\"\n"
        );
    }
    config + &format!("[runs]\nat_once = {at_once}\n")
}

/// A bench whose scheduler follows, and whose runs are let go one by one.
struct Follows {
    bench: Bench,
    plugin: Closure,
    gate: Arc<Semaphore>,
    begun: Arc<Mutex<Vec<String>>>,
    runner: watch::Sender<Arc<Runner>>,
    going: Going,
}

impl Follows {
    async fn new(config: &str) -> Follows {
        let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (held, seen) = (gate.clone(), begun.clone());
        let plugin = Closure::new(move |attempt| {
            let (held, seen) = (held.clone(), seen.clone());
            async move {
                let code = attempt.job.settings.get("code").cloned().unwrap_or_default();
                seen.lock().unwrap().push(format!("{}{code}", attempt.job.export));
                held.acquire().await.unwrap().forget();
                Ok(Summary { message: code })
            }
        });
        let bench = Bench::with(plugin.clone(), config, |store| store);
        let runner = watch::Sender::new(bench.runner.clone());
        let scheduler = Scheduler::new(bench.runner.clone()).follow(runner.subscribe());
        let scheduler = scheduler.wait_at_shutdown(Duration::from_millis(100));
        let stop = CancellationToken::new();
        let going = Going::of(stop.clone(), tokio::spawn(async move { scheduler.run(stop).await }));
        a_while().await;
        Follows { bench, plugin, gate, begun, runner, going }
    }

    async fn becomes(&self, config: &str) {
        let config = Config::parse(self.bench.folder.path().join("tradewire.toml"), config).unwrap();
        let runner = self.bench.runner.reconfigured(Arc::new(config), Arc::new(self.plugin.clone()));
        self.runner.send_replace(Arc::new(runner));
        a_while().await;
    }

    fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    async fn slots(&self, export: &str) -> Vec<(String, SlotState)> {
        let filter = SlotFilter { export: Some(export.to_owned()), ..SlotFilter::default() };
        let slots: Vec<SlotRecord> = self.bench.store.slots(&filter).await.unwrap();
        slots.into_iter().rev().map(|slot| (slot.due.format("%H:%M").to_string(), slot.state)).collect()
    }
}

fn slot(time: &str, state: SlotState) -> (String, SlotState) {
    (time.to_owned(), state)
}

#[tokio::test]
async fn what_waits_of_an_export_that_is_gone_stays_and_runs_when_it_is_back() {
    let both = config(1, &[("a", "0 * * * *"), ("b", "0 * * * *")]);
    let follows = Follows::new(&both).await;
    follows.bench.clock.set("2026-03-11T13:00:00Z");
    until("b waits", async || follows.slots("b").await == [slot("13:00", Queued)]).await;
    follows.becomes(&config(1, &[("a", "0 * * * *")])).await;
    follows.gate.add_permits(1);
    follows.bench.clock.set("2026-03-11T14:00:00Z");
    until("a runs again", async || follows.begun() == ["a", "a"]).await;
    assert_eq!(follows.slots("b").await, [slot("13:00", Queued)], "nothing falls due, and what waits stays");
    follows.gate.add_permits(1);
    a_while().await;
    assert_eq!(follows.begun(), ["a", "a"]);
    follows.becomes(&both).await;
    until("it is resumed", async || follows.begun() == ["a", "a", "b"]).await;
    assert_eq!(follows.slots("b").await, [slot("13:00", Taken)], "the slot of two o'clock was when it was gone");
    follows.going.stop().await;
}

#[tokio::test]
async fn a_schedule_that_changes_has_no_slots_of_before_and_one_that_does_not_loses_none() {
    let follows = Follows::new(&config(9, &[("a", "0 0 * * *"), ("same", "0 * * * *")])).await;
    follows.gate.add_permits(99);
    follows.bench.clock.set("2026-03-11T13:25:00Z");
    until("the hour has run", async || follows.begun() == ["same"]).await;
    follows.becomes(&config(9, &[("a", "*/10 * * * *"), ("same", "0 * * * *"), ("new", "*/10 * * * *")])).await;
    follows.bench.clock.set("2026-03-11T13:30:00Z");
    until("both run", async || follows.begun().len() == 3).await;
    follows.bench.clock.set("2026-03-11T14:00:00Z");
    until("the hour has run again", async || follows.slots("same").await.len() == 2).await;
    assert_eq!(follows.slots("a").await[0].0, "13:30");
    assert_eq!(follows.slots("new").await[0].0, "13:30");
    assert_eq!(follows.slots("same").await, [slot("13:00", Taken), slot("14:00", Taken)]);
    follows.going.stop().await;
}

#[tokio::test]
async fn a_slot_that_waits_accounts_for_what_it_did_when_it_fell_due() {
    let follows = Follows::new(&config(1, &[("a", "0 * * * *"), ("b", "0 * * * *")])).await;
    follows.bench.clock.set("2026-03-11T13:00:00Z");
    until("b waits", async || follows.slots("b").await == [slot("13:00", Queued)]).await;
    follows.becomes(&config(1, &[("a", "0 * * * *"), ("b", "*/10 * * * *")])).await;
    follows.gate.add_permits(2);
    until("b runs", async || follows.begun() == ["a", "b"]).await;
    let runs = follows.bench.store.runs(&RunFilter { export: Some("b".into()), ..RunFilter::default() }).await.unwrap();
    assert_eq!(runs[0].opening.window.to_string(), "2026-03-11T12:00:00+00:00/2026-03-11T13:00:00+00:00");
    follows.going.stop().await;
}

#[tokio::test]
async fn a_new_schedule_that_is_paused_does_not_run() {
    let follows = Follows::new(&config(9, &[("a", "0 * * * *")])).await;
    let pause = Pause { export: "new".to_owned(), tenant: None, since: at("2026-03-11T12:00:00Z") };
    follows.bench.store.pause(&pause).await.unwrap();
    follows.becomes(&config(9, &[("new", "0 * * * *")])).await;
    follows.bench.clock.set("2026-03-11T13:00:00Z");
    until("it has its row", async || follows.slots("new").await == [slot("13:00", Paused)]).await;
    assert!(follows.begun().is_empty());
    follows.going.stop().await;
}

#[tokio::test]
async fn a_run_that_goes_on_keeps_its_settings_and_more_permits_let_others_in_at_once() {
    let exports: &[_] = &[("a", "0 * * * *"), ("b", "0 * * * *"), ("c", "0 * * * *")];
    let follows = Follows::new(&config(1, exports)).await;
    follows.bench.clock.set("2026-03-11T13:00:00Z");
    until("two wait", async || follows.slots("c").await == [slot("13:00", Queued)]).await;
    until("one has begun", async || follows.begun() == ["a"]).await;
    let changed = config(3, exports).replace("overlap = \"queue\"", "overlap = \"queue\"\nsettings = { code = 2 }");
    follows.becomes(&changed).await;
    until("all run", async || follows.begun().len() == 3).await;
    let mut begun = follows.begun();
    begun.sort();
    assert_eq!(begun, ["a", "b2", "c2"]);
    follows.gate.add_permits(3);
    let runs = async || follows.bench.store.runs(&Default::default()).await.unwrap();
    until("all have ended", async || runs().await.iter().all(|run| run.ending.is_some())).await;
    let mut said: Vec<_> = runs().await.into_iter().map(|run| run.ending.unwrap().message).collect();
    said.sort();
    assert_eq!(said, ["", "2", "2"]);
    follows.going.stop().await;
}
