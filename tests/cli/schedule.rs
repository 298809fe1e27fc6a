//! `tradewire schedule` and `tradewire run --backfill`.
#![cfg(unix)]

use chrono::{TimeDelta, Utc};
use tradewire_store::{Outcome, SlotFilter, SlotRecord, SlotState, Store};

use crate::bench::{Bench, Offline, Told, hostile, signal, until};
use crate::journal::writes;

/// An export with this schedule that behaves.
fn scheduled(lines: &str) -> Bench {
    let config = hostile("", "behaviour = \"behaves\"");
    Bench::with(&config.replace("cron = \"0 6 * * MON\"", lines))
}

fn slots(bench: &Bench) -> Vec<SlotRecord> {
    bench.recorded(async |store| store.slots(&SlotFilter::default()).await.unwrap())
}

#[test]
fn what_comes_next_is_shown_with_start_window_and_blackout() {
    let bench = scheduled("cron = \"0 6 * * *\"\njitter = \"20 min\"\nblackout = [\"SAT-SUN\"]");
    let told = bench.tradewire("schedule next odd --count 7 --json").succeeded().json();
    let next = told["schedules"][0]["next"].as_array().unwrap();
    assert_eq!(next.len(), 7);
    assert!(next.iter().all(|slot| slot["due"].as_str().unwrap().ends_with("T06:00:00-07:00")), "{told}");
    assert!(next.iter().any(|slot| slot["start"] != slot["due"]), "{told}");
    assert_eq!(next.iter().filter(|slot| slot["blackout"] == "SAT-SUN").count(), 2);
    assert_eq!(next[1]["window"]["start"], next[0]["due"]);
    assert_eq!(told, bench.tradewire("schedule next odd --count 7 --json").succeeded().json(), "jitter is no accident");
    let text = bench.tradewire("schedule next odd").succeeded().out;
    assert!(text.starts_with("odd for acme (America/Phoenix)\n") && text.lines().count() == 11, "{text}");
    assert!(text.contains(": does not run, it lies in the blackout `SAT-SUN`"), "{text}");
}

#[test]
fn a_schedule_is_paused_and_resumed() {
    let bench = scheduled("cron = \"0 6 * * MON\"");
    let list = || bench.tradewire("schedule list").succeeded().out;
    assert!(list().starts_with("odd for acme: ready, next at "), "{}", list());
    bench.tradewire("schedule pause odd --tenant acme").succeeded();
    assert!(list().contains("odd for acme: paused, next at ") && list().contains("\n  paused since "), "{}", list());
    assert!(bench.tradewire("schedule resume odd --tenant acme").succeeded().out.contains("odd for acme is resumed"));
    assert!(bench.tradewire("schedule resume odd").succeeded().out.contains("was not paused"));
    bench.tradewire("schedule pause odd").succeeded();
    let told = bench.tradewire("schedule list --json").succeeded().json();
    assert_eq!(told["schedules"][0]["condition"], "paused");
    bench.tradewire("schedule resume odd --tenant acme").refused(&["odd is paused for all of its tenants"]);
    bench.tradewire("schedule resume odd").succeeded();
    assert!(list().starts_with("odd for acme: ready"), "{}", list());
}

#[test]
fn what_is_not_there_is_named() {
    let bench = scheduled("window = \"week\"");
    bench.tradewire("schedule pause od").refused(&["there is no export `od`; did you mean `odd`?"]);
    bench.tradewire("schedule next odd --tenant acne").refused(&["tenant `acne`; did you mean `acme`?"]);
    bench.tradewire("schedule next odd").refused(&["export `odd` has no schedule; add `cron = "]);
    assert_eq!(bench.tradewire("schedule list").succeeded().out, "no schedules\n");
}

/// Records that an export's schedule was last resumed three days ago.
fn last_taken_up(bench: &Bench, export: &str) {
    let due = Utc::now() - TimeDelta::days(3);
    let row = SlotRecord::new(export, "acme", due, SlotState::Missed, due);
    bench.recorded(async |store| store.record_slots(vec![row]).await.unwrap());
}

