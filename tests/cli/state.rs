//! What plugins keep from run to run, and `tradewire state`: with the run that succeeds, and with no other.
#![cfg(unix)]

use tradewire_store::{Outcome, RunRecord};

use crate::bench::{Bench, Offline, Told, signal, until};
use crate::journal::writes;

const WEEK: &str = "--from 2026-01-05 --to 2026-01-12";

fn with(steps: &str, faults: &str) -> (Offline, Bench) {
    let offline = Offline::with(faults);
    let bench = Bench::with(&writes(&offline.url(), steps));
    (offline, bench)
}

fn run(bench: &Bench, window: &str) -> Told {
    bench.tradewire(&format!("run teams {window}"))
}

/// The plugin takes other steps from now on.
fn becomes(bench: &Bench, from: &str, to: &str) {
    let config = bench.read("tradewire.toml");
    assert!(config.contains(from));
    bench.write("tradewire.toml", config.replace(from, to));
}

fn counted(bench: &Bench) -> String {
    bench.tradewire("state get teams acme runs").succeeded().out.trim().to_owned()
}

fn outcome(run: &RunRecord) -> Outcome {
    run.ending.as_ref().unwrap().outcome
}

#[test]
fn what_a_plugin_keeps_is_there_for_its_next_run_and_no_failure_changes_it() {
    let (_offline, bench) = with("count runs, count runs, count other", "[]");
    assert!(run(&bench, WEEK).succeeded().out.contains("0 teams, runs 1, runs 2, other 1"), "it sees its own changes");
    becomes(&bench, "count other", "fail-always");
    run(&bench, WEEK).refused(&["failed, as it was told to"]);
    assert_eq!(counted(&bench), "2");
    becomes(&bench, "fail-always", "forget other");
    assert!(run(&bench, WEEK).succeeded().out.contains("runs 3, runs 4"));
    let told = bench.tradewire("state list teams acme").succeeded();
    assert!(told.out.contains("default  runs  1 bytes") && !told.out.contains("other"), "{told}");
}

#[test]
fn operators_look_at_it_and_repair_it() {
    let (_offline, bench) = with("count runs", "[]");
    assert!(bench.tradewire("state list teams acme").succeeded().out.contains("teams keeps nothing for acme"));
    bench.tradewire("state list team acme").refused(&["there is no export `team`; did you mean `teams`?"]);
    bench.tradewire("state list teams acne").refused(&["did you mean `acme`?"]);
    bench.tradewire("state set teams acme runs 41").succeeded();
    assert!(run(&bench, WEEK).succeeded().out.contains("runs 42"));
    bench.write("value", "7");
    bench.tradewire("state set teams acme runs --file value").succeeded();
    assert_eq!(bench.tradewire("state get teams acme runs --json").succeeded().json()["value"], "7");
    bench.tradewire("state set teams acme runs seven").succeeded();
    run(&bench, WEEK).refused(&["cannot keep `runs`: `runs` cannot be added to: it is not a number"]);
    bench.tradewire("state delete teams acme runs").succeeded();
    bench
        .tradewire("state delete teams acme runs")
        .refused(&["teams keeps no `runs` for acme in the bucket `default`"]);
    assert!(run(&bench, WEEK).succeeded().out.contains("runs 1"));
    bench.tradewire("state delete teams acme --all").succeeded();
    bench.tradewire("state get teams acme runs").refused(&["teams keeps no `runs`"]);
}

#[test]
fn the_limits_of_what_is_kept_say_which_setting_raises_them() {
    let (_offline, bench) = with("keep much 70000", "[]");
    becomes(&bench, "\n[export.teams]", "limits = { state_value = \"64 KiB\" }\n\n[export.teams]");
    run(&bench, WEEK).refused(&["the value of `much` exceeds the limit of 64.0 KiB", "raise `state_value`"]);
    becomes(&bench, "state_value = \"64 KiB\"", "state = \"64 KiB\"");
    run(&bench, WEEK).refused(&["the state exceeds the limit of 64.0 KiB", "raise `state` in the plugin's `limits`"]);
    becomes(&bench, "limits = { state = \"64 KiB\" }", "");
    run(&bench, WEEK).succeeded();
    assert!(bench.tradewire("state list teams acme").succeeded().out.contains("70000 bytes"));
}

#[test]
fn a_run_that_waits_keeps_nothing_until_it_goes_on() {
    let lost = r#"[{"do": "drop-answer", "on": "dispatch/team.create", "times": 1}]"#;
    let (_offline, bench) = with("count runs, try A", lost);
    assert_eq!(run(&bench, WEEK).code, Some(3));
    assert!(bench.tradewire("state list teams acme").succeeded().out.contains("keeps nothing"));
    let unresolved = bench.tradewire("writes list --json").succeeded().json();
    let id = unresolved["writes"][0]["id"].as_str().unwrap().to_owned();
    bench.tradewire(&format!("writes resolve {id} --not-applied")).succeeded();
    assert!(run(&bench, WEEK).succeeded().out.contains("runs 1"));
}

#[test]
fn a_process_that_is_killed_again_and_again_keeps_what_its_history_says() {
    const RUNS: usize = 12;
    let faults = r#"[{"do": {"latency": {"ms": 20}}, "on": "dispatch/"}]"#;
    let (offline, bench) = with("count runs, create A@, count runs", faults);
    for n in 0..RUNS {
        let window = format!("--from 2026-02-{:02} --to 2026-02-{:02}", n + 1, n + 2);
        let mut child = bench.start(&format!("run teams {window}"));
        let before = offline.teams().len();
        // From before the write to after the end.
        if n % 2 == 0 {
            until("it writes or ends", || offline.teams().len() > before || child.try_wait().unwrap().is_some());
        }
        std::thread::sleep(std::time::Duration::from_millis(7 * n as u64));
        if child.try_wait().unwrap().is_none() {
            signal(&child, "KILL");
        }
        child.wait().unwrap();
    }
    // Whoever looks ends what was abandoned.
    bench.tradewire("run teams --from 2026-03-01 --to 2026-03-02").succeeded();
    let runs = bench.runs();
    let succeeded = runs.iter().filter(|run| outcome(run) == Outcome::Succeeded).count();
    assert_eq!(counted(&bench), (2 * succeeded).to_string(), "two for each run that succeeded: {runs:#?}");
    let files = bench.delivered().iter().filter(|name| name.ends_with(".csv")).count();
    assert_eq!(files, succeeded, "{:?}", bench.delivered());
}
