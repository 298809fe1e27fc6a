//! Deliveries over the network, through the real binary: receivers that are down, busy, silent or cut off, and a process
//! that is killed in the middle. In the end each file is there once, and whole.
#![cfg(unix)]

mod receiver;
#[allow(dead_code)]
#[path = "../../../runtime/delivery/tests/servers/sftp_server.rs"]
mod sftp_server;

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tradewire_store::Outcome;

use crate::bench::{Bench, CALLER_KEY, Told, hostile, signal, until};
use crate::vendors::serving::Serving;
use receiver::{Mood, Receiver, nobody};
use sftp_server::{Allowed, Misdeed, SftpServer};

const JANUARY: &str = "--from 2026-01-05 --to 2026-01-12";
const FEBRUARY: &str = "--from 2026-02-02 --to 2026-02-09";
/// What the process ends with when files are not delivered yet.
const DELIVERING: Option<i32> = Some(4);

/// A bench whose export delivers so many bytes like this.
fn bench(bytes: usize, delivery: &str) -> Bench {
    let config = hostile("output = \"64 MiB\"", &format!("behaviour = \"writes-big\", bytes = {bytes}"));
    assert!(config.contains("to = \"outbox\""));
    Bench::with(&config.replace("to = \"outbox\"", delivery))
}

fn http(address: impl std::fmt::Display, more: &str) -> String {
    format!(
        "to = \"http://{address}/files\"\nheaders = {{ Authorization = {{ env = \"CALLER_KEY\" }} }}\ntimeout = \"2 s\"\n\
         retries = {{ times = 100, backoff = \"1 s\", longest = \"2 s\" }}\n{more}"
    )
}

fn latest(bench: &Bench) -> (String, Outcome) {
    let run = bench.runs().remove(0);
    (run.opening.id.to_string(), run.ending.map_or(Outcome::Interrupted, |ending| ending.outcome))
}

/// It ended as one whose files are not delivered yet, with these texts.
#[track_caller]
fn delivers(told: &Told, texts: &[&str]) {
    assert_eq!(told.code, DELIVERING, "{told}");
    for text in texts {
        assert!(told.err.contains(text), "`{text}` is not in this:\n{told}");
    }
}

#[test]
fn a_receiver_that_is_down_is_told_and_gets_its_file_later_without_the_plugin() {
    let address = nobody();
    let bench = bench(70_000, &http(address, ""));
    let told = bench.tradewire(&format!("run odd {JANUARY}"));
    let (run, outcome) = latest(&bench);
    assert_eq!(outcome, Outcome::Delivering);
    delivers(
        &told,
        &[
            "odd for acme: delivering: `big.bin`: ",
            &address.to_string(),
            &format!("`tradewire runs retry {run}` tries now"),
        ],
    );
    // Whoever asks is told.
    let list = bench.tradewire("runs list").succeeded().out;
    assert!(list.contains("delivering") && list.contains("next try at"), "{list}");
    let list = bench.tradewire("runs list --json --outcome delivering").succeeded().json();
    let delivery = &list["runs"][0]["delivery"];
    assert_eq!((&delivery["state"], &delivery["tries"]), (&"pending".into(), &1.into()), "{list}");
    assert!(delivery["nextTry"].is_string() && delivery["lastError"].as_str().unwrap().contains("big.bin"), "{list}");
    let show = bench.tradewire(&format!("runs show {run}")).succeeded().out;
    assert!(show.contains("delivery   outbox to http://") && show.contains("not delivered yet"), "{show}");
    let schedule = bench.tradewire("schedule list").succeeded().out;
    assert!(schedule.contains("odd for acme: delivering"), "{schedule}");
    let again = bench.tradewire(&format!("run odd {JANUARY}"));
    delivers(&again, &["are not all delivered yet", "tradewire runs cancel"]);
    let retried = bench.tradewire(&format!("runs retry {run}"));
    delivers(&retried, &["odd for acme: delivering", "tried 2 times"]);
    let receiver = Receiver::at(address, Mood::Good);
    let told = bench.tradewire(&format!("runs retry {run}")).succeeded();
    assert!(told.out.contains("odd for acme: succeeded: wrote it all"), "{told}");
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1, "and no control total, which is no file of its own here: {taken:?}");
    assert_eq!(taken[0].bytes.len(), 70_000);
    assert!(taken[0].name.contains("big.bin"), "{}", taken[0].name);
    assert_eq!(
        (taken[0].content_type.as_str(), taken[0].authorization.as_str()),
        ("application/octet-stream", CALLER_KEY)
    );
    bench.tradewire(&format!("runs retry {run}")).refused(&["has succeeded"]);
    assert!(bench.unfinished().is_empty(), "{:?}", bench.unfinished());
}

