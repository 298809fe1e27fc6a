//! Every way in which the guest `hostile` misbehaves, and how each ends: with one clear message, within its limits.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::{Canned, Ear, Heard, Listening, reader, request};
use tradewire_host::{Failure, FailureClass, Limits, Plugin, Request};

const CODES: &str = r#"{"page":1,"hasMore":false,"data":[{"id":1,"code":"REG"}]}"#;

/// How a behaviour must end.
enum End {
    /// Well, with this summary.
    Well(&'static str),
    /// By the plugin's own words, with this message.
    Refused(&'static str),
    Transient(&'static str),
    /// By the host, with this message.
    Stopped(&'static str),
}
use End::{Refused, Stopped, Transient, Well};

const TIME: &str = "the limit of time is reached: `time` is 0.3 s; raise it in the plugin's `limits`";
const MEMORY: &str = "the limit of memory is reached: `memory` is 16 MiB; raise it in the plugin's `limits`";
const TRANSFER: &str =
    "the limit of what one call may transfer is reached: `transfer` is 128 KiB; raise it in the plugin's `limits`";
const PANIC: &str = "the plugin stopped itself: it panicked or aborted; the last lines of the run's log say why";

const NOTHING: &str = "remembers 0 runs, 0 marks, 0 bytes";

/// A behaviour, the setting `bytes`, how it ends, and what else must be so.
type Case = (&'static str, &'static str, End, fn(&Heard));

/// One for every behaviour of the guest: the test below compares.
const CASES: &[Case] = &[
    ("behaves", "0", Well("no harm done"), |_| {}),
    ("spins", "0", Stopped(TIME), |_| {}),
    ("sleeps", "0", Stopped(TIME), |_| {}),
    (
        "calls-without-end",
        "0",
        Refused("the limit of calls is reached: `host_calls` is 20; raise it in the plugin's `limits`"),
        |heard| assert_eq!(heard.calls, 20),
    ),
    ("walks-without-end", "0", Refused("16 walks through pages and downloads are open at once"), |heard| {
        assert_eq!(heard.calls, 16);
    }),
    ("connects", "0", Well("nothing answered"), |_| {}),
    ("takes-memory", "1073741824", Stopped(MEMORY), |_| {}),
    ("recurses", "0", Stopped("the plugin called itself too deep: its stack is full"), |_| {}),
    (
        "recurses-with-much",
        "0",
        Stopped("the plugin reached outside its memory: it is faulty, or called itself too deep"),
        |_| {},
    ),
    ("panics", "0", Stopped(PANIC), |heard| {
        assert!(heard.last.contains("a panic with \"quotes\" and\na second line"), "{}", heard.last);
    }),
    (
        "exits",
        "0",
        Stopped("the plugin ended itself with exit code 1 instead of giving a result; see the run's log"),
        |_| {},
    ),
    ("fails", "0", Refused("one thing is wrong\n  - the first\n  - the second"), |_| {}),
    ("fails-transient", "0", Transient("try again later"), |_| {}),
    ("answers-big", "1000000", Stopped(TRANSFER), |_| {}),
    ("answers-big", "1073741824", Stopped(MEMORY), |_| {}),
    ("fails-big", "100000", Stopped(TRANSFER), |_| {}),
    ("fails-big", "100000000", Stopped(MEMORY), |_| {}),
    ("writes-big", "1073741824", Refused("the run's files exceed 1048576 bytes"), |heard| {
        assert_eq!(heard.bytes, 1 << 20);
        assert_eq!(heard.finished.len(), 0);
    }),
    ("writes-many", "1000000", Refused("the run has more than 10 files"), |heard| {
        assert_eq!(heard.finished.len(), 10);
        assert_eq!(heard.names.len(), 11);
    }),
    ("writes-half-and-fails", "0", Refused("the other half is missing"), unfinished),
    ("writes-half-and-panics", "0", Stopped(PANIC), unfinished),
    ("leaves-a-file-unfinished", "0", Well("forgot to finish"), unfinished),
    ("writes-outside", "0", Well("tried them all"), |heard| {
        assert_eq!(heard.names.len(), 9, "each name comes to the sink as it is, for it to judge");
        assert!(heard.names.contains(&"a\0b.txt".to_owned()));
        assert_eq!((heard.finished.len(), heard.lines), (0, 0), "{}", heard.last);
    }),
    ("logs-without-end", "0", Stopped(TIME), |heard| assert!(heard.longest_line <= 1024)),
    ("prints-without-end", "0", Stopped(TIME), |heard| assert!(heard.longest_line <= 1024)),
    ("prints-without-a-break", "0", Stopped(TIME), |heard| {
        assert!(heard.lines > 0 && heard.longest_line <= 8 * 1024, "a line without an end is cut into several");
    }),
    ("remembers", "0", Well(NOTHING), |_| {}),
    ("looks-around", "0", Well("0 variables, 0 arguments, 0 files"), |_| {}),
];

fn unfinished(heard: &Heard) {
    assert_eq!((heard.finished.len(), heard.dropped.len()), (0, 1), "what is not finished never was");
}

fn limits() -> Limits {
    Limits {
        memory: 16 << 20,
        time: Duration::from_millis(300),
        transfer: 128 << 10,
        host_calls: 20,
        ..Limits::default()
    }
}

async fn run(plugin: &Plugin, behaviour: &str, bytes: &str) -> (Result<String, Failure>, usize, Heard) {
    let ear = Ear::new(1 << 20, 10);
    let request = Request {
        limits: limits(),
        sink: Arc::new(Listening(ear.clone())),
        ..request(CODES, &[("behaviour", behaviour), ("bytes", bytes)])
    };
    let (result, usage) = plugin.run(request).await;
    let heard = std::mem::take(&mut *ear.heard.lock().unwrap());
    (result, usage.peak_memory, heard)
}

#[tokio::test]
async fn each_ends_with_one_clear_message_and_within_its_limits() {
    let plugin = reader("hostile.wasm").unwrap();
    for (behaviour, bytes, end, also) in CASES {
        let (result, peak, heard) = run(&plugin, behaviour, bytes).await;
        let told = match &result {
            Ok(summary) => summary.clone(),
            Err(failure) => failure.to_string(),
        };
        let class = result.as_ref().err().map(|failure| failure.class);
        let (wanted_class, wanted) = match end {
            Well(message) => (None, *message),
            Refused(message) => (Some(FailureClass::Refused), *message),
            Transient(message) => (Some(FailureClass::Transient), *message),
            Stopped(message) => (Some(FailureClass::Broken), *message),
        };
        assert_eq!(class, wanted_class, "{behaviour}: {told}");
        assert!(told.contains(wanted), "{behaviour}: {told}");
        assert!(peak <= limits().memory, "{behaviour}: {peak}");
        also(&heard);
    }
    let (after, ..) = run(&plugin, "behaves", "0").await;
    assert_eq!(after.unwrap(), "no harm done", "and the next run notices nothing");
}

#[tokio::test]
async fn every_behaviour_of_the_guest_has_a_case_here() {
    let plugin = reader("hostile.wasm").unwrap();
    let told = run(&plugin, "?", "0").await.0.unwrap_err().message;
    let (_, names) = told.split_once("one of ").unwrap();
    let mut cases: Vec<&str> = CASES.iter().map(|case| case.0).collect();
    cases.dedup();
    assert_eq!(names.split(", ").collect::<Vec<_>>(), cases);
}

#[tokio::test]
async fn a_call_that_never_returns_is_ended_by_the_outer_time_out() {
    let plugin = reader("hostile.wasm").unwrap();
    let silent = Request {
        limits: limits(),
        api: Arc::new(support::Silent::default()),
        ..request(CODES, &[("behaviour", "calls-without-end")])
    };
    let told = plugin.run(silent).await.0.unwrap_err().to_string();
    assert!(told.contains(TIME), "{told}");
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_told_by_its_setting() {
    let plugin = reader("hostile.wasm").unwrap();
    let small = Request {
        limits: Limits { answer: 10, ..limits() },
        api: Arc::new(Canned(CODES)),
        ..request(CODES, &[("behaviour", "calls-without-end")])
    };
    let told = plugin.run(small).await.0.unwrap_err().to_string();
    assert!(told.contains("`answer` is 10 bytes"), "{told}");
}

#[tokio::test]
async fn no_run_finds_anything_of_the_one_before_it() {
    let plugin = reader("hostile.wasm").unwrap();
    for _ in 0..20 {
        assert_eq!(run(&plugin, "remembers", "0").await.0.unwrap(), NOTHING);
        // Others, however they end, leave nothing behind either.
        assert!(run(&plugin, "recurses-with-much", "0").await.0.is_err());
        assert!(run(&plugin, "takes-memory", "1073741824").await.0.is_err());
    }
}
