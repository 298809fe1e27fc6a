//! What `tradewire serve` takes in of ServiceTitan's events, over real sockets, and what becomes of them.
//!
//! `cargo bench --workspace --bench webhooks`
//!
//! First some on one connection, where each waits for the one before and for the disk. Then two bursts of 10,000 events,
//! to a server that is a process of its own; a tenth of them comes again, and a hundredth as many forged ones come
//! between. The second burst is met by three kills. Whoever sends does as ServiceTitan does: it sends an event again
//! until it is told that it was taken. Each event is signed and is answered when it is on the disk; a plugin then writes
//! it to a file. In the end each genuine event stands in one line of one file, and no forged one does.
//! Sender and server share the machine's cores and its disk.
#![allow(missing_docs, clippy::unwrap_used)]
// A client of the test's own.
#![allow(clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use hmac::{Hmac, Mac};
use reqwest::{Client, StatusCode};
use serde_json::json;
use sha2::Sha256;
use support::line;
use support::served::Served;
use tempfile::TempDir;

const EVENTS: usize = 10_000;
const ALONE: usize = 1_000;
const CONNECTIONS: usize = 64;
const KILLS: usize = 3;
/// Longer than anything takes, so that a bench that hangs fails.
const PATIENCE: Duration = Duration::from_secs(600);
const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER_KEY: &str = "0123456789abcdef0123456789abcdeg";

const CONFIG: &str = r#"
[servicetitan]
environment = "http://127.0.0.1:9"
app_key = { env = "APP_KEY" }

[tenant.acme]
id = 1234567890
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[plugin.events]
source = "SOURCE"
grant = ["dispatch/team.create"]

[export.jobs]
run = "events"
tenants = ["acme"]
on = ["tn.jpm.job-completed"]
retries = { times = 20, backoff = "1 s", longest = "1 s" }
deliver = "outbox"

[delivery.outbox]
to = "outbox"

[webhook.jobs]
tenants = ["acme"]
secret = { file = "webhook.key" }

[serve]
listen = "ADDRESS"
at_once = 256
"#;

/// A folder with the server's configuration.
struct Setup {
    folder: TempDir,
    address: SocketAddr,
}

impl Setup {
    fn new() -> Setup {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/events.wasm");
        let guest = guest.canonicalize().unwrap_or_else(|error| panic!("{}: {error}; plugins/build", guest.display()));
        let config = CONFIG.replace("SOURCE", &guest.display().to_string());
        let config = config.replace("ADDRESS", &address.to_string());
        std::fs::write(folder.path().join("tradewire.toml"), config).unwrap();
        std::fs::write(folder.path().join("webhook.key"), KEY).unwrap();
        Setup { folder, address }
    }

    fn serve(&self) -> Served {
        Served::start(self.folder.path(), &[], |line| line.starts_with("taking events in ").then_some(())).0
    }

