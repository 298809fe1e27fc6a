//! Pages a second through the client, and records a second through a plugin, both from the real sandbox.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use support::{Apart, line, plugin, request, tenant};
use tradewire_client::{Arguments, RateLimit, Tenant};
use tradewire_sandbox::Options;
use tradewire_surface::Catalog;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CUSTOMERS: usize = 20_000;

/// Walks through all customers: pages and records.
async fn walk(tenant: &Tenant, page_size: u32) -> (usize, usize) {
    let query = vec![("pageSize".to_owned(), page_size.to_string())];
    let customers = Catalog::get().operation("crm/customers.get-list").unwrap();
    let mut walk = tenant.pages(customers, &Arguments { query, ..Arguments::default() });
    let (mut pages, mut records) = (0, 0);
    while let Some(page) = walk.next().await.unwrap() {
        pages += 1;
        records += page.records;
    }
    (pages, records)
}

/// (c)
async fn pages() {
    let free = Apart::start(Options { rate: None, customers: CUSTOMERS, ..Options::default() });
    for walks in [1, 8] {
        let acme = tenant(&free.url, RateLimit::UNLIMITED);
        walk(&acme, 500).await;
        let start = Instant::now();
        let done = futures::future::join_all((0..walks).map(|_| walk(&acme, 50))).await;
        let pages: usize = done.iter().map(|(pages, _)| pages).sum();
        let what = format!("(c) pages of 50 without a limit, {walks} walks at once");
        line(&what, &format!("{:.0} pages/s", pages as f64 / start.elapsed().as_secs_f64()), None);
    }
    drop(free);

    let limited = Apart::start(Options { rate: Some(60), customers: CUSTOMERS, ..Options::default() });
    let acme = tenant(&limited.url, RateLimit::default());
    let query = vec![("pageSize".to_owned(), "50".to_owned())];
    let customers = Catalog::get().operation("crm/customers.get-list").unwrap();
    let mut pages = acme.pages(customers, &Arguments { query, ..Arguments::default() });
    pages.next().await.unwrap();
    let start = Instant::now();
    let mut count = 0;
    while let Some(_page) = pages.next().await.unwrap() {
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    let refused = acme.meter().retries;
    let found = format!("{rate:.1} pages/s, {refused} times 429");
    line(
        "(c) the same with the limit of 60 a second",
        &found,
        Some(("at least 57, no 429", rate >= 57.0 && refused == 0)),
    );
}

/// The time that this thread has been on a core.
fn on_core() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// (e)
async fn records() {
    const ROUNDS: u32 = 5;
    let free = Apart::start(Options { rate: None, customers: CUSTOMERS, ..Options::default() });
    let acme = tenant(&free.url, RateLimit::UNLIMITED);
    let plugin = plugin();
    let run = async || {
        let settings = [("walk", "true".to_owned())];
        let (result, usage) = plugin.run(request(Arc::new(acme.clone()), &settings)).await;
        (result.unwrap().parse::<usize>().unwrap(), usage)
    };
    walk(&acme, 500).await;
    let (per_walk, _) = run().await;

    let before = on_core();
    for _ in 0..ROUNDS {
        // A plugin never sees the inactive ones unless it asks; nor does this.
        assert_eq!(walk(&acme, 500).await.1, per_walk);
    }
    let client = on_core() - before;

    let (before, start) = (on_core(), Instant::now());
    let (mut count, mut decoding) = (0, Duration::ZERO);
    for _ in 0..ROUNDS {
        let (records, usage) = run().await;
        count += records;
        decoding += usage.decoding;
    }
    let (elapsed, whole) = (start.elapsed(), on_core() - before);
    let guest = whole.saturating_sub(client + decoding);
    let share = |part: Duration| format!("{:.1} %", 100.0 * part.as_secs_f64() / elapsed.as_secs_f64());
    let rate = |time: Duration| format!("{:.0} records/s", count as f64 / time.as_secs_f64());
    line("(e) pages of 500 through a plugin, from the sandbox", &rate(elapsed), None);
    line("(e) of one core: client", &share(client), None);
    line("(e) of one core: decoding into the plugin's memory", &share(decoding), None);
    line("(e) of one core: guest, with instantiation and calls", &share(guest), None);
    line("(e) waiting for the sandbox's core", &share(elapsed.saturating_sub(whole)), None);
    line("(e) one core's worth: client, decoding and guest alone", &rate(whole), None);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    pages().await;
    records().await;
}
