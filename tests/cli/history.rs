//! `tradewire runs`: what became of runs is told, they are run again, and their end is asked for.
#![cfg(unix)]

use serde_json::Value;
use tradewire_store::{Outcome, SlotRecord, SlotState, Store};

use crate::bench::{Bench, Offline, Told, hostile, signal, until};
use crate::journal::writes;

const WEEK: &str = "--from 2026-01-05 --to 2026-01-12";

/// A sandbox with these faults, and an export that takes these steps against it.
fn with(steps: &str, faults: &str) -> (Offline, Bench) {
    let offline = Offline::with(faults);
    let bench = Bench::with(&writes(&offline.url(), steps));
    (offline, bench)
}

/// The id of the latest run.
fn latest(bench: &Bench) -> String {
    bench.runs()[0].opening.id.to_string()
}

/// As the list shows it.
fn short(id: &str) -> &str {
    &id[id.len() - 8..]
}

fn list(bench: &Bench, options: &str) -> Vec<Value> {
    bench.tradewire(&format!("runs list --json {options}")).succeeded().json()["runs"].as_array().unwrap().clone()
}

#[test]
fn runs_are_listed_the_latest_first_and_chosen_by_what_is_asked() {
    let (_offline, bench) = with("create A, fail", "[]");
    assert_eq!(bench.tradewire("runs list").succeeded().out, "no runs\n");
    bench.tradewire(&format!("run teams {WEEK}")).refused(&["failed, as it was told to"]);
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    let text = bench.tradewire("runs list").succeeded().out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("RUN ") && lines[0].contains("OUTCOME"), "{text}");
    assert!(lines[1].contains("succeeded") && lines[1].starts_with(short(&latest(&bench))), "{text}");
    assert!(lines[2].contains("failed") && lines[2].ends_with("failed, as it was told to"), "{text}");
    assert!(lines[2].contains("teams") && lines[2].contains("2026-01-05/2026-01-12") && lines[2].contains("manual"));
    let outcomes = |options: &str| -> Vec<String> {
        list(&bench, options).iter().map(|run| run["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(""), ["succeeded", "failed"]);
    assert_eq!(outcomes("--limit 1"), ["succeeded"]);
    assert_eq!(outcomes("--outcome failed --export teams --tenant acme"), ["failed"]);
    assert!(outcomes("--outcome running").is_empty() && outcomes("--export others").is_empty());
    assert_eq!(outcomes("--since 2026-01-01").len(), 2);
    assert!(outcomes("--since 2999-01-01").is_empty());
    let told = bench.tradewire("runs list --outcome fine");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.err.contains("write succeeded, unchanged, failed"), "{told}");
}

#[test]
fn slots_without_a_run_are_listed_between_the_runs() {
    let (_offline, bench) = with("create A", "[]");
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    let due = "2026-01-05T13:00:00Z".parse().unwrap();
    let reason = Some("nobody was there".to_owned());
    let slot = SlotRecord { reason, ..SlotRecord::new("teams", "acme", due, SlotState::Missed, due) };
    bench.recorded(async |store| store.record_slots(vec![slot]).await.unwrap());
    let text = bench.tradewire("runs list --slots").succeeded().out;
    assert!(text.lines().nth(2).is_some_and(|line| line.contains("missed") && line.ends_with("nobody was there")));
    let told = bench.tradewire("runs list --slots --json").succeeded().json();
    assert_eq!((told["runs"].as_array().unwrap().len(), &told["slots"][0]["state"]), (1, &"missed".into()));
    assert_eq!(bench.tradewire("runs list").succeeded().out.lines().count(), 2, "unless they are asked for");
}

#[test]
fn a_run_is_shown_with_all_that_is_known_of_it() {
    let (_offline, bench) = with("create A, read, fail", "[]");
    bench.tradewire(&format!("run teams {WEEK}")).refused(&["failed, as it was told to"]);
    let first = latest(&bench);
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    let id = latest(&bench);
    let text = bench.tradewire(&format!("runs show {}", short(&id))).succeeded().out;
    for part in [
        id.as_str(),
        "teams for acme (1234567890)",
        "2026-01-05T00:00:00-07:00/2026-01-12T00:00:00-07:00",
        "writer (sha256:",
        "  outcome    succeeded\n",
        "other attempts",
        first.as_str(),
        "dispatch/team.get-list",
        "file outbox/acme.csv",
        "control total",
        "teams  1",
        "    delivered at 20",
        ", version 1, sha256 ",
        "writes at ServiceTitan",
        "answered  200  attempt 1  dispatch/team.create  POST /dispatch/v2/tenant/1234567890/teams",
    ] {
        assert!(text.contains(part), "`{part}` is not in this:\n{text}");
    }
    let told = bench.tradewire(&format!("runs show {id} --json")).succeeded().json();
    assert_eq!(told["id"], id.as_str());
    assert_eq!((&told["attempt"], &told["outcome"]), (&2.into(), &"succeeded".into()));
    assert_eq!(told["otherAttempts"][0]["id"], first.as_str());
    assert_eq!(told["writes"][0]["state"], "answered");
    assert_eq!(told["files"][0]["deliveredAs"], "acme.csv");
    let read =
        told["hostCalls"].as_array().unwrap().iter().find(|calls| calls["operation"] == "dispatch/team.get-list");
    assert!(read.is_some_and(|calls| calls["bytes"].as_u64() > Some(0)), "{told}");
}

#[test]
fn a_run_is_named_by_a_part_of_its_id_where_only_one_has_it() {
    let (_offline, bench) = with("create A", "[]");
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    let id = latest(&bench);
    bench.tradewire(&format!("runs show {}", short(&id).to_uppercase())).succeeded();
    // Both began within a few days.
    let told =
        bench.tradewire(&format!("runs show {}", &id[..4])).refused(&["may be several runs: ", "(teams for acme)"]);
    assert!(told.err.contains(&id) && told.err.contains(&bench.runs()[1].opening.id.to_string()), "{told}");
    bench.tradewire("runs show ffffffff").refused(&["there is no run `ffffffff`: `tradewire runs list` shows"]);
    let told = bench.tradewire("runs show weekly");
    assert!(told.code == Some(2) && told.err.contains("at least 4 characters"), "{told}");
}

#[test]
fn the_log_of_a_run_is_printed_from_a_level_on() {
    let (_offline, bench) = with("create A, fail", "[]");
    bench.tradewire(&format!("run teams {WEEK}")).refused(&["failed, as it was told to"]);
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    let (second, first) = (latest(&bench), bench.runs()[1].opening.id.to_string());
    let text = bench.tradewire(&format!("runs logs {first} --level error")).succeeded().out;
    assert!(text.contains(" error failed, as it was told to\n"), "{text}");
    let told = bench.tradewire(&format!("runs logs {second} --json")).succeeded().json();
    let lines = told["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["text"].as_str().unwrap().contains("answered from the journal")), "{told}");
    assert!(bench.tradewire(&format!("runs logs {second} --level error")).succeeded().out.is_empty());
    let followed = bench.tradewire(&format!("runs logs {first} --follow")).succeeded();
    assert!(followed.out.contains("as it was told to") && followed.err.contains(": failed"), "{followed}");
}

#[test]
fn a_run_that_failed_is_retried_as_its_next_attempt_and_writes_once() {
    let (offline, bench) = with("create A, fail", "[]");
    bench.tradewire(&format!("run teams {WEEK}")).refused(&["failed, as it was told to"]);
    let first = latest(&bench);
    bench.tradewire(&format!("runs retry {first}")).succeeded();
    let (second, runs) = (latest(&bench), bench.runs());
    assert_eq!((runs[0].opening.attempt, runs[0].opening.journal), (2, runs[1].opening.id));
    assert_eq!(runs[0].opening.window, runs[1].opening.window);
    assert_eq!(offline.teams().len(), 1, "the journal answers");
    bench.tradewire(&format!("runs retry {first}")).refused(&["is not the latest of its window", &second]);
    bench.tradewire(&format!("runs retry {second}")).refused(&["has succeeded; `--force` runs its window anew"]);
    assert_eq!(bench.runs().len(), 2);
    bench.tradewire(&format!("runs retry {second} --force")).refused(&["failed, as it was told to"]);
    assert_eq!((bench.runs()[0].opening.attempt, offline.teams().len()), (1, 2), "a run of its own writes anew");
}

#[test]
fn a_run_that_waits_for_unresolved_writes_is_not_retried_before_they_are_resolved() {
    let faults = r#"[{"do": "drop-answer", "on": "dispatch/team.create", "times": 1}]"#;
    let (offline, bench) = with("create A", faults);
    assert_eq!(bench.tradewire(&format!("run teams {WEEK}")).code, Some(3));
    let id = latest(&bench);
    let text = bench.tradewire(&format!("runs show {id}")).succeeded().out;
    assert!(text.contains("unresolved") && text.contains("1 unresolved: `tradewire writes list`"), "{text}");
    bench.tradewire(&format!("runs retry {id} --force")).refused(&["waits: a write of it may have taken effect"]);
    let write = bench.writes()[0].id;
    let how = if offline.teams().is_empty() { "--not-applied" } else { "--applied" };
    bench.tradewire(&format!("writes resolve {write} {how}")).succeeded();
    bench.tradewire(&format!("runs retry {id}"));
    assert_eq!((bench.runs()[0].opening.attempt, offline.teams().len()), (2, 1));
}

/// A run that goes on until it is ended.
fn sleeper() -> (Bench, std::process::Child, String) {
    let bench = Bench::with(&hostile("", "behaviour = \"sleeps\""));
    let child = bench.start("run odd --quiet");
    until("the run is open", || !bench.unfinished().is_empty() && !bench.runs().is_empty());
    let id = latest(&bench);
    (bench, child, id)
}

#[test]
fn the_process_that_runs_a_run_ends_it_when_another_asks() {
    let (bench, child, id) = sleeper();
    assert_eq!(list(&bench, "--outcome running").len(), 1);
    bench.tradewire(&format!("runs retry {id}")).refused(&["still goes on; `tradewire runs cancel"]);
    let told = bench.tradewire(&format!("runs cancel {}", short(&id))).succeeded();
    assert!(told.out.contains("odd for acme: cancelled: cancelled by an operator; nothing was delivered"), "{told}");
    Told::from(child.wait_with_output().unwrap()).refused(&["odd for acme: cancelled"]);
    assert_eq!(bench.runs()[0].ending.as_ref().unwrap().outcome, Outcome::Cancelled);
    assert!(bench.runs()[0].cancel_asked.is_some());
    bench.tradewire(&format!("runs cancel {id}")).refused(&["has ended already: cancelled"]);
    bench.has_delivered_nothing();
}

#[test]
fn a_run_that_nobody_carries_out_any_more_is_recorded_as_interrupted() {
    let (bench, mut child, id) = sleeper();
    signal(&child, "KILL");
    child.wait().unwrap();
    let told = bench.tradewire(&format!("runs cancel {id} --json")).succeeded().json();
    assert_eq!(told["outcome"], "interrupted");
    assert_eq!(bench.runs()[0].ending.as_ref().unwrap().outcome, Outcome::Interrupted);
    bench.has_delivered_nothing();
}

#[test]
fn a_copy_of_the_store_is_made_while_a_process_works_on_it_and_put_back_when_none_does() {
    let (bench, mut child, id) = sleeper();
    bench.tradewire("store backup copy.db").succeeded();
    bench.tradewire("store backup copy.db").refused(&["`copy.db` is there already"]);
    bench.tradewire("store restore copy.db").refused(&["a process works on the store", "stop `tradewire serve`"]);
    signal(&child, "KILL");
    child.wait().unwrap();
    bench.tradewire(&format!("runs cancel {id}")).succeeded();
    assert!(list(&bench, "--outcome running").is_empty());
    let told = bench.tradewire("store restore copy.db --json").succeeded().json();
    assert_eq!(list(&bench, "--outcome running").len(), 1, "as it was");
    assert!(bench.path(told["before"].as_str().unwrap()).exists());
    bench.tradewire("store restore none.db").refused(&["there is no store `none.db`"]);
    bench.write("none.db", "no store at all");
    bench.tradewire("store restore none.db").refused(&["is not a whole store", "nothing was changed"]);
}

#[test]
fn what_is_old_is_forgotten_when_someone_says_so() {
    let (_offline, bench) = with("create A", "[]");
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    let id = latest(&bench);
    bench.tradewire("store prune").refused(&["add `[store]` with `keep = \"400 days\"`"]);
    bench.write("tradewire.toml", bench.read("tradewire.toml") + "\n[store]\nkeep = \"400 days\"\n");
    bench.tradewire("store prune").succeeded();
    let told = bench.tradewire(&format!("runs show {id} --json")).succeeded().json();
    assert!(!told["hostCalls"].as_array().unwrap().is_empty());
    let told = bench.tradewire("store prune --keep 1ms --json").succeeded().json();
    assert_eq!((&told["runs"], &told["logs"]), (&0.into(), &1.into()), "it has written and delivered");
    let told = bench.tradewire(&format!("runs show {id} --json")).succeeded().json();
    assert!(told["hostCalls"].as_array().unwrap().is_empty() && told["writes"].as_array().unwrap().len() == 1);
    assert!(bench.tradewire(&format!("run teams {WEEK}")).succeeded().out.contains("teams for acme: unchanged"));
}
