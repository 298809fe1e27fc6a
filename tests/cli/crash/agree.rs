//! What the store says is left to do, and whether in the end all agree: the sandbox's ledger of writes, its records, the
//! files, what plugins keep, and the history.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tradewire_sandbox::Entry;
use tradewire_store::{
    RunFilter, RunRecord, SlotFilter, SlotState, Store, TriggerKind, UnresolvedWrite, WriteRecord, WriteState,
};

use super::Crash;
use super::world::{CHANGES, MAKES, Makes, ORDERS, PERIOD, tenants};

const CREATE: &str = "dispatch/team.create";
const DELETE: &str = "dispatch/team.delete";
const ORDER: &str = "_vendor/orders.create";

/// Whose: export, tenant and the start of the window, as plugins and templates are told it.
type Of = (String, String, String);

impl Crash {
    /// Resolves the unresolved writes that there are.
    pub fn resolve_all(&mut self) {
        let unresolved = self.bench.recorded(async |store| store.unresolved_writes().await.unwrap());
        for unresolved_write in &unresolved {
            let answer = match &unresolved_write.write.arguments.vendor {
                Some(_) => self.ordered(unresolved_write),
                None => self.made(unresolved_write),
            };
            let how = match answer {
                Some(answer) => {
                    self.bench.write("answer.json", answer.to_string());
                    "--applied --answer answer.json"
                }
                None => "--not-applied",
            };
            self.bench.tradewire(&format!("writes resolve {} {how}", unresolved_write.write.id)).succeeded();
        }
        self.resolved += unresolved.len();
    }

    /// The team that an unresolved write has made, if it has: one of its name whose id no journal knows.
    fn made(&self, unresolved_write: &UnresolvedWrite) -> Option<Value> {
        let asked: Value = serde_json::from_str(unresolved_write.write.arguments.body.as_deref().unwrap()).unwrap();
        let writes = self.bench.recorded(async |store| store.writes(unresolved_write.write.run).await.unwrap());
        let id = |write: &WriteRecord| serde_json::from_slice::<Value>(write.answer.as_deref()?).ok()?["id"].as_i64();
        let known: HashSet<i64> = writes.iter().filter_map(id).collect();
        let made = self.offline.teams_of(unresolved_write.tenant_id);
        let (id, name) = made.into_iter().find(|(id, name)| asked["name"] == **name && !known.contains(id))?;
        Some(json!({ "id": id, "name": name }))
    }

    /// What the vendor has made of an unresolved order, if it has taken it.
    fn ordered(&self, unresolved_write: &UnresolvedWrite) -> Option<Value> {
        let asked: Value = serde_json::from_str(unresolved_write.write.arguments.body.as_deref().unwrap()).unwrap();
        let number = asked["purchaseOrder"]["number"].as_str().unwrap();
        let taken = self.done(ORDER).iter().any(|write| order_number(write) == number);
        taken.then(|| json!({ "success": true, "message": "found" }))
    }

    fn done(&self, operation: &str) -> Vec<Entry> {
        let mut writes = self.offline.sandbox().writes();
        writes.retain(|write| write.operation.as_deref() == Some(operation));
        writes
    }

    /// Whether a service has nothing to do until something falls due.
    pub fn is_idle(&self) -> bool {
        self.bench.recorded(async |store| {
            store.open_runs().await.unwrap().is_empty()
                && store.queued_slots().await.unwrap().is_empty()
                && store.retries().await.unwrap().is_empty()
                && store.deliveries().await.unwrap().is_empty()
                // What someone ran is theirs to run again.
                && store.settled_runs().await.unwrap().iter().all(|run| run.opening.trigger == TriggerKind::Manual)
                && store.unresolved_writes().await.unwrap().is_empty()
        })
    }

    fn runs(&self) -> Vec<RunRecord> {
        let filter = RunFilter { limit: Some(u32::MAX), ..RunFilter::default() };
        self.bench.recorded(async |store| store.runs(&filter).await.unwrap())
    }

    /// The last run of each window.
    fn last_runs(&self) -> BTreeMap<Of, RunRecord> {
        let mut last: BTreeMap<Of, RunRecord> = BTreeMap::new();
        for run in self.runs() {
            match last.get(&of(&run)) {
                Some(seen) if seen.opening.attempt > run.opening.attempt => {}
                _ => drop(last.insert(of(&run), run)),
            }
        }
        last
    }

