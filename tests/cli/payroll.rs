//! `tradewire run`: the first plugin against the sandbox.

use crate::bench::{Bench, Offline, WEEK, config, guest, servicetitan};

/// A configuration whose export is the weekly payroll.
pub fn payroll(address: &str) -> String {
    let rest = r#"
[plugin.payroll-export]
source = "SOURCE"
grant = ["payroll:view", "settings/technicians:view", "settings/employees:view"]

[export.weekly-payroll]
run = "payroll-export"
tenants = ["acme"]
cron = "0 6 * * MON"
settings = { provider = "adp-workforce-now", company-code = "AB" }
deliver = "outbox"
"#;
    config(address, &rest.replace("SOURCE", &guest("payroll-export.wasm").display().to_string()))
}

#[test]
fn a_week_of_payroll_becomes_a_file_with_a_control_total() {
    let bench = Bench::with(&payroll(servicetitan()));
    let told = bench.tradewire(&format!("run weekly-payroll {WEEK}")).succeeded();
    assert!(told.out.contains("weekly-payroll for acme: succeeded: PRAB_EPI.csv: "), "{told}");
    assert!(told.out.contains("file outbox/PRAB_EPI.csv ("), "{told}");
    assert!(told.err.contains("payroll periods end in the window"), "the plugin's log is shown: {told}");
    assert_eq!(bench.delivered(), ["PRAB_EPI.csv", "PRAB_EPI.csv.total.json"]);
    let file = bench.read("outbox/PRAB_EPI.csv");
    assert!(file.starts_with("Co Code,Batch ID,File #,"), "{file}");
    assert!(file.lines().skip(1).all(|line| line.starts_with("AB,20260106,")), "{file}");
    assert!(file.lines().count() > 5, "{file}");
    let total: serde_json::Value = serde_json::from_str(&bench.read("outbox/PRAB_EPI.csv.total.json")).unwrap();
    assert_eq!(total["bytes"], file.len());
    assert_eq!(total["window"]["start"], "2025-12-30T00:00:00-07:00");
}

#[test]
fn a_second_run_of_the_same_week_gives_the_same_bytes_and_delivers_nothing_twice() {
    let bench = Bench::with(&payroll(servicetitan()));
    let first = bench.tradewire(&format!("run weekly-payroll {WEEK} --json")).succeeded().json();
    let bytes = bench.read("outbox/PRAB_EPI.csv");
    let second = bench.tradewire(&format!("run weekly-payroll {WEEK} --json")).succeeded().json();
    assert_eq!(second["runs"][0]["outcome"], "unchanged");
    assert_eq!(first["runs"][0]["files"][0]["sha256"], second["runs"][0]["files"][0]["sha256"]);
    assert_eq!(bench.delivered(), ["PRAB_EPI.csv", "PRAB_EPI.csv.total.json"]);
    let other = Bench::with(&payroll(servicetitan()));
    other.tradewire(&format!("run weekly-payroll {WEEK} --quiet")).succeeded();
    assert_eq!(other.read("outbox/PRAB_EPI.csv"), bytes);
}

#[test]
fn a_bad_day_at_servicetitan_changes_nothing_in_the_file() {
    let good = Bench::with(&payroll(servicetitan()));
    good.tradewire(&format!("run weekly-payroll {WEEK}")).succeeded();
    let offline = Offline::with(
        r#"[
            {"do": "drop-answer", "on": "payroll/payrolls.get-list", "times": 1},
            {"do": {"too-many": {"retry-after": "1"}}, "on": "payroll/payrolls.get-list", "after": 1, "times": 1},
            {"do": "half-answer", "on": "payroll/activity-codes.get-list", "times": 1},
            {"do": "expired-token", "on": "payroll/gross-pay-items.get-list", "times": 1},
            {"do": {"status": {"code": 500}}, "on": "payroll/payroll-settings", "times": 1},
            {"do": {"empty-page": {}}, "on": "payroll/gross-pay-items.get-list"}
        ]"#,
    );
    let bad = Bench::with(&payroll(&offline.url()));
    bad.tradewire(&format!("run weekly-payroll {WEEK}")).succeeded();
    assert_eq!(bad.read("outbox/PRAB_EPI.csv"), good.read("outbox/PRAB_EPI.csv"));
    // One for each fault but for the empty page, which is no fault of the call.
    assert_eq!((good.retries(), bad.retries()), (0, 5));
}

#[test]
fn a_servicetitan_that_keeps_failing_is_told_and_nothing_is_delivered() {
    let offline = Offline::with(r#"[{"do": {"status": {"code": 503}}, "on": "payroll/gross-pay-items.get-list"}]"#);
    let bench = Bench::with(&payroll(&offline.url()));
    let told = bench.tradewire(&format!("run weekly-payroll {WEEK} --json"));
    let run = &told.json()["runs"][0];
    assert_eq!((run["outcome"].as_str(), run["failure"].as_str()), (Some("failed"), Some("transient")), "{told}");
    assert!(run["message"].as_str().unwrap().contains("payroll/gross-pay-items.get-list"), "{told}");
    bench.has_delivered_nothing();
}

#[test]
fn a_week_that_is_not_approved_is_refused_with_each_person_and_no_file() {
    let bench = Bench::with(&payroll(servicetitan()));
    bench.tradewire("run weekly-payroll --from 2026-01-06 --to 2026-01-13 --quiet").refused(&[
        "weekly-payroll for acme: failed: ",
        "\n  - ",
        "Pending",
    ]);
    bench.has_delivered_nothing();
}

#[test]
fn an_export_runs_for_each_of_its_tenants_and_one_that_fails_is_told_beside_the_others() {
    let other = r#"
[tenant.zenith]
id = 42
client_id = "cid.unknown"
client_secret = { env = "CLIENT_SECRET" }
timezone = "UTC"
"#;
    let config = payroll(servicetitan()).replace("[\"acme\"]", "[\"zenith\", \"acme\"]") + other;
    let bench = Bench::with(&config);
    let told = bench.tradewire(&format!("run weekly-payroll {WEEK} --json"));
    let json = told.json();
    let outcome =
        |n: usize| (json["runs"][n]["tenant"].as_str().unwrap(), json["runs"][n]["outcome"].as_str().unwrap());
    assert_eq!([outcome(0), outcome(1)], [("zenith", "failed"), ("acme", "succeeded")], "{told}");
    assert_eq!(told.code, Some(1));
    bench.tradewire(&format!("run weekly-payroll {WEEK} --tenant acme")).succeeded();
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let bench = Bench::with(&payroll(servicetitan()));
    let told = bench.tradewire(&format!("run weekly-payroll {WEEK} --quiet")).succeeded();
    assert!(told.err.is_empty(), "{told}");
}
