//! The crash test: runs that read and write over a faulty ServiceTitan, and a process that is killed at any instant. At
//! the end ServiceTitan's own records, the files and the run history agree.
//!
//! Short unless `TRADEWIRE_CRASH_KILLS` says how many kills there are to be; drawn from `TRADEWIRE_CRASH_SEED`. What is
//! drawn is the same each time; how it falls together with the machine's own pace is not.
#![cfg(unix)]

use std::collections::{BTreeMap, HashSet};
use std::process::Child;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tradewire_runs::journal::{Doubt, WriteRecord, WriteState};
use tradewire_runs::store::{Outcome, RunFilter, SlotFilter, Store};

use crate::bench::{Bench, Offline, signal, until};
use crate::journal::writes;

/// What each run does. One team is made twice, one by the raw door, and one is gone at the end.
const STEPS: &str = "create A@, read, create B@, raw C@, create A@, create D@, delete, read, create E@";
/// What each run leaves at ServiceTitan, in order.
const LEFT: [&str; 5] = ["A", "B", "C", "A", "E"];
/// Tenants besides the first.
const MORE_TENANTS: i64 = 3;
/// Kills for each window, more or less.
const KILLS_A_WINDOW: usize = 4;

#[test]
fn crash() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (seed, kills) = (number("TRADEWIRE_CRASH_SEED", 1), number("TRADEWIRE_CRASH_KILLS", 10));
    println!("TRADEWIRE_CRASH_SEED={seed} TRADEWIRE_CRASH_KILLS={kills}");
    let mut crash = Crash::new(Draw(seed), (kills as usize).div_ceil(KILLS_A_WINDOW));
    let mut killed = 0;
    while killed < kills {
        killed += u64::from(crash.kill_once());
    }
    let doubts = crash.finish();
    let runs = crash.agree();
    println!("{killed} kills, {runs} runs, {doubts} doubts");
}

struct Crash {
    draw: Draw,
    offline: Offline,
    bench: Bench,
    windows: Vec<(NaiveDate, NaiveDate)>,
}

impl Crash {
    fn new(draw: Draw, windows: usize) -> Crash {
        let offline = Offline::with_tenants(MORE_TENANTS);
        let names: String = (1..=MORE_TENANTS).map(|id| format!(", \"t{id}\"")).collect();
        let mut config = writes(&offline.url(), STEPS).replace("[\"acme\"]", &format!("[\"acme\"{names}]"));
        for id in 1..=MORE_TENANTS {
            config += &format!(
                "\n[tenant.t{id}]\nid = {id}\nclient_id = \"cid.{id}\"\nclient_secret = {{ env = \"CLIENT_SECRET\" }}\n\
                 timezone = \"UTC\"\n"
            );
        }
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let day = |n: usize| first + Days::new(n as u64);
        let windows = (0..windows).map(|n| (day(n), day(n + 1))).collect();
        Crash { draw, offline, bench: Bench::with(&config), windows }
    }

    /// Runs some window on a bad day and kills the process at some instant. False where it had ended before.
    fn kill_once(&mut self) -> bool {
        let bad_day = self.bad_day();
        self.offline.faults(&bad_day);
        self.offline.forget_calls();
        let window = self.windows[self.draw.below(self.windows.len())];
        let mut child = self.bench.start(&run(window));
        let after = Duration::from_micros(self.draw.below(400_000) as u64);
        until("it calls or ends", || self.offline.calls() > 0 || child.try_wait().unwrap().is_some());
        std::thread::sleep(after);
        let killed = child.try_wait().unwrap().is_none();
        end(&mut child);
        killed
    }

    /// Slow answers, so that there are instants to die at, and now and then something worse.
    fn bad_day(&mut self) -> String {
        const WORSE: [&str; 6] = [
            "\"drop-answer\"",
            "\"drop-request\"",
            "\"half-answer\"",
            "{\"status\": {\"code\": 500}}",
            "{\"too-many\": {\"retry-after\": \"0.05\"}}",
            "\"expired-token\"",
        ];
        let mut faults = vec![
            format!("{{\"do\": {{\"latency\": {{\"ms\": {}}}}}, \"on\": \"dispatch/\"}}", self.draw.below(30)),
            format!("{{\"do\": {{\"late-answer\": {{\"ms\": {}}}}}, \"on\": \"dispatch/\"}}", self.draw.below(30)),
        ];
        for _ in 0..self.draw.below(3) {
            let worse = WORSE[self.draw.below(WORSE.len())];
            let after = self.draw.below(20);
            faults.push(format!("{{\"do\": {worse}, \"on\": \"dispatch/team.\", \"after\": {after}, \"times\": 1}}"));
        }
        format!("[{}]", faults.join(","))
    }

    /// Runs every window to its end on a good day, settling doubts as an operator would who looks. How many there were.
    fn finish(&self) -> usize {
        const TRIES: usize = 20;
        self.offline.faults("[]");
        let mut settled = 0;
        for window in &self.windows {
            let ended = (0..TRIES).any(|_| {
                let told = self.bench.tradewire(&run(*window));
                settled += self.settle_all();
                told.code == Some(0)
            });
            assert!(ended, "{window:?}: {}", self.bench.tradewire(&run(*window)));
        }
        settled
    }

