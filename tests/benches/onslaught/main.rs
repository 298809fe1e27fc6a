//! What plugins that hand over as much as they can take from the others.
//!
//! `cargo bench --workspace --bench onslaught`
//!
//! First each import alone, in this process: a call with 15 MiB in its first long argument, and one with 15 MiB spread
//! over all of them; how long it kept a thread for plugins from the other runs. Then `tradewire serve` as a process of
//! its own, with plugins that call every operation, and the raw door with a name of 15 MB, again and again until their
//! time is over: how long `/health` takes meanwhile, how late the runs end (after the answers to their writes), what is
//! left in memory, how long it takes to stop.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tradewire_client::{RateLimit, ServiceTitan};
use tradewire_host::{Engine, EngineOptions, Limits, Plugin, Request};
use tradewire_onslaught::{Much, Of, Onslaught, onslaught};
use tradewire_sandbox as sandbox;
use tradewire_store::{Ending, Opening, RunFilter, Store};
use tradewire_store_sqlite::SqliteStore;
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;

use support::served::Served;
use support::{Apart, line, quantile, request, tenant};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const MIB: u32 = 1 << 20;
const MOST_HELD: Duration = Duration::from_millis(50);
const HEALTH: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_millis(100);
const SERVED: Duration = Duration::from_secs(30);

fn main() {
    let sandbox = Apart::start(sandbox::Options { rate: None, ..sandbox::Options::default() });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (what, of) in [("operation", Of::Operations), ("other import", Of::Own)] {
        for (first, letter) in [(true, b'a'), (false, 0)] {
            let much = Much { bytes: 15 * MIB, first, letter, times: 1 };
            let onslaught = onslaught(of, much);
            let mut held = runtime.block_on(alone(&onslaught, &sandbox.url));
            held.sort();
            let (longest, by) = held.last().unwrap();
            let times: Vec<Duration> = held.iter().map(|(time, _)| *time).collect();
            let what =
                format!("(a) each {what} ({}), {}", held.len(), if first { "one long value" } else { "all long" });
            line(&format!("{what}: thread held, p50"), &millis(quantile(&times, 0.5)), None);
            let aim = Some(("at most 50 ms", *longest <= MOST_HELD));
            line(&format!("{what}: longest"), &format!("{} {by}", millis(*longest)), aim);
        }
    }
    drop(runtime);
    served(&sandbox.url);
}

fn grants() -> Vec<String> {
    Catalog::get().surfaces.keys().filter(|surface| *surface != "webhooks").map(|name| format!("{name}:*")).collect()
}

/// How long each call held its thread.
async fn alone(onslaught: &Onslaught, url: &str) -> Vec<(Duration, String)> {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let plugin = Plugin::load(&engine, &onslaught.component, Grants::parse(&grants()).unwrap());
    let plugin = plugin.unwrap_or_else(|error| panic!("{error}"));
    let api: Arc<dyn ServiceTitan> = Arc::new(tenant(url, RateLimit::UNLIMITED));
    let mut held = Vec::new();
    for case in &onslaught.cases {
        let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
        let request = Request { tenant_id: case.tenant, limits, ..request(api.clone(), &[]) };
        let (_, usage) = plugin.run(request).await;
        held.push((usage.held, case.function.clone()));
    }
    held
}

const CONFIG: &str = r#"
[servicetitan]
environment = "SANDBOX"
app_key = { env = "APP_KEY" }
calls_per_second = 1000

[tenant.acme]
id = 1234567890
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[plugin.all]
source = "all.wasm"
grant = [GRANTS]
limits = { time = "2 s" }

[plugin.raw]
source = "raw.wasm"
grant = []
limits = { time = "2 s" }

[export.all]
run = "all"
tenants = ["acme"]
cron = "*/3 * * * * *"

[export.raw]
run = "raw"
tenants = ["acme"]
cron = "*/3 * * * * *"

[webhook.jobs]
tenants = ["acme"]
secret = { file = "webhook.key" }

[serve]
listen = "ADDRESS"
"#;

fn served(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let grants: Vec<String> = grants().iter().map(|grant| format!("{grant:?}")).collect();
    let config = CONFIG.replace("SANDBOX", url).replace("ADDRESS", &address.to_string());
    let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
    write("tradewire.toml", config.replace("GRANTS", &grants.join(", ")).as_bytes());
    write("webhook.key", b"0123456789abcdef0123456789abcdef");
    let endless = |first, letter| Much { bytes: 15 * MIB, first, letter, times: u32::MAX };
    write("all.wasm", &onslaught(Of::Operations, endless(false, 0)).component);
    write("raw.wasm", &onslaught(Of::Raw, endless(true, b'a')).component);
    let serves = |line: String| line.contains("taking events in at").then_some(());
    let (mut server, ()) = Served::start(folder.path(), &[], serves);
    let quiet = asked(address, Duration::from_secs(1));
    let before = server.process().resident();
    let busy = asked(address, SERVED);
    let most = server.process().most_resident();
    let told = Instant::now();
    Command::new("kill").arg(server.process().0.to_string()).status().unwrap();
    server.wait();
    let stopped = told.elapsed();

    line("(b) /health before, p99", &millis(quantile(&quiet, 0.99)), None);
    let p99 = quantile(&busy, 0.99);
    line(
        &format!("(b) /health under the onslaught ({}), p99", busy.len()),
        &millis(p99),
        Some(("at most 20 ms", p99 <= HEALTH)),
    );
    line("(b) /health under the onslaught, longest", &millis(busy[busy.len() - 1]), None);
    let late = late(folder.path());
    let latest = late.iter().max().copied().unwrap_or_default();
    let aim = Some(("at most 100 ms", !late.is_empty() && latest <= LATE));
    line(&format!("(b) {} runs end after their time, at most", late.len()), &millis(latest), aim);
    line(
        "(b) resident before, and at most",
        &format!("{:.0} MiB, {:.0} MiB", before / f64::from(MIB), most / f64::from(MIB)),
        None,
    );
    line("(b) SIGTERM to the end", &millis(stopped), None);
}

/// How long each of many questions takes, one after the other.
fn asked(address: SocketAddr, how_long: Duration) -> Vec<Duration> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < how_long {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.ends_with(b"ok\n"), "{}", String::from_utf8_lossy(&answer));
        times.push(start.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    times.sort();
    times
}

/// How much longer than their time the runs went on that reached it. An answer to a write that is on its way is waited
/// for: without it nobody would know whether the write has taken effect.
fn late(folder: &Path) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = SqliteStore::open(&folder.join(".tradewire/tradewire.db")).unwrap();
    let runs = runtime.block_on(store.runs(&RunFilter::default())).unwrap();
    let ended = runs.into_iter().filter_map(|run| Some((run.opening, run.ending?)));
    let ended = ended.filter(|(_, ending)| ending.message.contains("`time` is 2 s"));
    let late = |(run, ending): (Opening, Ending)| {
        let writes = runtime.block_on(store.writes(run.id)).unwrap();
        let settled = writes.iter().filter_map(|write| write.settled).max();
        let over = settled.into_iter().fold(run.started + Duration::from_secs(2), Ord::max);
        (ending.ended - over).to_std().unwrap_or_default()
    };
    ended.map(late).collect()
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
