//! `tradewire serve` while its configuration changes: taken over as a whole or not at all, and what goes on ends as it
//! began.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Child;
use std::sync::{Arc, Mutex};

use tradewire_store::{Outcome, RunFilter, SlotFilter, SlotState, Store};

use crate::bench::{Bench, CALLER_KEY, Offline, guest, hostile, signal, until};
use crate::journal::writes;

/// `tradewire serve`, and what it has said so far.
struct Serving {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Serving {
    fn start(bench: &Bench) -> Serving {
        let mut child = bench.start("serve");
        let said = Arc::new(Mutex::new(String::new()));
        let heard = said.clone();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        std::thread::spawn(move || lines.for_each(|line| *heard.lock().unwrap() += &format!("{line}\n")));
        let out = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        std::thread::spawn(move || out.for_each(drop));
        let serving = Serving { child, said };
        serving.says("serving ", 1);
        serving
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Until it has said so, that many times in all.
    fn says(&self, text: &str, times: usize) {
        until(text, || self.said().matches(text).count() >= times);
    }

    /// Puts another configuration in the file's place, as editors do, and tells of it.
    fn reload(&self, bench: &Bench, config: &str) {
        replace(bench, config);
        signal(&self.child, "HUP");
    }

    /// The address that it serves callers at.
    fn address(&self) -> String {
        self.says(" vendors at http://", 1);
        let said = self.said();
        said.split(" vendors at http://").nth(1).unwrap().lines().next().unwrap().to_owned()
    }

    fn stop(mut self) {
        signal(&self.child, "TERM");
        assert!(self.child.wait().unwrap().success(), "{}", self.said());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replace(bench: &Bench, config: &str) {
    bench.write("new.toml", config);
    std::fs::rename(bench.path("new.toml"), bench.path("tradewire.toml")).unwrap();
}

/// An export every second that behaves as it is told.
fn odd(behaviour: &str) -> String {
    hostile("", &format!("behaviour = \"{behaviour}\"")).replace("0 6 * * MON", "* * * * * *")
}

/// Another of the same plugin.
fn more(name: &str) -> String {
    format!(
        "\n[export.{name}]\nrun = \"hostile\"\ntenants = [\"acme\"]\ncron = \"* * * * * *\"\nsettings = {{ behaviour = \
         \"behaves\" }}\n"
    )
}

fn runs_of(bench: &Bench, export: &str, outcome: Outcome) -> usize {
    let filter = RunFilter {
        export: Some(export.to_owned()),
        outcome: Some(outcome),
        limit: Some(10_000),
        ..RunFilter::default()
    };
    bench.recorded(async |store| store.runs(&filter).await.unwrap()).len()
}

#[test]
fn an_export_that_is_added_begins_and_one_that_is_removed_ends_without_a_signal() {
    let bench = Bench::with(&odd("behaves"));
    let serving = Serving::start(&bench);
    until("the first runs", || runs_of(&bench, "odd", Outcome::Succeeded) > 0);
    replace(&bench, &(odd("behaves") + &more("added")));
    until("the second runs as well", || runs_of(&bench, "added", Outcome::Succeeded) > 0);
    let filter = SlotFilter { export: Some("added".to_owned()), limit: Some(10_000), ..SlotFilter::default() };
    let slots = bench.recorded(async |store| store.slots(&filter).await.unwrap());
    assert!(slots.iter().all(|slot| slot.state != SlotState::Missed), "it has none of before: {slots:?}");

    // Written in place this time.
    bench.write("tradewire.toml", odd("behaves"));
    serving.says("tradewire.toml is taken over", 2);
    let ran = runs_of(&bench, "odd", Outcome::Succeeded);
    until("the first goes on", || runs_of(&bench, "odd", Outcome::Succeeded) > ran + 2);
    let last = bench.recorded(async |store| store.slots(&filter).await.unwrap())[0].due;
    until("the first goes on", || runs_of(&bench, "odd", Outcome::Succeeded) > ran + 5);
    assert_eq!(bench.recorded(async |store| store.slots(&filter).await.unwrap())[0].due, last, "the second has ended");
    serving.stop();
}

#[test]
fn a_configuration_with_faults_changes_nothing_and_says_where_they_are() {
    let bench = Bench::with(&odd("behaves"));
    let serving = Serving::start(&bench);
    serving.reload(&bench, &(odd("behaves") + &more("added").replace("acme", "acne")));
    serving.says("the configuration is not taken over; the one before stays in force", 1);
    serving.says("did you mean `acme`?", 1);
    assert!(serving.said().contains("tradewire.toml:"), "with line and column: {}", serving.said());
    // What only loading finds out.
    serving.reload(&bench, &odd("behaves").replace("hostile.wasm", "gone-away.wasm"));
    serving.says("cannot read plugin `hostile`", 1);
    serving.reload(&bench, &odd("behaves").replace("\"payroll/activity-codes.get-list\"", ""));
    serving.says("stays in force", 3);
    let ran = runs_of(&bench, "odd", Outcome::Succeeded);
    until("the schedule goes on", || runs_of(&bench, "odd", Outcome::Succeeded) > ran);
    assert!(!serving.said().contains("is taken over"), "{}", serving.said());
    serving.reload(&bench, &(odd("behaves") + &more("added")));
    until("the next one is taken over", || runs_of(&bench, "added", Outcome::Succeeded) > 0);
    serving.stop();
}

#[test]
fn a_run_that_goes_on_ends_by_the_configuration_that_it_began_with() {
    let offline = Offline::with(r#"[{"do": {"latency": {"ms": 400}}, "on": "dispatch/"}]"#);
    let steps = |name: &str| {
        let steps = vec![format!("create {name}"); 8].join(", ");
        writes(&offline.url(), &steps).replace("0 6 * * MON", "* * * * * *")
    };
    let bench = Bench::with(&steps("OLD"));
    let serving = Serving::start(&bench);
    until("it writes", || !offline.teams().is_empty());
    serving.reload(&bench, &steps("NEW"));
    serving.says("is taken over", 1);
    assert!(bench.runs().last().unwrap().ending.is_none(), "it still goes on");
    until("the next one has begun", || offline.teams().iter().any(|(_, name)| name == "NEW"));
    offline.faults("[]");
    let old = offline.teams().iter().filter(|(_, name)| name == "OLD").count();
    assert_eq!(old, 8, "the first has ended by its own settings: {:?}", offline.teams());
    assert_eq!(bench.runs().last().unwrap().ending.as_ref().unwrap().outcome, Outcome::Succeeded);
    serving.stop();
}

#[test]
fn a_secret_that_is_replaced_is_used_from_then_on() {
    let offline = Offline::with("[]");
    let config = writes(&offline.url(), "create A")
        .replace("0 6 * * MON", "* * * * * *")
        .replace("{ env = \"CLIENT_SECRET\" }", "{ file = \"client.secret\" }");
    let bench = Bench::empty();
    bench.write("client.secret", "cs1.of-yesterday");
    bench.write("tradewire.toml", config);
    let serving = Serving::start(&bench);
    until("its token is refused", || runs_of(&bench, "teams", Outcome::Failed) > 0);
    bench.write("client.secret", tradewire_sandbox::DEMO_CLIENT_SECRET);
    signal(&serving.child, "HUP");
    until("it is taken", || runs_of(&bench, "teams", Outcome::Succeeded) > 0);
    // Those of the environment are not, and whoever asks for all to be read is told.
    serving.says("secrets of the environment stay as they were at the start (`APP_KEY`)", 1);
    serving.stop();
}

/// The status of a call to a vendor.
fn call(address: &str, key: &str) -> u16 {
    let mut connection = TcpStream::connect(address).unwrap();
    let head = "POST /middleware/acme/harborline/nothing HTTP/1.1\r\nhost: here\r\nconnection: close\r\n";
    write!(connection, "{head}x-tradewire-key: {key}\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
    let mut status = String::new();
    BufReader::new(connection).read_line(&mut status).unwrap();
    status.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_caller_whose_key_is_removed_is_refused_at_once_and_a_changed_address_waits_for_a_restart() {
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/harborline");
    let rest = format!(
        "\n[middleware.harborline]\npack = \"{pack}\"\ntenants = [\"acme\"]\nbase_url = \"http://127.0.0.1:9/\"\nsecrets = \
         {{ ApiKey = {{ env = \"VENDOR_KEY\" }} }}\n[serve]\nlisten = \"127.0.0.1:0\"\n"
    );
    let caller = "\n[caller.one]\nkey = { env = \"CALLER_KEY\" }\n";
    let with = format!("{}{rest}{caller}", odd("behaves"));
    let bench = Bench::with(&with);
    let serving = Serving::start(&bench);
    let address = serving.address();
    let known = call(&address, CALLER_KEY);
    assert_ne!(known, 401);
    serving.reload(&bench, &format!("{}{rest}", odd("behaves")));
    serving.says("is taken over", 1);
    assert_eq!(call(&address, CALLER_KEY), 401);
    serving.reload(&bench, &with.replace("127.0.0.1:0", "127.0.0.1:1"));
    serving.says("is taken over", 2);
    assert_eq!(call(&address, CALLER_KEY), known, "it is served where it was");
    assert!(serving.said().contains("`[serve]` is read at the start only"), "{}", serving.said());
    serving.stop();
}

/// How many pieces of compiled plugins the process has in memory.
#[cfg(target_os = "linux")]
fn compiled(serving: &Serving) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", serving.child.id())).unwrap();
    // Address, rights, offset, device and inode: what is mapped from a file has its path besides.
    let is_code = |line: &&str| line.contains(" r-xp ") && line.split_whitespace().count() == 5;
    maps.lines().filter(is_code).count()
}

#[test]
#[cfg(target_os = "linux")]
fn a_configuration_that_is_no_longer_in_force_leaves_the_memory_with_its_plugins_and_secrets() {
    let rest = "\n[caller.one]\nkey = { env = \"CALLER_KEY\" }\n[webhook.jobs]\ntenants = [\"acme\"]\nsecret = { file = \
                \"webhook.key\" }\n[serve]\nlisten = \"127.0.0.1:0\"\n";
    let bench = Bench::with(&(odd("behaves") + rest));
    bench.write("webhook.key", "0123456789abcdef0123456789abcdef");
    let serving = Serving::start(&bench);
    until("the first runs", || runs_of(&bench, "odd", Outcome::Succeeded) > 0);
    let first = compiled(&serving);
    assert_ne!(first, 0);
    for times in 1..=3 {
        serving.reload(&bench, &format!("{}{rest}# {times}\n", odd("behaves")));
        serving.says("is taken over", times);
        until("there is one of each plugin again", || compiled(&serving) == first);
    }
    serving.stop();
}

#[test]
fn a_tenant_whose_plugin_never_gives_way_keeps_neither_place_nor_core_from_the_next() {
    // Four of them spin at a time, on however few cores there are; the rest wait, and so would zenith if it came last.
    let busy: String = (0..12).map(|n| more(&format!("busy{n:02}")).replace("behaves", "spins")).collect();
    let zenith = "\n[tenant.zenith]\nid = 42\nclient_id = \"cid.zenith\"\nclient_secret = { env = \"CLIENT_SECRET\" }\n\
                  timezone = \"UTC\"\n[runs]\nat_once = 5\nper_tenant = 4\n";
    let config = odd("spins") + &busy + &more("calm").replace("acme", "zenith") + zenith;
    assert!(guest("hostile.wasm").exists());
    let bench = Bench::with(&config);
    let _serving = Serving::start(&bench);
    until("zenith's have run", || runs_of(&bench, "calm", Outcome::Succeeded) >= 3);
    let open = bench.recorded(async |store| store.open_runs().await.unwrap());
    let spinning = open.iter().filter(|run| run.opening.tenant == "acme").count();
    assert_eq!(spinning, 4, "acme's go on all the while");
    let filter =
        SlotFilter { state: Some(SlotState::Queued), tenant: Some("acme".to_owned()), ..SlotFilter::default() };
    let waiting = bench.recorded(async |store| store.slots(&filter).await.unwrap());
    assert_eq!(waiting.len(), 9);
    let told = bench.tradewire("schedule list").succeeded().out;
    assert!(told.contains("4 runs for acme go on, the most that `per_tenant` of `[runs]` allows"), "{told}");
}
