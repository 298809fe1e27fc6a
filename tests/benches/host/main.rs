//! The host's own cost, side by side with what it is measured against.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixed;
mod page;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tradewire_client::{Answered, Arguments};
use tradewire_host::{
    CallError, Cost, Engine, EngineOptions, FileAnswer, Later, Level, Limits, OutputFile, PageSource, Plugin, Request,
    ServiceTitan, Sink, Window,
};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Method, OperationRef};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers every call with the same page.
struct Canned(Bytes);

impl ServiceTitan for Canned {
    fn call<'a>(&'a self, _: OperationRef<'static>, _: &'a Arguments) -> Later<'a, Result<Answered, CallError>> {
        let answered = Answered { status: 200, body: self.0.clone(), attempts: 1, waited: Duration::ZERO };
        Box::pin(async { Ok(answered) })
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        unimplemented!("not in this bench")
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        unimplemented!("not in this bench")
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a str,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        unimplemented!("not in this bench")
    }
}

struct Nowhere;

impl Sink for Nowhere {
    fn log(&self, _: Level, origin: &str, message: &str) {
        eprintln!("{origin}: {message}");
    }

    fn called(&self, _: &str, _: Cost) {}

    fn create<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        Box::pin(async { Err("no files in this bench".to_owned()) })
    }
}

fn request(api: Arc<dyn ServiceTitan>, settings: &[(&str, String)]) -> Request {
    Request {
        id: "bench".to_owned(),
        export: "bench".to_owned(),
        tenant: "bench".to_owned(),
        tenant_id: 1,
        timezone: "UTC".to_owned(),
        window: Window { start: "2025-01-01T00:00:00Z".to_owned(), end: "2025-01-08T00:00:00Z".to_owned() },
        attempt: 1,
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        api,
        sink: Arc::new(Nowhere),
        limits: Limits::default(),
    }
}

fn quantile(sorted: &[Duration], q: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * q) as usize]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let guest =
        std::fs::read("target/guests/bench.wasm").or_else(|_| std::fs::read("../../target/guests/bench.wasm")).unwrap();
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let grants = Grants::parse(&["crm/customers:view"]).unwrap();
    let plugin = Plugin::load(&engine, &guest, grants).unwrap_or_else(|e| panic!("{e}"));

    let empty: Arc<dyn ServiceTitan> = Arc::new(Canned(Bytes::new()));
    let mut times = Vec::new();
    for _ in 0..5_000 {
        let start = Instant::now();
        let (result, _) = plugin.run(request(empty.clone(), &[])).await;
        times.push(start.elapsed());
        result.unwrap();
    }
    times.sort();
    println!("(a) instantiate, call, drop: p50 {:?}, p99 {:?}", quantile(&times, 0.5), quantile(&times, 0.99));

    for records in [500, 5_000] {
        let page = page::customers(records, page::For::Wire);
        let snake = page::customers(records, page::For::Derived);
        println!("page of {records}: {} bytes", page.len());
        let rounds = if records == 500 { 200 } else { 30 };
        let serde = {
            let start = Instant::now();
            for _ in 0..rounds {
                let page: fixed::Page = serde_json::from_slice(&snake).unwrap();
                assert_eq!(page.data.len(), records);
            }
            start.elapsed() / rounds
        };
        let api: Arc<dyn ServiceTitan> = Arc::new(Canned(Bytes::from(page)));
        let planned = {
            let start = Instant::now();
            let (result, _) = plugin
                .run(Request {
                    limits: Limits { memory: 512 << 20, ..Limits::default() },
                    ..request(api.clone(), &[("calls", rounds.to_string())])
                })
                .await;
            assert_eq!(result.unwrap(), (records * rounds as usize).to_string());
            start.elapsed() / rounds
        };
        let bound = fixed::run(&guest, snake, rounds).await;
        println!(
            "(b) typed serde parse alone {serde:?}, fixed bindings {bound:?}, planned {planned:?}: {:.2} x fixed, {:.2} x serde",
            planned.as_secs_f64() / bound.as_secs_f64(),
            planned.as_secs_f64() / serde.as_secs_f64()
        );
    }
}
