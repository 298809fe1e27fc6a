//! Callers with a key, and those without.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{bench, event, send, serving_with, told};
use crate::bench::{Bench, CALLER_KEY, Offline, until};
use crate::vendors::http::{answer, ask, connect, head, post};
use crate::vendors::serving::Serving;
use crate::vendors::stand_ins::hesitant;
use crate::vendors::{STOCK, sample, section};

const OTHER_KEY: &str = "ck1.of-another-caller.0123456789";

/// Two callers of a vendor at each of these addresses, `harborline` and `northfield`.
fn two_callers(one: &str, other: &str, rest: &str) -> (Bench, SocketAddr) {
    let digest = Sha256::digest(OTHER_KEY).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let callers = format!(
        "\n[caller.office]\nkey = {{ env = \"CALLER_KEY\" }}\n\n[caller.shop]\nkey_sha256 = \"{digest}\"\n{rest}\n[serve]"
    );
    bench(&(section("harborline", one, "") + &section("northfield", other, "") + &callers))
}

#[test]
fn one_caller_with_slow_calls_leaves_room_for_another() {
    const GREEDY: usize = 64;
    let (slow, allowed) = hesitant();
    let vendor = Offline::with("[]");
    let (bench, address) = two_callers(&slow.url, &vendor.sandbox().vendor_url(), "");
    let serving = Serving::for_scripts(&bench, address);
    let stock = sample("stock-level");
    let busy = &AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..GREEDY {
            scope.spawn(|| {
                let answer = ask(address, post(Some(CALLER_KEY), STOCK, &stock));
                if answer.status == 503 {
                    answer.failed(503, "Runtime", &["`at_once` of `[serve]` leaves to one caller beside others"]);
                    busy.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // A quarter of the places is kept for the other one.
        until("all have called", || slow.connections() == 48 && busy.load(Ordering::Relaxed) == 16);
        for _ in 0..5 {
            ask(address, post(Some(OTHER_KEY), "acme/northfield/stock-level", &stock)).succeeded();
        }
        assert_eq!(super::health(address), 200);
        allowed.add_permits(GREEDY);
    });
    serving.stop();
}

/// A key lets its holder in. It makes none of its connections one that keeps others out.
#[test]
fn a_caller_with_many_slow_bodies_keeps_neither_callers_nor_events_out() {
    const SLOW: usize = 400;
    let vendor = Offline::with("[]");
    let url = vendor.sandbox().vendor_url();
    let (bench, address) = two_callers(&url, &url, "");
    // There are about a hundred places.
    let serving = serving_with(256, &bench, address);
    let stock = sample("stock-level");
    let (is_over, begun) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut slow: Vec<TcpStream> = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    // Whoever had to give way comes again.
                    slow.retain_mut(|stream| stream.write_all(b" ").is_ok());
                    while slow.len() < SLOW / 4 {
                        let mut stream = connect(address);
                        let _ = stream.write_all((head(Some(CALLER_KEY), STOCK, 100) + "{").as_bytes());
                        begun.fetch_add(1, Ordering::Relaxed);
                        slow.push(stream);
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
        until("they have come", || begun.load(Ordering::Relaxed) > SLOW);
        for n in 0..20 {
            ask(address, post(Some(OTHER_KEY), "acme/northfield/stock-level", &stock)).succeeded();
            assert_eq!(send(address, "jobs", &event(&format!("o-{n}"))).status, 200);
            assert_eq!(super::health(address), 200);
        }
        // Its own calls are answered, too, where they come whole.
        ask(address, post(Some(CALLER_KEY), STOCK, &stock)).succeeded();
        is_over.store(true, Ordering::Relaxed);
    });
    serving.stop();
}

#[test]
fn at_once_of_a_caller_is_its_own() {
    let (slow, allowed) = hesitant();
    let vendor = Offline::with("[]");
    let (bench, address) = two_callers(&slow.url, &vendor.sandbox().vendor_url(), "at_once = 1");
    let serving = Serving::for_scripts(&bench, address);
    let stock = sample("stock-level");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| ask(address, post(Some(OTHER_KEY), STOCK, &stock)));
        until("the vendor is asked", || slow.connections() == 1);
        let second = ask(address, post(Some(OTHER_KEY), "acme/northfield/stock-level", &stock));
        second.failed(503, "Runtime", &["as many calls are being carried as `at_once` of `[caller.shop]` allows"]);
        ask(address, post(Some(CALLER_KEY), "acme/northfield/stock-level", &stock)).succeeded();
        allowed.add_permits(1);
        first.join().unwrap().succeeded();
    });
    serving.stop();
}