#[test]
fn a_service_tries_again_by_itself_also_what_a_process_before_it_has_left() {
    let receiver = Receiver::at(([127, 0, 0, 1], 0).into(), Mood::Busy(1));
    let bench = bench(1000, &http(receiver.address, "total = true"));
    let told = bench.tradewire(&format!("run odd {JANUARY}"));
    delivers(&told, &["503"]);
    assert!(receiver.taken().is_empty());
    let mut serving = Serving::of(bench.start("serve"));
    let before = receiver.tries();
    until("it tries again", || {
        serving.is_alive();
        receiver.tries() > before + 1
    });
    receiver.becomes(Mood::Good);
    until("the run succeeds", || {
        serving.is_alive();
        latest(&bench).1 == Outcome::Succeeded
    });
    until("it is told", || serving.out().contains("odd for acme: succeeded: wrote it all"));
    serving.stop();
    let names: Vec<String> = receiver.taken().into_iter().map(|taken| taken.name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].contains("big.bin.total.json") && !names[1].contains("total"), "the total is first: {names:?}");
}

#[test]
fn a_process_that_is_killed_while_the_receiver_is_silent_delivers_once() {
    let receiver = Receiver::at(([127, 0, 0, 1], 0).into(), Mood::Silent);
    let bench = bench(70_000, &http(receiver.address, "").replace("\"2 s\"\nretries", "\"1 min\"\nretries"));
    let mut running = bench.start_unheard(&format!("run odd {JANUARY}"));
    until("the file is there", || receiver.taken().len() == 1);
    signal(&running, "KILL");
    running.wait().unwrap();
    receiver.becomes(Mood::Good);
    // Whoever runs anything there completes what was decided.
    let told = bench.tradewire(&format!("run odd {FEBRUARY}")).succeeded();
    assert!(told.out.contains("succeeded"), "{told}");
    let runs = bench.runs();
    assert!(runs.len() == 2 && runs.iter().all(|run| run.succeeded()), "{runs:?}");
    assert_eq!(receiver.taken().len(), 2, "each once");
    assert_eq!(receiver.tries(), 3);
}

/// An SFTP server that is up for as long as this lives, over a folder with `inbound` in it.
struct Sftp {
    root: TempDir,
    server: SftpServer,
    _runtime: Runtime,
}

impl Sftp {
    fn start() -> Sftp {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("inbound")).unwrap();
        let runtime = Runtime::new().unwrap();
        let allowed = Allowed { password: Some(CALLER_KEY.into()), ..Allowed::default() };
        let server = runtime.block_on(SftpServer::start(root.path(), allowed));
        Sftp { root, server, _runtime: runtime }
    }

    fn delivery(&self, more: &str) -> String {
        format!(
            "to = \"sftp://{}/inbound\"\nuser = \"acme\"\npassword = {{ env = \"CALLER_KEY\" }}\ntimeout = \"5 s\"\n\
             retries = {{ times = 100, backoff = \"1 s\", longest = \"2 s\" }}\n{more}",
            self.server.address
        )
    }

    fn pinned(&self) -> String {
        self.delivery(&format!("host_key = \"{}\"", self.server.fingerprints[0]))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path().join("inbound")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.path().join("inbound").join(name)).unwrap()
    }
}

/// The content of a run is there, whole.
fn is_whole(sftp: &Sftp, bytes: usize) {
    assert_eq!(sftp.names(), ["big.bin", "big.bin.total.json"]);
    let total: Value = serde_json::from_slice(&sftp.read("big.bin.total.json")).unwrap();
    assert_eq!((&total["bytes"], sftp.read("big.bin").len()), (&bytes.into(), bytes));
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest(sftp.read("big.bin")).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(total["sha256"], hash.as_str());
}

#[test]
fn a_process_that_is_killed_in_the_middle_of_an_upload_delivers_whole_in_the_end() {
    const BYTES: usize = 4_000_000;
    let sftp = Sftp::start();
    let bench = bench(BYTES, &sftp.pinned());
    sftp.server.will(&[Misdeed::StallAfter(1_000_000)]);
    let mut running = bench.start_unheard(&format!("run odd {JANUARY}"));
    until("a part of it is there", || sftp.server.written() >= 900_000);
    signal(&running, "KILL");
    running.wait().unwrap();
    assert!(sftp.names().iter().all(|name| name.starts_with('.')), "nobody takes it for the file: {:?}", sftp.names());
    let told = bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    assert!(told.out.contains("unchanged"), "it was delivered before it was run again: {told}");
    is_whole(&sftp, BYTES);
}