    fn settle_all(&self) -> usize {
        let doubts = self.bench.recorded(async |store| store.doubts().await.unwrap());
        for doubt in &doubts {
            let how = match self.unrecorded(doubt) {
                Some(answer) => {
                    self.bench.write("answer.json", answer.to_string());
                    "--happened --answer answer.json"
                }
                None => "--did-not-happen",
            };
            self.bench.tradewire(&format!("doubts settle {} {how}", doubt.write.id)).succeeded();
        }
        doubts.len()
    }

    /// The team that a write in doubt has made, if it has: one of its name whose id no journal knows.
    fn unrecorded(&self, doubt: &Doubt) -> Option<Value> {
        let asked: Value = serde_json::from_str(doubt.write.arguments.body.as_deref().unwrap()).unwrap();
        let writes = self.bench.recorded(async |store| store.writes(doubt.write.run).await.unwrap());
        let id = |write: &WriteRecord| serde_json::from_slice::<Value>(write.answer.as_deref()?).ok()?["id"].as_i64();
        let known: HashSet<i64> = writes.iter().filter_map(id).collect();
        let made = self.offline.teams_of(doubt.tenant_id);
        let (id, name) = made.into_iter().find(|(id, name)| asked["name"] == **name && !known.contains(id))?;
        Some(serde_json::json!({ "id": id, "name": name }))
    }

    /// Every write is made once, every file is whole and says the same, and so does the history. How many runs it has.
    fn agree(&self) -> usize {
        let files = self.files();
        let mut tenants: Vec<(String, i64)> = (1..=MORE_TENANTS).map(|id| (format!("t{id}"), id)).collect();
        tenants.push(("acme".to_owned(), tradewire_sandbox::DEMO_TENANT));
        for (tenant, id) in &tenants {
            let made = self.offline.teams_of(*id);
            assert_eq!(made.len(), LEFT.len() * self.windows.len(), "{tenant}: none is lost, none made twice");
            for (start, _) in &self.windows {
                let mine: Vec<_> = made.iter().filter(|(_, name)| name.ends_with(&start.to_string())).collect();
                let names: Vec<&str> = mine.iter().map(|(_, name)| &name[..1]).collect();
                assert_eq!(names, LEFT, "{tenant} {start}");
                let rows: String = mine.iter().map(|(id, name)| format!("{id},{name}\r\n")).collect();
                assert_eq!(files[&(tenant.clone(), start.to_string())], rows, "{tenant} {start}");
            }
        }
        assert_eq!(files.len(), tenants.len() * self.windows.len(), "one file a run");
        assert!(self.bench.unfinished().is_empty(), "{:?}", self.bench.unfinished());
        self.history(tenants.len() * self.windows.len())
    }

    /// The files by tenant and first day; each is whole, by its control total, and nothing else is there.
    fn files(&self) -> BTreeMap<(String, String), String> {
        let delivered = self.bench.delivered();
        assert!(delivered.iter().all(|name| !name.starts_with('.')), "{delivered:?}");
        let totals: Vec<&String> = delivered.iter().filter(|name| name.ends_with(".total.json")).collect();
        assert_eq!(totals.len() * 2, delivered.len(), "{delivered:?}");
        let mut files = BTreeMap::new();
        for name in totals {
            let total: Value = serde_json::from_str(&self.bench.read(&format!("outbox/{name}"))).unwrap();
            let text = self.bench.read(&format!("outbox/{}", total["file"].as_str().unwrap()));
            let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(total["sha256"], hash.as_str(), "{name}");
            let day = total["window"]["start"].as_str().unwrap()[..10].to_owned();
            let twice = files.insert((total["tenant"].as_str().unwrap().to_owned(), day), text);
            assert!(twice.is_none(), "{name} was delivered before");
        }
        files
    }

    /// Each window's last run has succeeded, every run has an end, and no write is left open.
    fn history(&self, windows: usize) -> usize {
        let (runs, slots) = self.bench.recorded(async |store| {
            let filter = RunFilter { limit: Some(u32::MAX), ..RunFilter::default() };
            (store.runs(&filter).await.unwrap(), store.slots(&SlotFilter::default()).await.unwrap())
        });
        assert!(slots.is_empty());
        let mut last = BTreeMap::new();
        for run in &runs {
            let opening = &run.opening;
            let ending = run.ending.as_ref().unwrap_or_else(|| panic!("{} has no end", opening.id));
            let of = (opening.tenant.clone(), opening.window.to_string());
            let seen = last.entry(of).or_insert((opening.attempt, opening.id, ending.outcome));
            if opening.attempt > seen.0 {
                *seen = (opening.attempt, opening.id, ending.outcome);
            }
        }
        assert_eq!(last.len(), windows);
        for (of, (attempt, run, outcome)) in last {
            assert!(matches!(outcome, Outcome::Succeeded | Outcome::Unchanged), "{of:?} {outcome}");
            let writes = self.bench.recorded(async |store| store.writes(run).await.unwrap());
            let made = |write: &&WriteRecord| matches!(write.state, WriteState::Answered | WriteState::Happened);
            // The team that is gone, and its going.
            assert_eq!(writes.iter().filter(made).count(), LEFT.len() + 2, "{of:?} attempt {attempt}: {writes:#?}");
            assert_eq!(writes.len(), LEFT.len() + 2, "{of:?}");
        }
        runs.len()
    }
}

fn run((from, to): (NaiveDate, NaiveDate)) -> String {
    format!("run teams --from {from} --to {to}")
}

fn end(child: &mut Child) {
    if child.try_wait().unwrap().is_none() {
        signal(child, "KILL");
    }
    child.wait().unwrap();
}

/// Numbers that a seed decides (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }
}
