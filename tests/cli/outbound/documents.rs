//! Documents of callers: what they become in memory is bounded, and nobody else waits for them.

use std::time::{Duration, Instant};

use super::recorder::Recorder;
use crate::bench::Bench;
use crate::vendors::http::{ask, head};
use crate::vendors::serving::Serving;
use crate::vendors::{section, serves};

const CALLERS: usize = 12;
const BYTES: usize = 3 << 20;
/// What they became without a bound: some forty times as much as they are.
const MOST_RESIDENT: u64 = 1_000 << 20;

#[test]
fn callers_with_the_largest_bodies_take_no_more_memory_together_than_there_is_for_them() {
    let vendor =
        Recorder::answering("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    let url = format!("http://{}", vendor.address);
    let bench = Bench::with(&serves("http://127.0.0.1:9", &section("harborline", &url, "")));
    let serving = Serving::start(&bench);
    let (address, key) = (serving.address(), crate::bench::CALLER_KEY);
    // Two bytes of text that become one value.
    let list = "0,".repeat((BYTES - 64) / 2);
    let body = format!("{{\"vendorId\":\"1\",\"x\":[{}0]}}", list);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let call = format!("{}{body}", head(Some(key), "acme/harborline/account", body.len()));
            std::thread::spawn(move || ask(address, call).status)
        })
        .collect();
    let (mut most, mut slowest) = (0, Duration::ZERO);
    while callers.iter().any(|caller| !caller.is_finished()) {
        let start = Instant::now();
        let health = ask(address, "GET /health HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        assert_eq!(health.status, 200);
        slowest = slowest.max(start.elapsed());
        most = most.max(serving.resident());
        std::thread::sleep(Duration::from_millis(20));
    }
    let statuses: Vec<u16> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(most < MOST_RESIDENT, "{} MiB were resident", most >> 20);
    println!("{} MiB resident, the slowest /health took {slowest:?}, {statuses:?}", most >> 20);
}
