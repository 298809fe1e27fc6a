//! `tradewire serve`: schedules that run, an end in good order, and one in none.
#![cfg(unix)]

use std::io::{BufRead, BufReader};

use tradewire_runs::store::{Outcome, Trigger};

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
    assert!(runs.iter().all(|run| run.opening.trigger == Trigger::Schedule && run.opening.due.is_some()));
    assert!(runs.iter().all(|run| run.ending.as_ref().is_some_and(|ending| ending.outcome == Outcome::Succeeded)));
    assert!(bench.delivered().contains(&"big.bin".to_owned()), "{:?}", bench.delivered());
    assert!(bench.delivered().iter().all(|name| !name.starts_with('.')), "{:?}", bench.delivered());
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
        "tradewire.toml has neither an export with a schedule, nor a caller of suppliers, nor a webhook; add `cron = ",
    ]);
}