#[test]
fn a_run_that_fails_is_tried_again_also_by_the_next_process_and_writes_once() {
    let offline = Offline::with("[]");
    let lines = "cron = \"0 6 * * *\"\nretries = { times = 1, backoff = \"4 s\" }";
    let bench = Bench::with(&writes(&offline.url(), "create A, fail").replace("cron = \"0 6 * * MON\"", lines));
    last_taken_up(&bench, "teams");
    let mut serve = bench.start("serve");
    until("the first attempt has failed", || bench.runs().first().is_some_and(|run| run.ending.is_some()));
    signal(&serve, "KILL");
    serve.wait().unwrap();
    let next = bench.start("serve");
    until("it is tried again", || bench.runs().len() == 2 && bench.runs()[0].ending.is_some());
    signal(&next, "TERM");
    Told::from(next.wait_with_output().unwrap()).succeeded();
    let attempts: Vec<_> =
        bench.runs().iter().map(|run| (run.opening.attempt, run.ending.as_ref().map(|end| end.outcome))).collect();
    assert_eq!(attempts, [(2, Some(Outcome::Succeeded)), (1, Some(Outcome::Failed))]);
    assert_eq!(offline.teams().len(), 1, "the write is made once");
}

#[test]
fn a_schedule_that_nothing_runs_says_so() {
    let bench = scheduled("cron = \"0 6 * * *\"");
    last_taken_up(&bench, "odd");
    let text = bench.tradewire("schedule list").succeeded().out;
    assert!(text.starts_with("odd for acme: overdue, next at "), "{text}");
    assert!(text.contains("fell due and nobody took it: does `tradewire serve` run?"), "{text}");
}

#[test]
fn serve_runs_no_slot_of_a_schedule_that_is_paused_and_sees_a_pause_while_it_runs() {
    let bench = scheduled("cron = \"* * * * * *\"");
    bench.tradewire("schedule pause odd").succeeded();
    let serve = bench.start("serve");
    until("slots are recorded", || slots(&bench).len() > 1);
    assert!(slots(&bench).iter().all(|slot| slot.state == SlotState::Paused && slot.reason.is_some()));
    bench.tradewire("schedule resume odd").succeeded();
    until("it runs", || !bench.runs().is_empty());
    bench.tradewire("schedule pause odd --tenant acme").succeeded();
    until("it is paused", || slots(&bench)[0].state == SlotState::Paused);
    signal(&serve, "TERM");
    Told::from(serve.wait_with_output().unwrap()).succeeded();
}

/// Three weeks of a schedule that is due on Mondays at six, and days before and after.
const JANUARY: &str = "--from 2026-01-01 --to 2026-02-01 --backfill";

#[test]
fn a_backfill_walks_the_windows_in_order() {
    let offline = Offline::with("[]");
    let bench = Bench::with(&writes(&offline.url(), "create A"));
    let told = bench.tradewire(&format!("run teams {JANUARY}")).succeeded();
    let expected =
        "teams for acme: 3 of 3 windows are done, from 2026-01-05T06:00:00-07:00 to 2026-01-26T06:00:00-07:00\n";
    assert_eq!(told.out, expected);
    let mut windows: Vec<_> = bench.runs().iter().map(|run| run.opening.window.to_string()).collect();
    windows.reverse();
    assert_eq!(
        windows,
        [
            "2026-01-05T06:00:00-07:00/2026-01-12T06:00:00-07:00",
            "2026-01-12T06:00:00-07:00/2026-01-19T06:00:00-07:00",
            "2026-01-19T06:00:00-07:00/2026-01-26T06:00:00-07:00",
        ]
    );
    bench.tradewire(&format!("run teams {JANUARY}")).succeeded();
    assert_eq!(offline.teams().len(), 3, "what was done is not done twice");
}

#[test]
fn a_backfill_stops_at_the_first_failure_and_says_where_to_go_on() {
    let faults = r#"[{"do": {"status": {"code": 409}}, "on": "dispatch/team.create", "after": 1, "times": 1}]"#;
    let offline = Offline::with(faults);
    let bench = Bench::with(&writes(&offline.url(), "create A"));
    let told = bench.tradewire(&format!("run teams {JANUARY}"));
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.out.starts_with("teams for acme: 1 of 3 windows are done, from 2026-01-05T06:00:00-07:00 to 2026-01-12")
    );
    let go_on = "run teams --tenant acme --from 2026-01-12T06:00:00-07:00 --to 2026-02-01 --backfill";
    assert!(told.err.contains("error: teams for acme: failed") && told.err.contains(go_on), "{told}");
    assert_eq!(bench.runs().len(), 2);
    let told = bench.tradewire(&format!("{go_on} --json")).succeeded().json();
    assert_eq!(
        (&told["backfills"][0]["done"], &told["backfills"][0]["stopped"]),
        (&2.into(), &serde_json::Value::Null)
    );
    assert_eq!(offline.teams().len(), 3);
}

#[test]
fn a_backfill_without_a_window_is_refused() {
    let bench = scheduled("cron = \"0 6 * * MON\"");
    bench
        .tradewire("run odd --from 2026-01-06 --to 2026-01-13 --backfill")
        .refused(&["no window of odd for acme lies wholly between 2026-01-06"]);
}
