//! ServiceTitan's events: `tradewire serve` takes them in, `tradewire webhooks` shows them.
#![cfg(unix)]

mod runs;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::bench::{Bench, config, until};
use crate::vendors::http::{Answer, ask};
use crate::vendors::serving::{Serving, nowhere};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER_KEY: &str = "0123456789abcdef0123456789abcdeg";
/// Longer than anything takes; so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bench with a webhook `jobs`, with what else is given, and where it will listen.
fn bench(rest: &str) -> (Bench, SocketAddr) {
    let address = nowhere();
    let sections = format!(
        r#"
[webhook.jobs]
tenants = ["acme"]
secret = {{ file = "webhook.key" }}
events = ["tn.jpm.job-completed", "tn.jpm.job-updated"]
{rest}

[serve]
listen = "{address}"
body = "16 KiB"
"#
    );
    let bench = Bench::with(&config("http://127.0.0.1:9", &sections));
    bench.write("webhook.key", KEY);
    (bench, address)
}

/// An event of this occurrence, as ServiceTitan sends it.
fn event(occurrence: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("delivery of {occurrence}"),
        "type": "tn.jpm.job-completed",
        "time": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true),
        "source": "https://webhooks.servicetitan.io",
        "userassignedid": occurrence,
        "datacontenttype": "application/json",
        "data": { "job": { "id": 7, "total": 12.5 }, "tenantId": 1234567890, "tenantName": "Acme" },
    })
}

fn signature(key: &str, body: &str) -> Vec<u8> {
    let mut signature = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    signature.update(body.as_bytes());
    signature.finalize().into_bytes().to_vec()
}

/// A request with this signature, or none.
fn request(path: &str, signature: Option<&str>, body: &str) -> String {
    let signature = signature.map(|text| format!("X-ServiceTitan-Signature: {text}\r\n")).unwrap_or_default();
    format!(
        "POST /webhooks/{path} HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n{signature}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The same, signed with this key.
fn signed(key: &str, path: &str, body: &str) -> String {
    request(path, Some(&HEXLOWER.encode(&signature(key, body))), body)
}

#[track_caller]
fn refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.json()["error"].as_str().unwrap().contains(text), "{answer:?}");
}

/// The events that are listed, the latest first.
fn listed(bench: &Bench) -> Vec<Value> {
    let list = bench.tradewire("webhooks list --limit 10000 --json").succeeded();
    serde_json::from_str::<Value>(&list.out).unwrap()["events"].as_array().unwrap().clone()
}