    /// The words that run the windows again that have not succeeded.
    pub fn unfinished(&self) -> Vec<String> {
        let last = self.last_runs();
        let left = last.values().filter(|run| !run.succeeded());
        let words = left.map(|run| {
            let opening = &run.opening;
            let (from, to) = (opening.window.start.to_rfc3339(), opening.window.end.to_rfc3339());
            format!("run {} --tenant {} --from {from} --to {to}", opening.export, opening.tenant)
        });
        words.collect()
    }

    /// Every write is made once, every file is whole and says the same, and so does the history. How many runs it has.
    pub fn agree(&self) -> usize {
        assert!(self.bench.unfinished().is_empty(), "{:?}", self.bench.unfinished());
        let runs = self.runs();
        for run in &runs {
            assert!(run.ending.is_some(), "{} has no end", run.opening.id);
        }
        let last = self.last_runs();
        for (of, run) in &last {
            assert!(run.succeeded(), "{of:?}: {run:?}");
        }
        self.slots_agree(&last);
        self.state_agrees(&runs);
        let mut files = self.files();
        let created: Vec<(String, String)> =
            self.done(CREATE).iter().map(|write| (write.path.clone(), said(write, "name"))).collect();
        let records: BTreeMap<i64, BTreeMap<i64, String>> =
            tenants().iter().map(|(_, id)| (*id, self.offline.teams_of(*id).into_iter().collect())).collect();
        let (mut made, mut deleted) = (0, 0);
        for makes in &MAKES {
            for (of, run) in last.iter().filter(|(of, _)| of.0 == makes.export) {
                let tenant = run.opening.tenant_id;
                // The ledger: each write of the window, in whatever order writes were resolved.
                let to = format!("/dispatch/v2/tenant/{tenant}/teams");
                let mine = created.iter().filter(|(path, _)| *path == to);
                let mut names: Vec<&str> = mine.filter_map(|(_, name)| name.strip_suffix(&of.2)).collect();
                names.retain(|name| makes.made.contains(name));
                names.sort_unstable();
                let mut wanted = makes.made.to_vec();
                wanted.sort_unstable();
                assert_eq!(names, wanted, "{of:?}: none is lost, none made twice");
                made += names.len();
                deleted += makes.made.len() - makes.left.len();
                self.journal_agrees(of, run, 2 * makes.made.len() - makes.left.len());
                // The records, by the file.
                let file = files.remove(of).unwrap_or_else(|| panic!("{of:?} has no file"));
                let rows: Vec<(&str, &str)> = file.lines().map(|row| row.split_once(',').unwrap()).collect();
                let told: Vec<&str> = rows.iter().filter_map(|(_, name)| name.strip_suffix(&of.2)).collect();
                assert_eq!(told, makes.left, "{of:?}");
                for (id, name) in rows {
                    let record = records[&tenant].get(&id.parse().unwrap());
                    assert_eq!(record.map(String::as_str), Some(name), "{of:?}");
                }
            }
        }
        assert_eq!((created.len(), self.done(DELETE).len()), (made, deleted), "and nothing else was written");
        self.orders_agree(&last, &mut files);
        self.changes_agree(&records, &mut files);
        assert!(files.is_empty(), "these are nobody's: {:?}", files.keys());
        runs.len()
    }

    /// Each window of `orders` has one order, and the order that its file tells of.
    fn orders_agree(&self, last: &BTreeMap<Of, RunRecord>, files: &mut BTreeMap<Of, String>) {
        let taken = self.done(ORDER);
        let mut numbers: Vec<String> = taken.iter().map(order_number).collect();
        numbers.sort();
        let mut wanted = Vec::new();
        for (of, run) in last.iter().filter(|(of, _)| of.0 == ORDERS) {
            wanted.push(format!("{} {}", of.1, of.2));
            self.journal_agrees(of, run, 1);
            let answer: Value = serde_json::from_str(&files.remove(of).unwrap()).unwrap();
            let found = answer["message"] == "found";
            assert!(found || answer["orderReferenceNumber"].as_str().unwrap().starts_with("SO-"), "{of:?}: {answer}");
        }
        wanted.sort();
        assert_eq!(numbers, wanted, "each order is placed once");
    }

