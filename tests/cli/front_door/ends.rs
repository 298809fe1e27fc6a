//! How it ends, and goes on, whoever holds on to it: strangers in the midst of what they send, and a reader of its output
//! who does not read.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::bench::{CALLER_KEY, signal, until};
use crate::vendors::http::{ask, connect, post};
use crate::vendors::serving::Serving;

use super::{bench, event, health, send};

#[test]
fn a_stranger_in_the_midst_of_a_body_holds_no_stop() {
    let (bench, address) = bench("[serve]");
    let serving = Serving::for_scripts(&bench, address);
    let forged = format!("x-servicetitan-signature: {}\r\n", "0".repeat(64));
    let head =
        |length: usize| format!("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n{forged}content-length: {length}\r\n\r\n");
    let mut strangers: Vec<_> = (0..5).map(|_| connect(address)).collect();
    for stranger in &mut strangers {
        stranger.write_all(head(4_000_000).as_bytes()).unwrap();
        stranger.write_all(&[b' '; 1000]).unwrap();
    }
    let trickle = std::thread::spawn(move || {
        while strangers.iter_mut().any(|stranger| stranger.write_all(b" ").is_ok()) {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(health(address), 200);
    let told = Instant::now();
    serving.stop();
    assert!(told.elapsed() < Duration::from_secs(15), "{:?}; a body may take 30 s", told.elapsed());
    trickle.join().unwrap();
}

#[test]
fn whoever_does_not_read_its_output_keeps_it_neither_from_serving_nor_from_stopping() {
    let caller = "[middleware.harborline]\npack = \"PACK\"\ntenants = [\"acme\"]\nbase_url = \"http://127.0.0.1:9\"\nsecrets = { ApiKey = \
                  { env = \"VENDOR_KEY\" } }\n\n[caller.office]\nkey = { env = \"CALLER_KEY\" }\n\n[serve]";
    let pack = crate::vendors::harborline().display().to_string();
    let (bench, address) = bench(&caller.replace("PACK", &pack));
    for words in ["serve", "serve --json"] {
        let mut child = bench.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until("it listens", || std::net::TcpStream::connect(address).is_ok());
        // More than a pipe holds: 64 KiB.
        let nowhere = format!("acme/harborline/{}", "x".repeat(150));
        for _ in 0..400 {
            assert_eq!(ask(address, post(Some(CALLER_KEY), &nowhere, "{}")).status, 404);
        }
        assert_eq!(health(address), 200);
        assert_eq!(send(address, "jobs", &event(words)).status, 200);
        signal(&child, "TERM");
        until("it ends", || child.try_wait().unwrap().is_some());
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn what_is_left_out_of_an_output_that_is_read_late_is_counted() {
    let (bench, address) = bench("[serve]");
    let mut child = bench.command("serve").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("it listens", || std::net::TcpStream::connect(address).is_ok());
    // A line each, more of them than a pipe and the queue hold together.
    let kind = "x".repeat(1000);
    for n in 0..3000 {
        let mut event = event(&format!("late-{n}"));
        event["type"] = kind.clone().into();
        assert_eq!(send(address, "jobs", &event).status, 200);
    }
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let err = child.stderr.take().unwrap();
    let heard = std::thread::spawn(move || std::io::read_to_string(err).unwrap());
    let mut lines = String::new();
    while !lines.contains(" lines are left out here: whoever reads them is too slow") {
        let after = event("after");
        assert_eq!(send(address, "jobs", &after).status, 200);
        std::io::BufRead::read_line(&mut out, &mut lines).unwrap();
    }
    signal(&child, "TERM");
    let rest = std::thread::spawn(move || std::io::read_to_string(out).unwrap());
    assert!(child.wait().unwrap().success());
    let (lines, err) = (lines + &rest.join().unwrap(), heard.join().unwrap());
    let left_out: usize =
        lines.lines().filter_map(|line| line.split_once(" lines are left out here")?.0.parse::<usize>().ok()).sum();
    let told = lines.lines().filter(|line| line.starts_with("jobs: xxx")).count();
    assert!(left_out > 0 && told + left_out >= 3000, "{told}, {left_out}");
    assert!(err.contains("stopped"), "{err}");
}

#[test]
fn a_signed_event_with_an_endless_name_is_refused_in_a_few_words() {
    let (bench, address) = bench("[serve]");
    let serving = Serving::for_scripts(&bench, address);
    for member in ["specversion", "id", "type", "source", "time", "userassignedid"] {
        let mut long = event("long");
        long[member] = "x".repeat(500_000).into();
        let answer = send(address, "jobs", &long);
        assert_eq!(answer.status, 400);
        assert!(answer.text.len() < 1000 && answer.text.contains(&format!("`{member}`")), "{member}");
    }
    let told = serving.stop();
    assert!(told.out.len() + told.err.len() < 10_000, "{}", told.out.len() + told.err.len());
}
