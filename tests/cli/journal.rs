//! The write journal and `tradewire writes`: writes are made once, or shown and waited for.
#![cfg(unix)]

use serde_json::Value;
use tradewire_store::Outcome;

use crate::bench::{Bench, Offline, Told, config, guest, signal, until};

const WEEK: &str = "--from 2026-01-05 --to 2026-01-12";
/// What `tradewire run` ends with when a run waits.
const WAITING: Option<i32> = Some(3);

/// A configuration whose export takes these steps; see the guest.
pub fn writes(address: &str, steps: &str) -> String {
    let rest = r#"
[plugin.writer]
source = "SOURCE"
grant = ["dispatch/team.get-list", "dispatch/team.create", "dispatch/team.delete", "raw:POST /dispatch/v2/tenant/{tenant}/teams"]

[export.teams]
run = "writer"
tenants = ["acme"]
cron = "0 6 * * MON"
settings = { steps = "STEPS" }
deliver = "outbox"
"#;
    let source = guest("writer.wasm").display().to_string();
    config(address, &rest.replace("SOURCE", &source).replace("STEPS", steps))
}

/// A sandbox with these faults, and an export that takes these steps against it.
fn with(steps: &str, faults: &str) -> (Offline, Bench) {
    let offline = Offline::with(faults);
    let bench = Bench::with(&writes(&offline.url(), steps));
    (offline, bench)
}

fn run(bench: &Bench) -> Told {
    bench.tradewire(&format!("run teams {WEEK}"))
}

fn unresolved(bench: &Bench) -> Vec<Value> {
    bench.tradewire("writes list --json").succeeded().json()["writes"].as_array().unwrap().clone()
}

fn resolve(bench: &Bench, how: &str) -> Told {
    let id = unresolved(bench)[0]["id"].as_str().unwrap().to_owned();
    bench.tradewire(&format!("writes resolve {id} {how}")).succeeded()
}

/// The file that was delivered says of each team what ServiceTitan says.
fn agree(bench: &Bench, offline: &Offline, names: &[&str]) {
    let made = offline.teams();
    let told: Vec<&str> = made.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(told, names);
    let rows: String = made.iter().map(|(id, name)| format!("{id},{name}\r\n")).collect();
    assert_eq!(bench.read("outbox/acme.csv"), rows);
}

#[test]
fn a_run_that_is_run_again_makes_each_write_once() {
    let (offline, bench) = with("create A, create B, create A, raw C, fail", "[]");
    run(&bench).refused(&["teams for acme: failed: failed, as it was told to"]);
    assert_eq!(offline.teams().len(), 4);
    let told = run(&bench).succeeded();
    assert!(told.err.contains("dispatch/team.create: made before; answered from the journal"), "{told}");
    agree(&bench, &offline, &["A", "B", "A", "C"]);
    assert_eq!(bench.runs()[0].opening.attempt, 2);
    assert!(run(&bench).succeeded().out.contains("teams for acme: unchanged"), "and once more");
    agree(&bench, &offline, &["A", "B", "A", "C"]);
    bench.tradewire(&format!("run teams {WEEK} --force")).refused(&["failed, as it was told to"]);
    assert_eq!((offline.teams().len(), bench.runs()[0].opening.attempt), (8, 1), "a run of its own");
}

#[test]
fn what_servicetitan_refused_is_made_by_a_later_attempt() {
    let faults = r#"[{"do": {"status": {"code": 409}}, "on": "dispatch/team.create", "after": 1, "times": 1}]"#;
    let (offline, bench) = with("create A, create B", faults);
    run(&bench).refused(&["teams for acme: failed: "]);
    run(&bench).succeeded();
    agree(&bench, &offline, &["A", "B"]);
    assert!(unresolved(&bench).is_empty());
}

/// The connection breaks when the second team has been made.
const LOST: &str = r#"[{"do": "drop-answer", "on": "dispatch/team.create", "after": 1, "times": 1}]"#;

#[test]
fn a_write_whose_answer_was_lost_waits_with_everything_needed_to_decide() {
    let (offline, bench) = with("create A, create B, create C", LOST);
    let told = run(&bench);
    assert_eq!(told.code, WAITING, "{told}");
    assert!(told.err.contains("teams for acme: waiting: a write may have taken effect"), "{told}");
    assert!(told.err.contains("`tradewire writes list`"), "{told}");
    bench.has_delivered_nothing();
    let again = run(&bench);
    assert_eq!(again.code, WAITING, "{again}");
    assert!(again.err.contains("of the same window waits"), "{again}");
    assert_eq!(offline.teams().len(), 2, "nothing more was sent");

    let listed = unresolved(&bench);
    let unresolved_write = &listed[0];
    assert_eq!(listed.len(), 1);
    for (field, value) in [
        ("export", "teams"),
        ("tenant", "acme"),
        ("operation", "dispatch/team.create"),
        ("method", "POST"),
        ("path", "/dispatch/v2/tenant/1234567890/teams"),
        ("state", "unresolved"),
    ] {
        assert_eq!(unresolved_write[field], value, "{field}");
    }
    assert_eq!((&unresolved_write["tenantId"], &unresolved_write["attempt"]), (&1234567890.into(), &1.into()));
    assert_eq!(unresolved_write["run"], bench.runs()[0].opening.id.to_string());
    assert!(unresolved_write["arguments"]["body"].as_str().unwrap().contains("\"B\""), "{unresolved_write}");
    assert!(
        unresolved_write["begun"].is_string() && unresolved_write["message"].as_str().unwrap().contains("connection"),
        "{unresolved_write}"
    );
    assert_eq!(unresolved_write["look"]["operation"], "dispatch/team.get-list");
    assert_eq!(unresolved_write["look"]["query"][0][0], "createdOnOrAfter");
    let told = bench.tradewire("writes list").succeeded();
    assert!(told.out.contains("look at    GET /dispatch/v2/tenant/1234567890/teams?createdOnOrAfter="), "{told}");
    assert!(told.out.contains("--applied, or --not-applied"), "{told}");
}