#[test]
fn guesses_are_counted_and_slow_nobody_who_has_a_key() {
    const GUESSES: usize = 2_000;
    let vendor = Offline::with("[]");
    let url = vendor.sandbox().vendor_url();
    let (bench, address) = two_callers(&url, &url, "");
    let serving = Serving::for_scripts(&bench, address);
    let stock = sample("stock-level");
    let (next, paced) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let longest = std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= GUESSES {
                        break;
                    }
                    let guess = format!("{CALLER_KEY}{n}");
                    let answer = ask(address, post(Some(&guess), STOCK, &stock));
                    assert!(matches!(answer.status, 401 | 429), "{answer:?}");
                    paced.fetch_add(usize::from(answer.status == 429), Ordering::Relaxed);
                }
            });
        }
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let start = Instant::now();
            ask(address, post(Some(CALLER_KEY), STOCK, &stock)).succeeded();
            longest = longest.max(start.elapsed());
        }
        longest
    });
    // A guess waits a second; whoever has a key is as quick as the machine.
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    assert!(paced.load(Ordering::Relaxed) > 0);
    let kind = "calls with a key that is nobody's";
    until("all are told", || told(&serving, kind) == GUESSES as u64);
    let said = serving.err();
    assert!(said.contains("from 127.0.0.1 ("), "{said}");
    assert!(said.lines().filter(|line| line.contains("refused in the last")).count() < 10, "{said}");
    assert!(!said.contains(CALLER_KEY), "{said}");
    serving.stop();
}

#[test]
fn a_stranger_is_told_before_its_body_and_is_not_asked_to_go_on() {
    let vendor = Offline::with("[]");
    let url = vendor.sandbox().vendor_url();
    let (bench, address) = two_callers(&url, &url, "");
    let serving = Serving::for_scripts(&bench, address);
    let stock = sample("stock-level");
    let expecting = |key: Option<&str>| head(key, STOCK, stock.len()).replace("host:", "expect: 100-continue\r\nhost:");
    for key in [None, Some("nobody's")] {
        let mut stream = connect(address);
        stream.write_all(expecting(key).as_bytes()).unwrap();
        answer(stream).failed(401, "Request", &[]);
    }
    let several = expecting(Some(CALLER_KEY)).replace("host:", &format!("x-tradewire-key: {OTHER_KEY}\r\nhost:"));
    ask(address, several).failed(401, "Request", &["several keys"]);
    let unsigned = "POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    let mut stream = connect(address);
    stream.write_all(unsigned.as_bytes()).unwrap();
    assert_eq!(answer(stream).status, 401);

    let mut stream = connect(address);
    stream.write_all(expecting(Some(CALLER_KEY)).as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(stock.as_bytes()).unwrap();
    answer(stream).succeeded();
    serving.stop();
}

#[test]
fn keys_that_may_be_guessed_are_refused_before_anything_is_served() {
    let (bench, _) = two_callers("http://127.0.0.1:9", "http://127.0.0.1:9", "");
    let config = bench.read("tradewire.toml").replace("{ env = \"CALLER_KEY\" }", "{ file = \"office.key\" }");
    bench.write("tradewire.toml", &config);
    for (key, fault) in [
        (
            "a",
            "holds too short a key, which may be guessed (characters: 1, at least 20): set it to one that is drawn at random",
        ),
        (&"ab".repeat(20), "holds too plain a key, which may be guessed (different characters: 2, at least"),
    ] {
        bench.write("office.key", key);
        let told = format!("caller `office`, `key`: file `office.key` {fault}");
        bench.tradewire("check").refused(&[&told]);
        bench.tradewire("serve").refused(&[&told]);
    }
    bench.write("office.key", OTHER_KEY);
    bench.tradewire("check").refused(&["have the same key: give each its own"]);
    bench.write("office.key", CALLER_KEY);
    bench.tradewire("check").succeeded();
    bench.write("tradewire.toml", config.replace("key_sha256 = \"", "key_sha256 = \"0"));
    bench.tradewire("check").refused(&["this is no SHA-256", "sha256sum"]);
}

#[test]
fn only_a_proxy_says_where_a_stranger_comes_from() {
    for (proxies, told_from) in
        [("", "from 127.0.0.1 (1)"), ("\nproxies = [\"127.0.0.1\", \"10.0.0.2\"]", "from 203.0.113.9 (1)")]
    {
        let (bench, address) = bench(&format!("[serve]{proxies}"));
        let serving = Serving::for_scripts(&bench, address);
        let forwarded = "x-forwarded-for: 198.51.100.1, 203.0.113.9:4711, 10.0.0.2\r\n";
        assert_eq!(ask(address, super::request("jobs", forwarded, "{}")).status, 401);
        until("it is told", || serving.err().contains(told_from));
        serving.stop();
    }
}

#[test]
fn a_sandbox_is_for_this_machine_unless_it_is_opened() {
    let bench = Bench::empty();
    bench.tradewire("sandbox --listen 0.0.0.0:0").refused(&["the sandbox's keys are everybody's", "add `--open`"]);
}