#[test]
fn a_connection_that_breaks_costs_no_file_and_doubles_none() {
    const BYTES: usize = 2_000_000;
    let sftp = Sftp::start();
    let bench = bench(BYTES, &sftp.pinned());
    sftp.server.will(&[Misdeed::CutAfter(500_000), Misdeed::LoseRename]);
    let told = bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    assert!(told.out.contains("odd for acme: succeeded"), "{told}");
    is_whole(&sftp, BYTES);
    bench.tradewire(&format!("run odd {FEBRUARY}")).succeeded();
    assert!(sftp.names().contains(&"big.v2.bin".to_owned()), "the same name of another week: {:?}", sftp.names());
}

#[test]
fn a_host_key_is_asked_for_shown_and_held_to() {
    let sftp = Sftp::start();
    let fingerprint = &sftp.server.fingerprints[0];
    let bench = bench(1000, &sftp.delivery(""));
    bench.tradewire("delivery test outbox").refused(&[fingerprint, "host_key"]);
    let told = bench.tradewire(&format!("run odd {JANUARY}"));
    delivers(&told, &["odd for acme: delivering", fingerprint, "not tried again by itself"]);
    let (run, _) = latest(&bench);
    let config = bench.read("tradewire.toml");
    bench.write("tradewire.toml", config.replace(&sftp.delivery(""), &sftp.pinned()));
    let tested = bench.tradewire("delivery test outbox").succeeded();
    assert!(tested.out.starts_with("outbox: "), "{tested}");
    bench.tradewire("check").succeeded();
    assert!(sftp.names().is_empty(), "{:?}", sftp.names());
    // What is mended is gone by, also for files that wait.
    bench.tradewire(&format!("runs retry {run}")).succeeded();
    is_whole(&sftp, 1000);
    bench.tradewire("delivery test outbx").refused(&["there is no delivery `outbx`; did you mean `outbox`?"]);
}

#[test]
fn a_delivery_may_be_given_up() {
    let bench = bench(1000, &http(nobody(), ""));
    delivers(&bench.tradewire(&format!("run odd {JANUARY}")), &["delivering"]);
    delivers(&bench.tradewire(&format!("run odd {FEBRUARY}")), &["delivering"]);
    let (second, _) = latest(&bench);
    let first = bench.runs()[1].opening.id.to_string();
    bench.tradewire(&format!("runs retry {second}")).refused(&[&format!("come after those of run {first}")]);
    let told = bench.tradewire(&format!("runs cancel {first}")).succeeded();
    assert!(told.out.contains("odd for acme: cancelled: its delivery was given up by an operator; 0 of 1"), "{told}");
    bench.tradewire(&format!("runs cancel {first}")).refused(&["has ended already: cancelled"]);
    delivers(&bench.tradewire(&format!("runs retry {second}")), &["delivering"]);
}

#[test]
fn encrypted_files_go_nowhere_in_clear() {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../delivery/tests/servers/keys");
    let encrypt = |key: &str, armor: bool| {
        let key = keys.join(key).display().to_string();
        format!("to = \"outbox\"\nencrypt = {{ to = [\"{key}\"], armor = {armor} }}")
    };
    let bench = bench(1000, &encrypt("receiver.asc", true));
    bench.tradewire("check").succeeded();
    let tested = bench.tradewire("delivery test outbox").succeeded();
    assert!(tested.out.contains("encrypted to "), "{tested}");
    let told = bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    assert!(told.out.contains("big.bin.total.json.asc"), "{told}");
    assert_eq!(bench.delivered(), ["big.bin.asc", "big.bin.total.json.asc"]);
    for name in bench.delivered() {
        let text = bench.read(&format!("outbox/{name}"));
        assert!(text.starts_with("-----BEGIN PGP MESSAGE-----"), "{text}");
    }
    // The bytes are those that were delivered before, though no two encryptions are alike.
    let again = bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    assert!(again.out.contains("unchanged"), "{again}");
    assert_eq!(bench.delivered().len(), 2);
    bench.write("tradewire.toml", bench.read("tradewire.toml").replace("receiver.asc", "expired.asc"));
    bench.tradewire("check").refused(&["delivery `outbox`: ", "expired"]);
    bench.tradewire(&format!("run odd {FEBRUARY}")).refused(&["cannot encrypt `big.bin`"]);
    assert_eq!(bench.delivered().len(), 2);
}
