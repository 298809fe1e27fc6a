//! Change feeds: each change comes to a run that succeeds, once, whatever dies or fails in between.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::process::Child;

use tradewire_client::{Arguments, Client, Credentials, Options, Tenant};
use tradewire_sandbox::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT};
use tradewire_store::{Outcome, SlotFilter, SlotState, Store};
use tradewire_surface::Catalog;

use crate::bench::{Bench, Offline, Told, config, guest, signal, until};

/// When the sandbox's day begins: what was there before is not followed.
const SINCE: &str = "2026-01-07T18:00:00Z";
const CUSTOMERS: &str = "crm/export.get-customers";
const TEAMS: &str = "dispatch/team.get-list";

/// An export that follows this feed, asked for every second, with these settings.
fn follows(offline: &Offline, feed: &str, settings: &str) -> Bench {
    let rest = r#"
[plugin.follower]
source = "SOURCE"
grant = ["crm/export:view", "crm/bookings:view", "dispatch/team:view"]
settings = { SETTINGS }

[export.changes]
run = "follower"
tenants = ["acme"]
feed = "FEED"
since = "SINCE"
cron = "* * * * * *"
retries = { times = 3, backoff = "1 s" }
deliver = "outbox"
"#;
    let source = guest("follower.wasm").display().to_string();
    let rest = rest.replace("SOURCE", &source).replace("SETTINGS", settings).replace("SINCE", SINCE);
    Bench::with(&config(&offline.url(), &rest.replace("FEED", feed)))
}

/// Whoever changes things at ServiceTitan.
struct Office {
    tenant: Tenant,
    runtime: tokio::runtime::Runtime,
}

impl Office {
    fn at(offline: &Offline) -> Office {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(Options::new(offline.url().parse().unwrap(), DEMO_APP_KEY.into())).unwrap();
        let tenant = client.tenant(Credentials {
            tenant: DEMO_TENANT,
            client_id: DEMO_CLIENT_ID.into(),
            client_secret: DEMO_CLIENT_SECRET.into(),
        });
        Office { tenant, runtime: tokio::runtime::Runtime::new().unwrap() }
    }

    fn write(&self, operation: &str, id: Option<i64>, body: String) {
        let operation = Catalog::get().operation(operation).unwrap();
        let path = id.map(|id| ("id".to_owned(), id.to_string())).into_iter().collect();
        let arguments = Arguments { path, body: Some(body.into()), ..Arguments::default() };
        self.runtime.block_on(self.tenant.call(operation, &arguments)).unwrap();
    }

    /// Gives customers another name.
    fn renames(&self, offline: &Offline, customers: std::ops::Range<usize>) {
        for id in customers.map(|n| all(offline, "crm/customers")[n].0) {
            self.write("crm/customers.update", Some(id), format!("{{\"name\":\"Renamed {id}\"}}"));
        }
    }

    fn makes_team(&self, name: &str) {
        self.write("dispatch/team.create", None, format!("{{\"active\":true,\"name\":\"{name}\"}}"));
    }
}

/// What the sandbox has: ids and times of change.
fn all(offline: &Offline, collection: &str) -> Vec<(i64, String)> {
    let row = |row: &serde_json::Value| {
        (row["id"].as_i64().unwrap(), row["modifiedOn"].as_str().unwrap_or_default().to_owned())
    };
    offline.sandbox().records(collection, DEMO_TENANT).unwrap().iter().map(row).collect()
}

/// What has changed since the day began.
fn changed(offline: &Offline, collection: &str) -> BTreeSet<(i64, String)> {
    all(offline, collection)
        .into_iter()
        .filter(|(_, modified)| modified.as_str() >= SINCE.trim_end_matches('Z'))
        .collect()
}

/// What was delivered, in no order; no row twice.
fn delivered(bench: &Bench) -> BTreeSet<(i64, String)> {
    let mut rows = BTreeSet::new();
    for name in bench.delivered().iter().filter(|name| name.ends_with(".csv") && !name.starts_with('.')) {
        for line in bench.read(&format!("outbox/{name}")).lines() {
            let (id, modified) = line.split_once(',').unwrap();
            let row = (id.parse().unwrap(), modified.trim_end().to_owned());
            assert!(rows.insert(row.clone()), "{row:?} comes twice");
        }
    }
    rows
}

