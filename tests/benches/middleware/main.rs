//! What it costs to ask a vendor through `tradewire serve`: the way over real sockets through the middleware, beside
//! the way to the same vendor with the very body that the middleware sends it.
//!
//! `cargo bench --workspace --bench middleware`
//!
//! The server is a process of its own. The vendor is the sandbox's, on a thread of the client's process, and client,
//! vendor and server share the machine's cores: where there are two, calls a second through the middleware are what is
//! left when the client and the vendor have had theirs. So the time on a core that each call costs the server is told
//! beside them: what a server could do whose callers are elsewhere.
#![allow(missing_docs, clippy::unwrap_used)]
// A client of the test's own.
#![allow(clippy::disallowed_methods)]

mod serving;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use reqwest::{Client, Request};
use serving::{KEY, Serving};
use support::{Apart, line, quantile};
use tradewire_sandbox::{DEMO_VENDOR_KEY, Options};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Calls on one connection, each way.
const CALLS: usize = 5_000;
const WARM_UP: usize = 500;
/// How long as many calls are made as can be.
const ROUND: Duration = Duration::from_secs(3);

const STOCK: &str = include_str!("../../../templates/harborline/Templates/stock-level/Sandbox_Request.json");

/// A call that can be made again and again, on connections that are kept.
struct Way {
    http: Client,
    request: Request,
}

impl Way {
    fn new(url: String, key: (&str, &str), body: String) -> Way {
        let http = Client::builder().http1_only().tcp_nodelay(true).build().unwrap();
        let request = http.post(url).header(key.0, key.1).header("content-type", "application/json").body(body);
        Way { request: request.build().unwrap(), http }
    }

    /// Makes the call and takes its answer; how long that took.
    async fn go(&self) -> Duration {
        let start = Instant::now();
        let answer = self.http.execute(self.request.try_clone().unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
        start.elapsed()
    }

    /// Calls a second on so many connections.
    async fn rate(&self, connections: usize) -> (u32, f64) {
        let start = Instant::now();
        let calls = futures::future::join_all((0..connections).map(async |_| {
            let mut calls = 0;
            while start.elapsed() < ROUND {
                self.go().await;
                calls += 1;
            }
            calls
        }));
        let calls: u32 = calls.await.into_iter().sum();
        (calls, f64::from(calls) / start.elapsed().as_secs_f64())
    }
}

/// The body of the last question for stock that the vendor was asked.
async fn asked(vendor: &Apart) -> String {
    let calls = format!("{}/_sandbox/calls?operation=_vendor/stock.check", vendor.url);
    let calls: serde_json::Value = reqwest::get(calls).await.unwrap().json().await.unwrap();
    calls.as_array().unwrap().last().unwrap()["body"].as_str().unwrap().to_owned()
}

/// Goes both ways in turn, so that what else the machine does meets both alike.
async fn latency(direct: &Way, through: &Way) {
    let (mut short, mut long) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for number in 0..WARM_UP + CALLS {
        let times = (direct.go().await, through.go().await);
        if number >= WARM_UP {
            short.push(times.0);
            long.push(times.1);
        }
    }
    short.sort();
    long.sort();
    let micros = |time: Duration| time.as_micros();
    for (what, times) in [("to the vendor itself", &short), ("through the middleware", &long)] {
        let found = format!("p50 {} µs, p99 {} µs", micros(quantile(times, 0.5)), micros(quantile(times, 0.99)));
        line(&format!("a question for stock on one connection, {what}"), &found, None);
    }
    let added = |q: f64| micros(quantile(&long, q).saturating_sub(quantile(&short, q)));
    line("what the middleware adds", &format!("p50 {} µs, p99 {} µs", added(0.5), added(0.99)), None);
}

async fn rates(direct: &Way, through: &Way, server: &Serving) {
    for connections in [1, 16, 64] {
        let (_, rate) = direct.rate(connections).await;
        line(&format!("to the vendor itself, {connections} connections"), &format!("{rate:.0} calls/s"), None);
        let before = server.process().on_core();
        let (calls, rate) = through.rate(connections).await;
        let each = (server.process().on_core() - before).as_secs_f64() / f64::from(calls);
        line(&format!("through the middleware, {connections} connections"), &format!("{rate:.0} calls/s"), None);
        let found = format!("{:.0} µs on a core", each * 1e6);
        line("  of which each call costs the server", &found, None);
    }
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let vendor = Apart::start(Options { rate: None, ..Options::default() });
    let vendor_url = format!("{}/_vendor/v1", vendor.url);
    let server = Serving::start(&vendor_url);
    let url = format!("{}/middleware/acme/harborline/stock-level", server.url);
    let through = Way::new(url, ("x-tradewire-key", KEY), STOCK.to_owned());
    through.go().await;
    let body = asked(&vendor).await;
    let direct = Way::new(format!("{vendor_url}/stock"), ("x-api-key", DEMO_VENDOR_KEY), body);
    latency(&direct, &through).await;
    rates(&direct, &through, &server).await;
}
