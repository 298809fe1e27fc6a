//! What strangers at the front door of `tradewire serve` cost those who belong there.
//!
//! `cargo bench --workspace --bench front`
//!
//! Signed events and questions for health, each on a connection of its own as ServiceTitan and probes make them, first in
//! quiet and then with all of this at once: 64 who send bodies of 4 MiB unsigned or wrongly signed, 64 who guess keys as
//! fast as they are answered, and 2,000 connections that idle or are in the midst of their heads. Strangers are elsewhere
//! in truth: here they take what the server and who measures leave of the processors.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use support::served::Served;
use support::{line, quantile};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const ASKED: usize = 500;
const STRANGERS: usize = 64;
const IDLE: usize = 2_000;
const BODY: usize = 4 * 1024 * 1024;
const AIM: Duration = Duration::from_millis(20);
/// Longer than anything takes, so that a bench that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "0123456789abcdef0123456789abcdef";

const CONFIG: &str = r#"
[servicetitan]
environment = "http://127.0.0.1:9"
app_key = { env = "APP_KEY" }

[tenant.acme]
id = 1234567890
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[webhook.jobs]
tenants = ["acme"]
secret = { file = "webhook.key" }

[caller.office]
key_sha256 = "8c2574892063f995fdf756bce07f46c1a5193e54cd52837ed91e32008ccf41ac"

[serve]
listen = "ADDRESS"
"#;

fn signed(occurrence: &str) -> String {
    let body = json!({
        "specversion": "1.0", "id": format!("delivery of {occurrence}"), "type": "tn.jpm.job-completed",
        "time": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true), "source": "https://webhooks.servicetitan.io",
        "userassignedid": occurrence, "data": { "job": { "id": 7 }, "tenantId": 1234567890 },
    });
    let body = body.to_string();
    let mut signature = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    signature.update(body.as_bytes());
    let signature = data_encoding::HEXLOWER.encode(&signature.finalize().into_bytes());
    format!(
        "POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-servicetitan-signature: \
         {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request; its status.
async fn ask(address: SocketAddr, request: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    std::str::from_utf8(&answer).ok()?.split(' ').nth(1)?.parse().ok()
}

/// How long each took.
async fn times(address: SocketAddr, request: impl Fn(usize) -> String) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ASKED);
    for n in 0..ASKED {
        let request = request(n);
        let start = Instant::now();
        let status = tokio::time::timeout(PATIENCE, ask(address, &request)).await;
        assert_eq!(status, Ok(Some(200)), "{request}");
        times.push(start.elapsed());
    }
    times.sort();
    times
}

async fn measure(address: SocketAddr, when: &str) {
    let health = "GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let events = times(address, |n| signed(&format!("{when}-{n}"))).await;
    let health = times(address, |_| health.to_owned()).await;
    for (what, times) in [("signed events", events), ("/health", health)] {
        let (p50, p99) = (quantile(&times, 0.5), quantile(&times, 0.99));
        let found = format!("p50 {:.2} ms, p99 {:.2} ms", p50.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3);
        line(&format!("{ASKED} {what}, {when}"), &found, Some(("p99 at most 20 ms", p99 <= AIM)));
    }
}

/// Sends a body until it is shown out.
async fn body(address: SocketAddr, header: &str) {
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    let head = format!("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n{header}content-length: {BODY}\r\n\r\n");
    let piece = vec![b' '; 64 * 1024];
    let sending = async {
        stream.write_all(head.as_bytes()).await?;
        for _ in 1..BODY / piece.len() {
            stream.write_all(&piece).await?;
        }
        stream.read_to_end(&mut Vec::new()).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), sending).await;
}

fn main() {
    // Who measures has a thread of its own, and does not wait for the strangers' turns.
    let measuring = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let elsewhere = tokio::runtime::Runtime::new().unwrap();
    tradewire_front::descriptors::raise();
    let folder = TempDir::new().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(folder.path().join("tradewire.toml"), CONFIG.replace("ADDRESS", &address.to_string())).unwrap();
    std::fs::write(folder.path().join("webhook.key"), KEY).unwrap();
    let (served, ()) = Served::start(folder.path(), &[], |line| line.starts_with("taking events in ").then_some(()));
    measuring.block_on(measure(address, "quiet"));
    let before = served.process().resident();

    let strangers = elsewhere.spawn(tradewire_workers::apart(strangers(address)));
    std::thread::sleep(Duration::from_secs(2));
    measuring.block_on(measure(address, "with strangers"));
    strangers.abort();
    drop(elsewhere);
    std::thread::sleep(Duration::from_secs(2));
    let grown = (served.process().resident() - before) / 1048576.0;
    let most = served.process().most_resident() / 1048576.0;
    line("  resident, at most and afterwards more than before", &format!("{most:.0} MiB, {grown:.0} MiB"), None);
}

/// All of them, for ever.
async fn strangers(address: SocketAddr) {
    let mut strangers = JoinSet::new();
    let wrong = format!("x-servicetitan-signature: {}\r\n", "0".repeat(64));
    for n in 0..STRANGERS {
        let header = if n % 2 == 0 { String::new() } else { wrong.clone() };
        strangers.spawn(async move {
            loop {
                body(address, &header).await;
            }
        });
        strangers.spawn(async move {
            for guess in 0.. {
                let key = format!("{n}-{guess}-0123456789abcdef");
                let call = format!(
                    "POST /middleware/acme/a/b HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-tradewire-key: \
                     {key}\r\ncontent-length: 0\r\n\r\n"
                );
                ask(address, &call).await;
            }
        });
    }
    let mut idle = Vec::new();
    for n in 0..IDLE {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        if n % 2 == 0 {
            let _ = stream.write_all(b"POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n").await;
        }
        idle.push(stream);
    }
    std::future::pending().await
}
