//! Plugins that misbehave: each ends as a failed run with one message that names the limit and its setting, and
//! delivers nothing.

use crate::bench::{Bench, Told, hostile};

/// Runs the hostile guest in that way and gives what was told; nothing may be left of it.
#[track_caller]
fn misbehaves(limits: &str, behaviour: &str, texts: &[&str]) -> Told {
    let bench = Bench::with(&hostile(limits, &format!("behaviour = {behaviour:?}")));
    let told = bench.tradewire("run odd --quiet").refused(texts);
    assert_eq!(told.err.matches("error: ").count(), 1, "one message: {told}");
    bench.has_delivered_nothing();
    told
}

#[test]
fn an_infinite_loop_ends_at_its_time_limit() {
    misbehaves(
        "time = \"1 s\"",
        "spins",
        &["odd for acme: failed: ", "`time` is 1 s; raise it in the plugin's `limits`"],
    );
}

#[test]
fn endless_sleep_ends_at_its_time_limit() {
    misbehaves("time = \"1 s\"", "sleeps", &["`time` is 1 s; raise it in the plugin's `limits`"]);
}

#[test]
fn a_memory_bomb_ends_at_its_memory_limit() {
    misbehaves("memory = \"16 MiB\"", "takes-memory", &["`memory` is 16 MiB; raise it in the plugin's `limits`"]);
}

#[test]
fn a_panic_is_told_as_the_plugin_s_own() {
    misbehaves("", "panics", &["the plugin stopped itself: it panicked or aborted", "the run's log say why"]);
}

#[test]
fn what_a_plugin_said_before_it_panicked_is_shown() {
    let bench = Bench::with(&hostile("", "behaviour = \"panics\""));
    bench.tradewire("run odd").refused(&["error: a panic with \"quotes\" and", "the plugin stopped itself"]);
}

#[test]
fn a_gibibyte_of_an_answer_is_refused() {
    misbehaves("memory = \"2 GiB\"", "answers-big", &["`transfer` is 16 MiB; raise it in the plugin's `limits`"]);
}

#[test]
fn endless_recursion_is_told_as_such() {
    misbehaves("", "recurses", &["the plugin called itself too deep"]);
}

#[test]
fn half_a_file_is_not_delivered_when_the_plugin_refuses() {
    misbehaves("", "writes-half-and-fails", &["odd for acme: failed: the other half is missing"]);
}

#[test]
fn half_a_file_is_not_delivered_when_the_plugin_panics() {
    misbehaves("", "writes-half-and-panics", &["the plugin stopped itself"]);
}

#[test]
fn a_file_that_was_not_finished_is_not_delivered() {
    misbehaves("", "leaves-a-file-unfinished", &["the plugin did not finish the file `unfinished.csv`"]);
}

#[test]
fn a_file_that_is_too_large_is_not_delivered() {
    misbehaves(
        "output = \"1 MiB\"",
        "writes-big",
        &["exceed the limit of 1.0 MiB: raise `output` in the plugin's `limits`"],
    );
}

#[test]
fn every_reason_of_a_refusal_is_told() {
    let text = "odd for acme: failed: one thing is wrong\n  - the first\n  - the second";
    misbehaves("", "fails", &[text]);
}

#[test]
fn a_script_finds_the_failure_in_the_result() {
    let bench = Bench::with(&hostile("", "behaviour = \"fails\""));
    let told = bench.tradewire("run odd --json");
    let json = told.json();
    let run = &json["runs"][0];
    assert_eq!((run["outcome"].as_str(), run["failure"].as_str()), (Some("failed"), Some("refused")), "{told}");
    assert_eq!(run["reasons"][1], "the second");
    assert!(run["log"][0].as_str().unwrap().contains("one thing is wrong"), "{told}");
    assert!(told.err.is_empty(), "{told}");
}

#[test]
fn nothing_outside_can_be_seen_or_written() {
    let bench = Bench::with(&hostile("", "behaviour = \"looks-around\""));
    let told = bench.tradewire("run odd").succeeded();
    assert!(told.out.contains("odd for acme: succeeded: 0 variables, 0 arguments, 0 files"), "{told}");
    bench.write("tradewire.toml", hostile("", "behaviour = \"writes-outside\""));
    let told = bench.tradewire("run odd").succeeded();
    assert!(!told.err.contains("accepted"), "{told}");
    assert!(!bench.path("outside.txt").exists());
    bench.has_delivered_nothing();
}

#[test]
fn a_plugin_that_logs_without_end_fills_neither_the_disk_nor_the_console() {
    let bench = Bench::with(&hostile("time = \"3 s\"", "behaviour = \"logs-without-end\""));
    let told = bench.tradewire("run odd").refused(&["`time` is 3 s"]);
    assert!(told.err.lines().count() < 150 && told.err.len() < 128 * 1024, "{} bytes", told.err.len());
    let run = bench.runs()[0].opening.id.to_string();
    assert!(told.err.contains(&format!("more lines follow; `tradewire runs logs {run}` shows them")), "{told}");

    let log = bench.tradewire(&format!("runs logs {run}")).succeeded().out;
    assert!(log.contains("the limit of the log is reached: `log` is 1.0 MiB; raise it in the plugin's `limits`"));
    let [.., error, last] = &log.lines().collect::<Vec<_>>()[..] else { panic!("{log}") };
    assert!(error.contains("`time` is 3 s"), "why it failed is there all the same: {error}");
    assert!(last.ends_with("lines were left out at the limit of the log"), "{last}");

    let stored: u64 = ["tradewire.db", "tradewire.db-wal"]
        .iter()
        .filter_map(|name| std::fs::metadata(bench.path(&format!(".tradewire/{name}"))).ok())
        .map(|file| file.len())
        .sum();
    assert!(stored < 4 << 20, "{stored} bytes");
}
