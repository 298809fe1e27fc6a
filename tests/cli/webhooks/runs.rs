//! Events that begin runs: the plugin reads them, ServiceTitan and the files have each once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tradewire_store::Store;

use super::{KEY, OTHER_KEY, event, listed, signed, status};
use crate::bench::{Bench, Offline, config, guest, until};
use crate::vendors::http::ask;
use crate::vendors::serving::{Serving, nowhere};

/// An export that runs on two types of events, with these settings, and where its events come in.
fn bench(offline: &Offline, settings: &str) -> (Bench, SocketAddr) {
    let address = nowhere();
    let sections = r#"
[plugin.events]
source = "SOURCE"
grant = ["dispatch/team.create"]

[export.jobs]
run = "events"
tenants = ["acme"]
on = ["tn.jpm.job-completed", "tn.jpm.job-updated"]
retries = { times = 20, backoff = "1 s", longest = "1 s" }
settings = { SETTINGS }
deliver = "outbox"

[webhook.jobs]
tenants = ["acme"]
secret = { file = "webhook.key" }

[serve]
listen = "ADDRESS"
"#;
    let source = guest("events.wasm").display().to_string();
    let sections = sections.replace("SOURCE", &source).replace("SETTINGS", settings);
    let bench = Bench::with(&config(&offline.url(), &sections.replace("ADDRESS", &address.to_string())));
    bench.write("webhook.key", KEY);
    (bench, address)
}

