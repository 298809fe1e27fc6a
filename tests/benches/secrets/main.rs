//! How fast texts are masked, by what is in them.
//!
//! `cargo bench --workspace --bench secrets`
//!
//! One MiB each, and a thousand secrets. What is hostile is to be no slower than by the escapes that it is full of.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tradewire_secrets::{Masker, Watch};

const LENGTH: usize = 1 << 20;
const SECRETS: usize = 1_000;
const ROUNDS: u32 = 20;

/// The best of some rounds, as what else runs here only slows it down.
fn best(what: impl Fn()) -> Duration {
    let once = || {
        let start = Instant::now();
        what();
        start.elapsed()
    };
    (0..ROUNDS).map(|_| once()).min().unwrap_or_default()
}

fn report(name: &str, taken: Duration) {
    println!("{name:<56} {:>8.2} ms {:>8.0} MiB/s", taken.as_secs_f64() * 1e3, 1.0 / taken.as_secs_f64());
}

fn main() {
    let masker = Masker::default();
    let start = Instant::now();
    for number in 0..SECRETS {
        masker.register(&format!("k3y/{number:08x}+of=Acme&{}", number * 7919));
    }
    let each = start.elapsed() / u32::try_from(SECRETS).unwrap();
    println!("{:<56} {:>8.0} µs", "to register one of 1,000", each.as_secs_f64() * 1e6);
    let header = format!("Bearer 1{}", "a".repeat(8_000));
    let long = best(|| Masker::default().register(black_box(&header)));
    println!("{:<56} {:>8.0} µs", "to register a caller's header of 8 KiB", long.as_secs_f64() * 1e6);
    masker.register(&format!("1{}", "a".repeat(900_000)));
    masker.register(&format!("{}1", "a".repeat(8_000)));
    masker.register(&format!("1{}", "a \u{1}".repeat(8_000)));

    let filled = |piece: &str| piece.repeat(LENGTH.div_ceil(piece.len()));
    let texts = [
        ("prose", filled("Two copper elbows were delivered to the branch in Phoenix on Monday. ")),
        ("digits without spaces", filled("q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kA")),
        ("JSON in JSON", filled(r#"{\"sku\":\"PO-2026/123\",\"text\":\"Ellen\\u2019s \\\"shop\\\"\"},"#)),
        ("percent encoding throughout", filled("%7B%22%73%6B%75%22%3A")),
        ("with a secret each 256 bytes", filled(&format!("{} k3y/00000001+of=Acme&7919 ", "x".repeat(230)))),
        ("hostile: `a` throughout", filled("a")),
        ("hostile: `a`, space, control character", filled("a \u{1}")),
        ("hostile: `a` in lines", filled(&format!("{}\n", "a".repeat(76)))),
        ("hostile: backslashes throughout", filled("\\")),
        ("hostile: `%25` throughout", filled("%2525252525252525")),
    ];
    for (name, text) in &texts {
        report(name, best(|| drop(black_box(masker.mask(black_box(text))))));
    }
    let watch = Watch::new("ak1.k3yOfAcme1234567890abcdef");
    for (name, text) in &texts[..3] {
        report(&format!("watched: {name}"), best(|| assert!(!black_box(watch.sees(black_box(text.as_bytes()))))));
    }
    let name = "Two copper elbows".to_owned();
    let small = best(|| (0..10_000).for_each(|_| drop(black_box(masker.mask(black_box(&name))))));
    println!("{:<56} {:>8.0} ns", "a text of 17 bytes", small.as_secs_f64() * 1e9 / 1e4);
}
