//! `tradewire serve`: schedules that run, an end in good order, and one in none.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};

use tradewire_store::{Outcome, TriggerKind};

use crate::bench::{Bench, Told, hostile, signal, until};

/// A configuration whose export delivers a small file at this schedule.
fn writes(cron: &str) -> String {
    hostile("output = \"4 GiB\"", "behaviour = \"writes-big\", bytes = 65536").replace("0 6 * * MON", cron)
}

#[test]
fn a_schedule_that_falls_due_runs_and_a_signal_ends_it_in_good_order() {
    let bench = Bench::with(&writes("* * * * * *"));
    let mut child = bench.start("serve");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("odd for acme: succeeded: wrote it all"), "{line}");
    signal(&child, "TERM");
    let told = Told::from(child.wait_with_output().unwrap()).succeeded();
    assert!(told.err.contains("serving 1 schedules") && told.err.contains("stopped"), "{told}");
    let runs = bench.runs();
    assert!(runs.iter().all(|run| run.opening.trigger == TriggerKind::Schedule && run.opening.due.is_some()));
    assert!(runs.iter().all(|run| run.ending.as_ref().is_some_and(|ending| ending.outcome == Outcome::Succeeded)));
    assert!(bench.delivered().contains(&"big.bin".to_owned()), "{:?}", bench.delivered());
    assert!(bench.delivered().iter().all(|name| !name.starts_with('.')), "{:?}", bench.delivered());
}

#[test]
fn a_run_with_many_reasons_is_told_in_part() {
    let config = hostile("", "behaviour = \"fails-big\", bytes = 200").replace("0 6 * * MON", "* * * * * *");
    let bench = Bench::with(&config);
    let serving = bench.start("serve");
    until("a run has failed", || bench.runs().iter().any(|run| run.ending.is_some()));
    signal(&serving, "TERM");
    let told = Told::from(serving.wait_with_output().unwrap()).succeeded();
    let run = bench.runs().pop().unwrap().opening.id;
    let first = told.out.split("odd for acme").nth(1).unwrap();
    assert!(first.lines().count() < 60, "{first}");
    assert!(first.contains(&format!("more lines: `tradewire runs show {run}` tells all")), "{first}");
    let all = bench.tradewire(&format!("runs show {run}")).succeeded().out;
    assert_eq!(all.matches("- x\n").count(), 200, "{all}");
}

#[test]
fn a_run_that_was_killed_in_the_middle_is_recorded_as_interrupted_and_leaves_no_half_a_file() {
    let bench = Bench::with(&writes("0 0 1 1 *").replace("65536", "4000000000"));
    let mut child = bench.start("run odd");
    until("the run has written something", || {
        let folder = bench.unfinished().pop();
        let file = folder.map(|folder| bench.path(".tradewire/runs").join(folder).join("0001"));
        file.and_then(|file| file.metadata().ok()).is_some_and(|file| file.len() > 0)
    });
    signal(&child, "KILL");
    child.wait().unwrap();
    assert!(bench.delivered().is_empty(), "{:?}", bench.delivered());
    assert!(bench.runs()[0].ending.is_none(), "nobody was there to record its end");

    let next = bench.start("serve");
    until("the next process records it", || bench.runs()[0].ending.is_some());
    until("the next process has cleared up", || bench.unfinished().is_empty());
    signal(&next, "TERM");
    Told::from(next.wait_with_output().unwrap()).succeeded();
    let ending = bench.runs().remove(0).ending.unwrap();
    assert_eq!(ending.outcome, Outcome::Interrupted);
    assert_eq!(ending.message, "its process ended before it was done; nothing was delivered");
    bench.has_delivered_nothing();
}

#[test]
fn the_next_run_records_the_one_that_was_killed_too() {
    let bench = Bench::with(&hostile("", "behaviour = \"sleeps\""));
    let mut child = bench.start("run odd");
    until("the run is open", || !bench.unfinished().is_empty() && !bench.runs().is_empty());
    signal(&child, "KILL");
    child.wait().unwrap();
    bench.write("tradewire.toml", hostile("", "behaviour = \"behaves\""));
    bench.tradewire("run odd").succeeded();
    let outcomes: Vec<_> = bench.runs().into_iter().map(|run| run.ending.map(|ending| ending.outcome)).collect();
    assert_eq!(outcomes, [Some(Outcome::Succeeded), Some(Outcome::Interrupted)]);
    bench.has_delivered_nothing();
}

#[test]
fn a_run_that_is_told_to_stop_is_recorded_as_interrupted() {
    let bench = Bench::with(&hostile("", "behaviour = \"sleeps\""));
    let child = bench.start("run odd --quiet");
    until("the run is open", || !bench.unfinished().is_empty());
    signal(&child, "INT");
    Told::from(child.wait_with_output().unwrap()).refused(&["odd for acme: interrupted: cancelled before it was done"]);
    assert_eq!(bench.runs()[0].ending.as_ref().unwrap().outcome, Outcome::Interrupted);
    bench.has_delivered_nothing();
}

#[test]
fn a_configuration_without_a_schedule_has_nothing_to_serve() {
    let bench = Bench::with(&writes("0 0 1 1 *").replace("cron = \"0 0 1 1 *\"", "window = \"week\""));
    bench.tradewire("serve").refused(&[
        "tradewire.toml has neither an export with a schedule, nor a caller of vendors, nor a webhook; add `cron = ",
    ]);
}

#[test]
fn the_unit_for_systemd_names_what_there_is() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tradewire.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let bench = Bench::empty();
    let commands = unit.lines().filter_map(|line| line.split_once("=/usr/local/bin/tradewire "));
    let words: Vec<&str> = commands.map(|(_, words)| words).collect();
    assert_eq!(words, ["check", "serve"]);
    words.iter().for_each(|words| drop(bench.tradewire(&format!("{words} --help")).succeeded()));
    assert!(!unit.lines().any(|line| line.starts_with("MemoryDenyWriteExecute")), "wasmtime makes code executable");
    bench.write("tradewire.service", unit.replace("/usr/local/bin/tradewire", env!("CARGO_BIN_EXE_tradewire")));
    let verify =
        std::process::Command::new("systemd-analyze").arg("verify").arg(bench.path("tradewire.service")).output();
    match verify {
        Ok(told) => assert!(told.status.success(), "{}", Told::from(told)),
        Err(error) => drop(writeln!(std::io::stderr(), "NOT TESTED: the unit: systemd-analyze: {error}")),
    }
}