fn serve(bench: &Bench) -> Child {
    bench.start("serve --quiet")
}

fn end(child: Child) {
    signal(&child, "TERM");
    Told::from(child.wait_with_output().unwrap()).succeeded();
}

fn slots(bench: &Bench) -> Vec<SlotState> {
    let slots = bench.recorded(async |store| store.slots(&SlotFilter::default()).await.unwrap());
    slots.into_iter().map(|slot| slot.state).collect()
}

#[test]
fn a_feed_without_news_leaves_no_run_and_what_changes_comes_once() {
    let empty = r#"[{"do": {"empty-page": {}}, "on": "crm/export.get-customers"}]"#;
    let offline = Offline::with(empty);
    let (bench, office) = (follows(&offline, CUSTOMERS, "feed = \"customers\""), Office::at(&offline));
    let serving = serve(&bench);
    until("it is asked", || slots(&bench).contains(&SlotState::NothingNew));
    until("it is asked again", || offline.asked(CUSTOMERS) > 4);
    assert!(bench.runs().is_empty(), "nothing has changed");
    let idle = slots(&bench).into_iter().filter(|state| *state == SlotState::NothingNew).count();
    assert_eq!(idle, 1, "of those only the latest is kept");
    for round in 0..3 {
        office.renames(&offline, round * 5..round * 5 + 8);
        until("it comes", || delivered(&bench).is_superset(&changed(&offline, "crm/customers")));
    }
    end(serving);
    let runs = bench.runs();
    assert!(runs.iter().all(|run| run.ending.as_ref().unwrap().outcome == Outcome::Succeeded));
    let told = bench.tradewire("schedule list").succeeded();
    assert!(told.out.contains("crm/export.get-customers goes on from ") && told.out.contains(", moved "), "{told}");
    assert!(bench.tradewire("state list changes acme").succeeded().out.contains("_feed    crm/export.get-customers"));
}

#[test]
fn a_run_that_fails_gets_its_changes_again_and_its_journal_goes_on() {
    let offline = Offline::with("[]");
    let settings = "feed = \"recent\", fail = \"first\"";
    let (bench, office) = (follows(&offline, CUSTOMERS, settings), Office::at(&offline));
    office.renames(&offline, 0..7);
    let serving = serve(&bench);
    until("it comes", || !delivered(&bench).is_empty());
    office.renames(&offline, 3..9);
    until("it comes", || delivered(&bench).is_superset(&changed(&offline, "crm/customers")));
    end(serving);
    let runs = bench.runs();
    let outcomes: Vec<_> =
        runs.iter().rev().map(|run| (run.opening.attempt, run.ending.as_ref().unwrap().outcome)).collect();
    let (pairs, rest) = outcomes.as_chunks::<2>();
    let pair = [(1, Outcome::Failed), (2, Outcome::Succeeded)];
    assert!(pairs.len() > 1 && rest.is_empty() && pairs.iter().all(|each| *each == pair), "{outcomes:?}");
    let windows: Vec<_> = runs.iter().rev().map(|run| run.opening.window).collect();
    assert!(windows.chunks(2).all(|pair| pair[0] == pair[1]), "it is tried again in the same window");
    assert!(windows.chunks(2).is_sorted_by(|a, b| a[0].end == b[0].start), "the windows leave no gap: {windows:?}");
    let rows = bench.tradewire("state get changes acme rows").succeeded();
    assert_eq!(rows.out.trim(), delivered(&bench).len().to_string(), "what it keeps goes with what is handed over");
}

#[test]
fn a_list_is_followed_by_the_time_of_change() {
    let offline = Offline::with("[]");
    let bench = follows(&offline, TEAMS, "feed = \"teams\"");
    let office = Office::at(&offline);
    let serving = serve(&bench);
    for n in 0..6 {
        office.makes_team(&format!("Team {n}"));
        if n % 2 == 1 {
            until("it comes", || delivered(&bench) == changed(&offline, "dispatch/teams"));
        }
    }
    end(serving);
    assert_eq!(delivered(&bench).len(), 6);
}

