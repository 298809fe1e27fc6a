//! Callers that take their time.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::http::{answer, connect, post};
use super::serving::Serving;
use super::{NOWHERE, STOCK, sample, section, serves};
use crate::bench::{Bench, CALLER_KEY, Offline};

/// How many there are in the midst of their heads, and as many of their bodies.
const SLOW: usize = 32;

#[test]
fn callers_who_send_a_byte_a_second_keep_nobody_from_being_served() {
    let vendor = Offline::with("[]");
    let vendors = section("harborline", &vendor.sandbox().vendor_url(), "");
    let bench = Bench::with(&(serves(NOWHERE, &vendors) + "at_once = 2\n"));
    let serving = Serving::start(&bench);
    let stock = sample("stock-level");
    let call = post(Some(CALLER_KEY), STOCK, &stock);
    let begun = |length: usize| {
        let mut stream = connect(serving.address());
        stream.write_all(&call.as_bytes()[..length]).unwrap();
        (stream, length)
    };
    let mut slow: Vec<(TcpStream, usize)> =
        (0..SLOW).flat_map(|_| [begun(20), begun(call.len() - stock.len() / 2)]).collect();
    let (nearly, sent) = begun(call.len() - 2);
    slow.push((nearly.try_clone().unwrap(), sent));

    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_secs(1));
                for (stream, sent) in &mut slow {
                    if let Some(byte) = call.as_bytes().get(*sent) {
                        stream.write_all(&[*byte]).unwrap();
                        *sent += 1;
                    }
                }
            }
        });
        for _ in 0..20 {
            serving.call(STOCK, &stock).succeeded();
        }
        answer(nearly).succeeded();
        done.store(true, Ordering::Relaxed);
    });
    drop(slow);
    serving.stop();
}