#[test]
fn an_unresolved_write_that_was_applied_is_answered_as_the_operator_says_and_the_run_goes_on() {
    let (offline, bench) = with("create A, create B, create C", LOST);
    assert_eq!(run(&bench).code, WAITING);
    let told = resolve(&bench, "--applied");
    assert!(told.out.contains("expects what ServiceTitan would have said"), "{told}");
    run(&bench).refused(&["teams for acme: failed: "]);

    // Its id is found by looking, and told by resolving it again.
    let id = &offline.teams()[1].0;
    bench.write("answer.json", format!("{{\"id\": {id}, \"name\": \"B\"}}"));
    let write = bench.writes().into_iter().find(|write| write.ordinal == 0 && write.status.is_none()).unwrap();
    let told = bench.tradewire(&format!("writes resolve {} --applied --answer answer.json", write.id)).succeeded();
    assert!(told.out.contains("tradewire run teams --tenant acme --from 2026-01-05T00:00:00-07:00"), "{told}");
    run(&bench).succeeded();
    agree(&bench, &offline, &["A", "B", "C"]);
}

#[test]
fn an_unresolved_write_that_was_not_applied_is_made_by_the_next_attempt() {
    let (offline, bench) = with("create A, create B, create C", &LOST.replace("drop-answer", "drop-request"));
    assert_eq!(run(&bench).code, WAITING);
    assert_eq!(offline.teams().len(), 1);
    resolve(&bench, "--not-applied");
    run(&bench).succeeded();
    agree(&bench, &offline, &["A", "B", "C"]);
}

#[test]
fn a_run_that_is_killed_between_a_write_and_its_answer_waits_after_the_restart() {
    let faults = r#"[{"do": {"late-answer": {"ms": 600000}}, "on": "dispatch/team.create", "after": 1, "times": 1}]"#;
    let (offline, bench) = with("create A, create B, create C", faults);
    let mut child = bench.start(&format!("run teams {WEEK}"));
    until("the second team is made", || offline.teams().len() == 2);
    signal(&child, "KILL");
    child.wait().unwrap();
    let told = run(&bench);
    assert_eq!(told.code, WAITING, "{told}");
    assert_eq!(bench.runs()[0].ending.as_ref().unwrap().outcome, Outcome::Waiting);
    assert_eq!(offline.teams().len(), 2);
    bench.has_delivered_nothing();
    bench.write("answer.json", format!("{{\"id\": {}, \"name\": \"B\"}}", offline.teams()[1].0));
    resolve(&bench, "--applied --answer answer.json");
    run(&bench).succeeded();
    agree(&bench, &offline, &["A", "B", "C"]);
}

#[test]
fn a_run_that_is_killed_before_its_write_is_begun_goes_on_without_a_question() {
    let faults = r#"[{"do": {"latency": {"ms": 600000}}, "on": "dispatch/team.get-list", "times": 1}]"#;
    let (offline, bench) = with("create A, read, create B", faults);
    let mut child = bench.start(&format!("run teams {WEEK}"));
    until("the first team is made", || offline.teams().len() == 1);
    // What follows is the read, which takes its time.
    until("its answer is written down", || bench.writes()[0].status.is_some());
    signal(&child, "KILL");
    child.wait().unwrap();
    offline.faults("[]");
    run(&bench).succeeded();
    agree(&bench, &offline, &["A", "B"]);
}

#[test]
fn a_delete_whose_answer_was_lost_is_sent_again_and_nobody_is_asked() {
    let faults = r#"[{"do": "drop-answer", "on": "dispatch/team.delete", "times": 1}]"#;
    let (offline, bench) = with("create A, create B, delete", faults);
    run(&bench);
    run(&bench).succeeded();
    agree(&bench, &offline, &["A"]);
    assert!(unresolved(&bench).is_empty());
}

#[test]
fn a_plugin_that_ignores_an_unresolved_write_is_not_delivered() {
    let (offline, bench) = with("create A, try B, try C", LOST);
    let told = run(&bench);
    assert_eq!(told.code, WAITING, "{told}");
    bench.has_delivered_nothing();
    assert_eq!(offline.teams().len(), 2);
}

#[test]
fn a_write_that_is_not_unresolved_cannot_be_resolved() {
    let (_offline, bench) = with("create A", "[]");
    run(&bench).succeeded();
    let id = bench.writes()[0].id;
    let texts = ["`tradewire writes list` shows those that there are"];
    bench.tradewire(&format!("writes resolve {id} --not-applied")).refused(&texts);
    assert!(bench.tradewire("writes list").succeeded().out.contains("no unresolved writes"));
    bench.write("answer.json", "{");
    bench.tradewire(&format!("writes resolve {id} --applied --answer answer.json")).refused(&["is not JSON"]);
}
