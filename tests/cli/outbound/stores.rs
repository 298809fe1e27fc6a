//! Stores of objects that are none: nothing counts as delivered, and nobody else is told anything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tradewire_store::Outcome;

use super::recorder::Recorder;
use crate::bench::{Bench, hostile};

/// A bench whose export delivers a small file to the store at this address.
fn delivering_to(store: SocketAddr) -> Bench {
    let config = hostile("output = \"64 MiB\"", "behaviour = \"writes-big\", bytes = 1000");
    let delivery = format!(
        "to = \"s3://exports/pay\"\nendpoint = \"http://{store}\"\naccess_key_id = \"AKIDEXAMPLE\"\n\
         secret_access_key = {{ env = \"VENDOR_KEY\" }}\nsession_token = {{ env = \"CALLER_KEY\" }}\ntimeout = \"5 s\"\n\
         retries = {{ times = 1, backoff = \"1 s\", longest = \"1 s\" }}"
    );
    Bench::with(&config.replace("to = \"outbox\"", &delivery))
}

fn outcome(bench: &Bench) -> Option<Outcome> {
    bench.runs()[0].ending.as_ref().map(|ending| ending.outcome)
}

#[test]
fn a_put_that_is_sent_elsewhere_is_not_delivered_and_tells_nobody() {
    let other = Recorder::answering("HTTP/1.1 200 OK\r\netag: \"x\"\r\ncontent-length: 0\r\n\r\n");
    for status in ["303 See Other", "302 Found", "307 Temporary Redirect"] {
        let away =
            format!("HTTP/1.1 {status}\r\nlocation: http://{}/stolen\r\ncontent-length: 0\r\n\r\n", other.address);
        let store = Recorder::answering(&away);
        let bench = delivering_to(store.address);
        let told = bench.tradewire("run odd --from 2026-01-05 --to 2026-01-12");
        assert_ne!(told.code, Some(0), "{told}");
        assert_ne!(outcome(&bench), Some(Outcome::Succeeded), "{told}");
        assert!(store.lines().iter().any(|line| line.starts_with("PUT /exports/pay/big.bin")), "{told}");
        assert!(told.err.contains("cannot store `pay/big.bin"), "{told}");
    }
    assert_eq!(other.everything(), "", "neither the token of the session nor the name of the file");
}

#[test]
fn an_endless_answer_to_a_put_is_left_after_a_page() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || {
                let mut head = [0; 65_536];
                let read = socket.read(&mut head).unwrap_or_default();
                if head[..read].starts_with(b"HEAD ") {
                    let none = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    return drop(socket.write_all(none));
                }
                let mut going = socket.write_all(b"HTTP/1.1 200 OK\r\netag: \"x\"\r\n\r\n").is_ok();
                while going {
                    going = socket.write_all(&[b' '; 65_536]).is_ok();
                    counted.fetch_add(65_536, Ordering::Relaxed);
                }
            });
        }
    });
    let bench = delivering_to(address);
    let told = bench.tradewire("run odd --from 2026-01-05 --to 2026-01-12");
    assert_ne!(told.code, Some(0), "{told}");
    assert!(told.err.contains("which no store has to say"), "{told}");
    let taken = taken.load(Ordering::Relaxed);
    assert!(taken < 64 << 20, "{taken} bytes were taken");
}