#[test]
fn an_event_is_there_once_it_is_answered_and_stays_one_however_often_it_comes() {
    let (bench, address) = bench("");
    let serving = Serving::for_scripts(&bench, address);
    let body = event("o-1").to_string();
    let first = ask(address, signed(KEY, "jobs", &body));
    assert_eq!((first.status, &first.json()["repeated"]), (200, &json!(false)), "{first:?}");
    // Killed.
    drop(serving);
    let events = listed(&bench);
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["id"], &events[0]["occurrence"]), (&first.json()["event"], &json!("o-1")));
    assert_eq!((&events[0]["tenant"], &events[0]["type"]), (&json!("acme"), &json!("tn.jpm.job-completed")));
    let payload: Value = serde_json::from_str(events[0]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload, event("o-1")["data"]);

    let serving = Serving::for_scripts(&bench, address);
    let mut again = event("o-1");
    again["id"] = json!("another delivery");
    let again = ask(address, signed(KEY, "jobs/acme", &again.to_string()));
    assert_eq!(again.json(), json!({ "event": first.json()["event"], "repeated": true }));
    assert_eq!(listed(&bench).len(), 1);
    let told = serving.stop();
    assert!(told.out.contains(r#""repeated":true"#), "{told}");
    let text = bench.tradewire("webhooks list --webhook jobs --tenant acme").succeeded();
    assert!(text.out.contains("  jobs  acme  tn.jpm.job-completed  "), "{text}");
    assert_eq!(bench.tradewire("webhooks list --tenant zenith").succeeded().out, "no events\n");
}

#[test]
fn what_is_forged_or_out_of_time_is_refused_and_not_stored() {
    let (bench, address) = bench("replay_window = \"1 h\"");
    let _serving = Serving::for_scripts(&bench, address);
    let body = event("o-1").to_string();
    refused(&ask(address, request("jobs", None, &body)), 401, "there is no signature");
    refused(&ask(address, request("jobs", Some("0123"), &body)), 401, "not the 32 bytes");
    refused(&ask(address, signed(OTHER_KEY, "jobs", &body)), 401, "not that of this body and this key");
    let genuine = signed(KEY, "jobs", &body);
    let altered = genuine.replace("12.5", "92.5");
    refused(&ask(address, altered), 401, "not that of this body and this key");
    // Nothing of a forged body is looked at.
    refused(&ask(address, signed(OTHER_KEY, "jobs", "{")), 401, "not that of this body and this key");
    for (hours, text) in [(-2, "raise `replay_window` of `[webhook.jobs]`"), (2, "set this machine's clock")] {
        let mut event = event("o-2");
        event["time"] = json!((Utc::now() + TimeDelta::hours(hours)).to_rfc3339());
        refused(&ask(address, signed(KEY, "jobs", &event.to_string())), 401, text);
    }
    assert_eq!(listed(&bench).len(), 0);
    assert_eq!(ask(address, genuine).status, 200, "the genuine one of the same occurrence is still taken");
    assert_eq!(listed(&bench).len(), 1);
}

#[test]
fn header_and_encoding_are_as_they_are_set() {
    let (bench, address) = bench("encoding = \"base64\"\nheader = \"X-Signed-By\"");
    let _serving = Serving::for_scripts(&bench, address);
    let body = event("o-1").to_string();
    let named = |text: String| request("jobs", Some(&text), &body).replace("X-ServiceTitan-Signature", "x-signed-by");
    refused(&ask(address, named(HEXLOWER.encode(&signature(KEY, &body)))), 401, "in the encoding that is wanted");
    refused(&ask(address, signed(KEY, "jobs", &body)), 401, "there is no signature");
    assert_eq!(ask(address, named(BASE64.encode(&signature(KEY, &body)))).status, 200);
}

#[test]
fn what_is_no_event_that_is_taken_is_told_what_is_wrong_with_it() {
    let (bench, address) = bench("");
    let _serving = Serving::for_scripts(&bench, address);
    let told = |path: &str, body: &str, status: u16, text: &str| {
        refused(&ask(address, signed(KEY, path, body)), status, text);
    };
    told("jobs", "{", 400, "the body is not a CloudEvents envelope");
    let mut nameless = event("o-1");
    nameless.as_object_mut().unwrap().remove("userassignedid");
    told("jobs", &nameless.to_string(), 400, "the event has no `userassignedid`");
    let whole = event("o-1").to_string();
    told("jobs", &whole.replace("job-completed", "job-scheduled"), 400, "it is not among its `events`");
    told("jobs", &whole.replace("1234567890", "42"), 400, "takes no events of tenant 42");
    told("jobs/zenith", &whole, 400, "takes no events of tenant `zenith`");
    told("jobs", &whole.replace("\"tenantId\"", "\"tenant\""), 400, "write `/webhooks/jobs/<tenant>`");
    told("jbos", &whole, 404, "there is no such webhook");
    told("jobs", &" ".repeat(20_000), 413, "the body is longer than 16384 bytes");
    let get = ask(address, "GET /webhooks/jobs HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n\r\n");
    assert_eq!(get.status, 405, "{get:?}");
    assert_eq!(listed(&bench).len(), 0);
}

#[test]
fn an_event_that_cannot_be_stored_is_to_be_sent_again() {
    let (bench, address) = bench("");
    let _serving = Serving::for_scripts(&bench, address);
    let body = signed(KEY, "jobs", &event("o-1").to_string());
    let other = rusqlite::Connection::open(bench.path(".tradewire/tradewire.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = ask(address, &body);
    refused(&answer, 503, "the event could not be stored; send it again");
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ask(address, &body).status, 200);
    assert_eq!(listed(&bench).len(), 1);
}

/// The status of an answer; none where the connection broke before there was one.
fn status(address: SocketAddr, request: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    // Whoever is killed resets the connection, also behind its answer.
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn in_a_burst_with_repeats_and_forgeries_that_is_killed_three_times_each_genuine_event_is_kept_once() {
    const EVENTS: usize = 400;
    const SENDERS: usize = 4;
    let (bench, address) = bench("");
    let mut serving = Serving::for_scripts(&bench, address);
    let taken = &AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                scope.spawn(move || {
                    for n in (sender..EVENTS).step_by(SENDERS) {
                        let genuine = signed(KEY, "jobs", &event(&format!("o-{n}")).to_string());
                        // ServiceTitan sends an event again until it is told that it was taken.
                        until("it is taken", || status(address, &genuine) == Some(200));
                        taken.fetch_add(1, Ordering::Relaxed);
                        if n % 10 == 0 {
                            until("it is taken again", || status(address, &genuine) == Some(200));
                        }
                        if n % 25 == 0 {
                            let forged = signed(OTHER_KEY, "jobs", &event(&format!("forged {n}")).to_string());
                            until("it is refused", || status(address, &forged) == Some(401));
                        }
                    }
                })
            })
            .collect();
        for quarter in 1..=3 {
            // Closely watched: the senders are in the middle of it.
            while taken.load(Ordering::Relaxed) < quarter * EVENTS / 4 {
                assert!(!senders.iter().all(|sender| sender.is_finished()));
                std::thread::yield_now();
            }
            serving.kill();
            serving = Serving::for_scripts(&bench, address);
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
    let mut occurrences: Vec<String> =
        listed(&bench).iter().map(|event| event["occurrence"].as_str().unwrap().to_owned()).collect();
    occurrences.sort();
    let mut expected: Vec<String> = (0..EVENTS).map(|n| format!("o-{n}")).collect();
    expected.sort();
    assert_eq!(occurrences, expected);
}

#[test]
fn a_key_that_is_none_is_told_before_anything_is_served() {
    let (bench, _) = bench("");
    for (key, what) in [
        ("short".to_owned(), "too short a key, which may be guessed (characters: 5, at least 32)"),
        ("a".repeat(64), "too plain a key, which may be guessed (different characters: 1, at least 8)"),
    ] {
        let told = format!("webhook `jobs`, `secret`: file `webhook.key` holds {what}: set it to the webhook's key");
        bench.write("webhook.key", key);
        bench.tradewire("check").refused(&[&told]);
        bench.tradewire("serve").refused(&[&told]);
    }
    std::fs::remove_file(bench.path("webhook.key")).unwrap();
    bench.tradewire("check").refused(&["webhook `jobs`, `secret`: cannot read the secret file `webhook.key`"]);
}