#[test]
fn whoever_is_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing() {
    // Every now and then the plugin waits, so that there is something to kill.
    let slow = r#"[{"do": {"latency": {"ms": 60}}, "on": "crm/"}]"#;
    let offline = Offline::with(slow);
    let (bench, office) = (follows(&offline, CUSTOMERS, "feed = \"recent\", wait = \"yes\""), Office::at(&offline));
    for round in 0..8 {
        office.renames(&offline, round..round + 3);
        let mut serving = serve(&bench);
        let before = offline.asked("crm/bookings.get-list");
        until("it has its batch", || offline.asked("crm/bookings.get-list") > before);
        std::thread::sleep(std::time::Duration::from_millis(13 * round as u64));
        signal(&serving, "KILL");
        serving.wait().unwrap();
    }
    // So that the last one has something to do before it is told to stop.
    office.renames(&offline, 11..14);
    let serving = serve(&bench);
    until("the rest comes", || delivered(&bench).is_superset(&changed(&offline, "crm/customers")));
    end(serving);
    let succeeded: usize =
        bench.runs().iter().filter(|run| run.ending.as_ref().unwrap().outcome == Outcome::Succeeded).count();
    assert_eq!(bench.delivered().iter().filter(|name| name.ends_with(".csv")).count(), succeeded);
}

#[test]
fn a_feed_that_cannot_be_asked_says_so_and_goes_on_when_it_can() {
    let offline = Offline::with(r#"[{"do": {"status": {"code": 403}}, "on": "crm/"}]"#);
    let (bench, office) = (follows(&offline, CUSTOMERS, "feed = \"customers\""), Office::at(&offline));
    let serving = serve(&bench);
    until("it says so", || slots(&bench).contains(&SlotState::Refused));
    let told = bench.tradewire("schedule list").succeeded();
    assert!(told.out.contains("the feed `crm/export.get-customers` cannot be asked"), "{told}");
    offline.faults("[]");
    office.renames(&offline, 0..3);
    until("it comes", || delivered(&bench) == changed(&offline, "crm/customers"));
    end(serving);
}

#[test]
fn a_watermark_is_set_by_hand_and_one_that_cannot_be_read_is_told() {
    let offline = Offline::with("[]");
    let (bench, office) = (follows(&offline, CUSTOMERS, "feed = \"customers\", pages = \"1\""), Office::at(&offline));
    office.renames(&offline, 0..3);
    bench.tradewire("run changes").succeeded();
    let first = delivered(&bench);
    assert_eq!(first, changed(&offline, "crm/customers"));
    bench.write("broken", "yesterday");
    bench.tradewire("state set changes acme crm/export.get-customers --bucket _feed --file broken").succeeded();
    bench.tradewire("run changes").refused(&["the feed's watermark cannot be read"]);
    bench.write("again", format!("{{\"from\":\"{SINCE}\"}}"));
    bench.tradewire("state set changes acme crm/export.get-customers --bucket _feed --file again").succeeded();
    assert!(bench.tradewire("run changes").succeeded().out.contains("3 rows"), "they come again");
}

#[test]
fn a_feed_that_is_none_is_refused_with_what_is_meant() {
    let offline = Offline::with("[]");
    let bench = follows(&offline, "crm/export.get-custumers", "feed = \"customers\"");
    bench
        .tradewire("check")
        .refused(&["there is no operation `crm/export.get-custumers`", "is `crm/export.get-customers` meant?"]);
    let bench = follows(&offline, "payroll/gross-pay-items.get-list", "feed = \"customers\"");
    bench.tradewire("check").refused(&["cannot be sorted by `ModifiedOn`"]);
    let bench = follows(&offline, "crm/export.leads", "feed = \"customers\"");
    bench.tradewire("check").refused(&["which plugin `follower` never asks for"]);
}
