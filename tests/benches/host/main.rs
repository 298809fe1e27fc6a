//! The host's own cost, side by side with what it is measured against.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixed;
mod page;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::{guest, line, plugin, quantile, request};
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_host::{Limits, Request};
use tradewire_surface::{Method, OperationRef};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
        _: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        unimplemented!("not in this bench")
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (guest, plugin) = (guest(), plugin());
    let empty: Arc<dyn ServiceTitan> = Arc::new(Canned(Bytes::new()));
    let mut times = Vec::new();
    for _ in 0..5_000 {
        let start = Instant::now();
        let (result, _) = plugin.run(request(empty.clone(), &[])).await;
        times.push(start.elapsed());
        result.unwrap();
    }
    times.sort();
    let p50 = quantile(&times, 0.5);
    let aim = Some(("at most 40 µs", p50 <= Duration::from_micros(40)));
    line("(a) instantiate, call, drop, p50", &micros(p50), aim);
    line("(a) instantiate, call, drop, p99", &micros(quantile(&times, 0.99)), None);

    for records in [500, 5_000] {
        let page = page::customers(records, page::For::Wire);
        let snake = page::customers(records, page::For::Derived);
        let size = page.len() / 1000;
        let api: Arc<dyn ServiceTitan> = Arc::new(Canned(Bytes::from(page)));
        let (mut serde, mut bound, mut planned) = (Vec::new(), Vec::new(), Vec::new());
        // In turns, so that whatever else the machine does falls on all three alike.
        for _ in 0..TURNS {
            let rounds = if records == 500 { 40 } else { 6 };
            let start = Instant::now();
            for _ in 0..rounds {
                let page: fixed::Page = serde_json::from_slice(&snake).unwrap();
                assert_eq!(page.data.len(), records);
            }
            serde.push(start.elapsed() / rounds);
            bound.push(fixed::run(&guest, snake.clone(), rounds).await);
            let limits = Limits { memory: 512 << 20, ..Limits::default() };
            let request = Request { limits, ..request(api.clone(), &[("calls", rounds.to_string())]) };
            let start = Instant::now();
            let (result, _) = plugin.run(request).await;
            planned.push(start.elapsed() / rounds);
            assert_eq!(result.unwrap(), (records * rounds as usize).to_string());
        }
        let [serde, bound, planned] = [serde, bound, planned].map(median);
        let what = |how: &str| format!("(b) {records} customers ({size} kB), {how}");
        let times = |other: Duration| planned.as_secs_f64() / other.as_secs_f64();
        let aim = |aim, met| (records == 500).then_some((aim, met));
        line(&what("typed serde parse alone"), &micros(serde), None);
        line(&what("fixed bindings"), &micros(bound), None);
        line(&what("planned binding"), &micros(planned), None);
        let (to_fixed, to_serde) = (times(bound), times(serde));
        line(&what("planned to fixed"), &format!("{to_fixed:.2} times"), aim("at most 1.8 times", to_fixed <= 1.8));
        line(&what("planned to serde"), &format!("{to_serde:.2} times"), aim("at most 4 times", to_serde <= 4.0));
    }
}

const TURNS: usize = 7;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    quantile(&times, 0.5)
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