fn send(address: SocketAddr, event: &Value) -> Value {
    let answer = ask(address, signed(KEY, "jobs", &event.to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Whether every event that began something has this state.
fn all_are(bench: &Bench, state: &str) -> bool {
    let events = listed(bench);
    let mut dispatches = events.iter().flat_map(|event| event["dispatches"].as_array().unwrap()).peekable();
    dispatches.peek().is_some() && dispatches.all(|dispatch| dispatch["state"] == state)
}

/// The lines of all files that were delivered, by their events.
fn lines(bench: &Bench) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in bench.delivered().iter().filter(|name| name.ends_with(".csv")) {
        for line in bench.read(&format!("outbox/{name}")).lines() {
            let occurrence = line.split('|').next().unwrap_or_default();
            lines.entry(occurrence.to_owned()).or_default().push(line.to_owned());
        }
    }
    lines
}

#[test]
fn events_begin_a_run_whose_plugin_has_them_as_their_types() {
    let offline = Offline::with("[]");
    let (bench, address) = bench(&offline, "teams = true");
    let serving = Serving::for_scripts(&bench, address);
    send(address, &event("typed"));
    let mut strange = event("strange");
    strange["data"]["job"]["id"] = json!("seven");
    send(address, &strange);
    let mut updated = event("updated");
    updated["type"] = json!("tn.jpm.job-updated");
    send(address, &updated);
    // Taken in, and nobody's.
    let mut other = event("other");
    other["type"] = json!("tn.crm.lead-created");
    send(address, &other);
    until("all are dispatched", || all_are(&bench, "dispatched") && lines(&bench).len() == 3);
    let source = "https://webhooks.servicetitan.io";
    let lines = lines(&bench);
    assert_eq!(lines["typed"], [format!("typed|tn.jpm.job-completed|{source}|job 7 12.5")]);
    assert_eq!(lines["updated"], [format!("updated|tn.jpm.job-updated|{source}|JpmJobUpdated")]);
    // What is not as its type says is handed to the plugin as it is, and keeps nothing beside it from being read.
    assert!(lines["strange"][0].contains(r#"|other {"job":{"id":"seven""#), "{lines:?}");
    let mut teams: Vec<String> = offline.teams().into_iter().map(|(_, name)| name).collect();
    teams.sort();
    assert_eq!(teams, ["strange", "typed", "updated"]);
    let text = bench.tradewire("webhooks list").succeeded().out;
    assert_eq!(text.matches("  jobs: dispatched, run ").count(), 3, "{text}");
    let runs = bench.tradewire("runs list").succeeded().out;
    assert!(runs.lines().skip(1).all(|line| line.contains("  jobs    acme    events  ")), "{runs}");
    let list = bench.tradewire("schedule list").succeeded().out;
    assert!(list.starts_with("jobs for acme: ready, on tn.jpm.job-completed, tn.jpm.job-updated\n"), "{list}");
    serving.stop();
}

#[test]
fn what_failed_is_told_and_dispatched_again_when_asked() {
    let offline = Offline::with("[]");
    let (bench, address) = bench(&offline, "fails = \"always\", teams = true");
    let serving = Serving::for_scripts(&bench, address);
    let id = send(address, &event("a"))["event"].as_str().unwrap().to_owned();
    until("it fails", || all_are(&bench, "failed"));
    assert!(bench.tradewire("webhooks list").succeeded().out.contains("  jobs: failed, run "));
    serving.stop();
    bench.write("tradewire.toml", bench.read("tradewire.toml").replace("fails = \"always\", ", ""));
    let told = bench.tradewire(&format!("webhooks replay {id}")).succeeded().out;
    assert!(told.starts_with(&format!("event {id} waits for jobs, in the slot of ")), "{told}");
    let serving = Serving::for_scripts(&bench, address);
    until("it is dispatched", || lines(&bench).contains_key("a"));
    let of_the_first = listed(&bench)[0]["dispatches"][0]["run"].as_str().unwrap().to_owned();
    serving.stop();
    // A run that failed may also be retried, and goes on with its journal.
    bench.tradewire(&format!("runs retry {of_the_first}")).succeeded();
    assert!(all_are(&bench, "dispatched"));
    assert_eq!(lines(&bench)["a"].len(), 2);
    assert_eq!(offline.teams().len(), 2, "one for each run, and none for the attempt after");
    bench.tradewire("webhooks replay 019a0000-0000-7000-8000-000000000000").refused(&["there is no event 019a0000-"]);
    bench.tradewire(&format!("webhooks replay {id} --export job")).refused(&["did you mean `jobs`?"]);
}

#[test]
fn in_a_burst_that_is_killed_three_times_each_event_is_dispatched_once() {
    const EVENTS: usize = 240;
    const SENDERS: usize = 4;
    let offline = Offline::with(r#"[{"do": {"latency": {"ms": 5}}, "on": "dispatch/"}]"#);
    let (bench, address) = bench(&offline, "teams = true");
    let mut serving = Serving::for_scripts(&bench, address);
    let taken = &AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            scope.spawn(move || {
                for n in (sender..EVENTS).step_by(SENDERS) {
                    let genuine = signed(KEY, "jobs", &event(&format!("o-{n}")).to_string());
                    until("it is taken", || status(address, &genuine) == Some(200));
                    taken.fetch_add(1, Ordering::Relaxed);
                    if n % 10 == 0 {
                        until("it is taken again", || status(address, &genuine) == Some(200));
                        let forged = signed(OTHER_KEY, "jobs", &event(&format!("forged {n}")).to_string());
                        until("it is refused", || status(address, &forged) == Some(401));
                    }
                }
            });
        }
        for quarter in 1..=3 {
            until("some are taken", || taken.load(Ordering::Relaxed) >= quarter * EVENTS / 4);
            serving.kill();
            serving = Serving::for_scripts(&bench, address);
        }
    });
    until("all are dispatched", || {
        resolve(&bench, &offline);
        all_are(&bench, "dispatched")
    });
    assert!(serving.stop().succeeded().code == Some(0));
    let mut expected: Vec<String> = (0..EVENTS).map(|n| format!("o-{n}")).collect();
    expected.sort();
    let lines = lines(&bench);
    assert_eq!(lines.keys().cloned().collect::<Vec<_>>(), expected);
    assert!(lines.values().all(|lines| lines.len() == 1), "{lines:?}");
    let mut teams: Vec<String> = offline.teams().into_iter().map(|(_, name)| name).collect();
    teams.sort();
    assert_eq!(teams, expected);
    assert!(bench.unfinished().is_empty(), "{:?}", bench.unfinished());
}

/// Settles what was sent when the process was killed, as an operator would who looks: no two events have one name.
fn resolve(bench: &Bench, offline: &Offline) {
    for unresolved_write in bench.recorded(async |store| store.unresolved_writes().await.unwrap()) {
        let asked: Value = serde_json::from_str(unresolved_write.write.arguments.body.as_deref().unwrap()).unwrap();
        let how = match offline.teams().into_iter().find(|(_, name)| asked["name"] == **name) {
            Some((id, name)) => {
                bench.write("answer.json", json!({ "id": id, "name": name }).to_string());
                "--applied --answer answer.json"
            }
            None => "--not-applied",
        };
        // One that is resolved may be shown once more before its run goes on.
        bench.tradewire(&format!("writes resolve {} {how}", unresolved_write.write.id));
    }
}

#[test]
fn a_plugin_that_never_reads_events_is_not_begun_by_them() {
    let offline = Offline::with("[]");
    let (bench, _) = bench(&offline, "");
    let config = bench.read("tradewire.toml");
    let config = config
        .replace("events.wasm", "hostile.wasm")
        .replace("dispatch/team.create", "payroll/activity-codes.get-list");
    bench.write("tradewire.toml", config);
    let told = bench.tradewire("check");
    assert!(
        told.err.contains(
            "export `jobs` runs on tn.jpm.job-completed, tn.jpm.job-updated, and its plugin `events` never reads events"
        ),
        "{told}"
    );
}