    /// The watermark is exact: each team came to one run that succeeded, and to one only.
    fn changes_agree(&self, records: &BTreeMap<i64, BTreeMap<i64, String>>, files: &mut BTreeMap<Of, String>) {
        for (tenant, number) in tenants() {
            let mut rows: Vec<String> = Vec::new();
            files.retain(|of, text| {
                let mine = of.0 == CHANGES && of.1 == tenant;
                rows.extend(text.lines().filter(|_| mine).map(str::to_owned));
                !mine
            });
            let counted = self.bench.tradewire(&format!("state get {CHANGES} {tenant} rows")).succeeded();
            assert_eq!(counted.out.trim(), rows.len().to_string(), "{tenant}");
            let once: HashSet<&String> = rows.iter().collect();
            assert_eq!(once.len(), rows.len(), "{tenant}: none comes twice: {rows:#?}");
            let came: HashSet<i64> = rows.iter().map(|row| row.split_once(',').unwrap().0.parse().unwrap()).collect();
            let lost: Vec<_> = records[&number].iter().filter(|(id, _)| !came.contains(id)).collect();
            assert!(lost.is_empty(), "{tenant}: these never came: {lost:?}");
        }
    }

    /// Every write of a run that has succeeded is settled, and there are as many as it makes.
    fn journal_agrees(&self, of: &Of, run: &RunRecord, wanted: usize) {
        let writes = self.bench.recorded(async |store| store.writes(run.opening.id).await.unwrap());
        let made = |write: &&WriteRecord| matches!(write.state, WriteState::Answered | WriteState::Applied);
        assert_eq!((writes.iter().filter(made).count(), writes.len()), (wanted, wanted), "{of:?}: {writes:#?}");
    }

    /// The runs that succeeded have counted themselves, and no other has.
    fn state_agrees(&self, runs: &[RunRecord]) {
        for (tenant, _) in tenants() {
            for Makes { export, .. } in &MAKES {
                let mine = |run: &&RunRecord| run.opening.export == *export && run.opening.tenant == tenant;
                let wanted = runs.iter().filter(mine).filter(|run| run.succeeded()).count();
                if wanted > 0 {
                    let counted = self.bench.tradewire(&format!("state get {export} {tenant} runs")).succeeded();
                    assert_eq!(counted.out.trim(), wanted.to_string(), "{export} for {tenant}");
                }
            }
        }
    }

    /// No slot of a schedule is left out, each has run, and what succeeded is followed once.
    fn slots_agree(&self, last: &BTreeMap<Of, RunRecord>) {
        let filter = SlotFilter { limit: Some(u32::MAX), ..SlotFilter::default() };
        let slots = self.bench.recorded(async |store| store.slots(&filter).await.unwrap());
        // What a feed is asked for depends on what the others have made by then.
        let all = slots.iter().filter(|slot| slot.export != CHANGES);
        assert!(all.clone().all(|slot| slot.state == SlotState::Taken), "{:#?}", all.collect::<Vec<_>>());
        for (tenant, _) in tenants() {
            for export in ["ticks", ORDERS] {
                let mine = slots.iter().filter(|slot| slot.export == export && slot.tenant == tenant);
                let mut due: Vec<i64> = mine.map(|slot| slot.due.timestamp()).collect();
                due.sort_unstable();
                let whole = due.first().zip(due.last()).map(|(first, last)| (last - first) / PERIOD + 1);
                assert_eq!(due.len() as i64, whole.unwrap_or(0), "{export} for {tenant}: {due:?}");
                let ran = last.keys().filter(|of| of.0 == export && of.1 == tenant).count();
                assert_eq!(ran, due.len(), "{export} for {tenant}: a window a slot");
            }
            let windows = |export: &str| -> Vec<&String> {
                last.keys().filter(|of| of.0 == export && of.1 == tenant).map(|of| &of.2).collect()
            };
            assert_eq!(windows("ticks"), windows("follows"), "{tenant}");
        }
    }

    /// What was delivered, by whose it is; each file is whole, by its control total, and nothing else is there.
    fn files(&self) -> BTreeMap<Of, String> {
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
            let said = |value: &Value| value.as_str().unwrap().to_owned();
            let of = (said(&total["export"]), said(&total["tenant"]), said(&total["window"]["start"]));
            assert!(files.insert(of, text).is_none(), "{name} was delivered before");
        }
        files
    }
}

fn of(run: &RunRecord) -> Of {
    let opening = &run.opening;
    (opening.export.clone(), opening.tenant.clone(), opening.window.start.to_rfc3339())
}

fn order_number(write: &Entry) -> String {
    said(write, "po_number")
}

fn said(write: &Entry, name: &str) -> String {
    let body: Value = serde_json::from_str(&write.body).unwrap();
    body[name].as_str().unwrap().to_owned()
}