    /// How often each event stands in the files that were delivered.
    fn dispatched(&self) -> HashMap<String, usize> {
        let mut found = HashMap::new();
        let Ok(files) = std::fs::read_dir(self.folder.path().join("outbox")) else { return found };
        for file in files.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some_and(|e| e == "csv")) {
            for line in std::fs::read_to_string(file).unwrap().lines() {
                *found.entry(line.split('|').next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        found
    }
}

/// A request, and the answer that it is sent for until it comes.
#[derive(Clone)]
struct Sending {
    body: String,
    signature: String,
    wanted: StatusCode,
}

fn sending(occurrence: &str, key: &str, wanted: StatusCode) -> Sending {
    let body = json!({
        "specversion": "1.0", "id": format!("delivery of {occurrence}"), "type": "tn.jpm.job-completed",
        "time": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true), "source": "https://webhooks.servicetitan.io",
        "userassignedid": occurrence, "datacontenttype": "application/json",
        "data": { "job": { "id": 7, "jobNumber": "7", "total": 12.5, "tagTypeIds": [1, 2, 3] }, "tenantId": 1234567890 },
    });
    let body = body.to_string();
    let mut signature = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    signature.update(body.as_bytes());
    let signature = data_encoding::HEXLOWER.encode(&signature.finalize().into_bytes());
    Sending { body, signature, wanted }
}

/// So many of a burst: genuine events, a tenth of them twice, and forged ones between.
fn burst(events: usize) -> VecDeque<Sending> {
    let mut burst = VecDeque::new();
    for n in 0..events {
        let genuine = sending(&format!("o-{n}"), KEY, StatusCode::OK);
        if n % 10 == 0 {
            burst.push_back(genuine.clone());
        }
        if n % 100 == 0 {
            burst.push_back(sending(&format!("forged-{n}"), OTHER_KEY, StatusCode::UNAUTHORIZED));
        }
        burst.push_back(genuine);
    }
    burst
}

/// Sends all of it on as many connections, each request until it is answered as is wanted.
async fn send(address: SocketAddr, connections: usize, burst: &Mutex<VecDeque<Sending>>, answered: &AtomicUsize) {
    let url = format!("http://{address}/webhooks/jobs");
    let http = Client::builder().http1_only().tcp_nodelay(true).build().unwrap();
    let sender = async || {
        let take = || burst.lock().unwrap().pop_front();
        while let Some(Sending { body, signature, wanted }) = take() {
            loop {
                let request = http.post(&url).header("x-servicetitan-signature", &signature).body(body.clone());
                match request.send().await {
                    Ok(answer) if answer.status() == wanted => break drop(answer.bytes().await),
                    Ok(answer) => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{body}"),
                    // It was killed.
                    Err(_) => {}
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    futures::future::join_all((0..connections).map(|_| sender())).await;
}

/// One after the other.
async fn alone() {
    let place = Setup::new();
    let _served = place.serve();
    let burst = burst(ALONE);
    let (all, burst, answered) = (burst.len(), Mutex::new(burst), AtomicUsize::new(0));
    let start = Instant::now();
    send(place.address, 1, &burst, &answered).await;
    let rate = all as f64 / start.elapsed().as_secs_f64();
    line(&format!("{all} requests on one connection: answered"), &format!("{rate:.0} a second"), None);
}

async fn round(kills: usize) {
    let place = Setup::new();
    let mut served = Some(place.serve());
    let burst = burst(EVENTS);
    let (all, burst, answered) = (burst.len(), Mutex::new(burst), AtomicUsize::new(0));
    let start = Instant::now();
    let mut down = Duration::ZERO;
    let killer = async {
        for kill in 1..=kills {
            while answered.load(Ordering::Relaxed) < all * kill / (kills + 1) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let killed = Instant::now();
            served.take();
            served = Some(place.serve());
            down += killed.elapsed();
        }
    };
    tokio::join!(send(place.address, CONNECTIONS, &burst, &answered), killer);
    let taken_in = start.elapsed();
    let mut found = place.dispatched();
    while found.len() < EVENTS {
        assert!(start.elapsed() < PATIENCE, "{} of {EVENTS} events are dispatched", found.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
        found = place.dispatched();
    }
    let dispatched = start.elapsed();
    // Long enough for one that would be dispatched twice.
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(served);
    let found = place.dispatched();
    assert!((0..EVENTS).all(|n| found.get(&format!("o-{n}")) == Some(&1)), "each genuine event once");
    assert_eq!(found.len(), EVENTS, "and none besides");
    let files = std::fs::read_dir(place.folder.path().join("outbox")).unwrap().count() / 2;
    let what = if kills == 0 { "no kill".to_owned() } else { format!("{kills} kills") };
    let rate = all as f64 / (taken_in - down).as_secs_f64();
    line(
        &format!("{all} requests on {CONNECTIONS} connections, {what}: answered"),
        &format!("{rate:.0} a second"),
        None,
    );
    let told = format!("{:.1} s after the first came", dispatched.as_secs_f64());
    line(&format!("  {EVENTS} events in {files} runs, each dispatched once, none forged"), &told, None);
    if kills > 0 {
        line("  killed and served again", &format!("{:.2} s each", down.as_secs_f64() / kills as f64), None);
    }
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    alone().await;
    round(0).await;
    round(KILLS).await;
}
