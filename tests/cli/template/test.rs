//! `test`: what authors expect, and what comes out.

use super::{change, pack};
use crate::bench::Bench;

const CASE: &str = "templates/acme/Tests/pricing/every-field.json";

#[test]
fn what_differs_is_shown_line_by_line_and_can_be_written_into_the_test() {
    let bench = pack("pricing,alerts");
    change(&bench, "Templates/pricing/Request.liquid", "\"accountId\"", "\"customer\"");
    bench.tradewire("template test").refused(&[
        "error: templates/acme/Tests/pricing/every-field.json: the request is not as expected\n",
        "--- request expected\n+++ request found\n",
        "\n-    \"accountId\": \"accountId\",\n+    \"customer\": \"accountId\",\n",
        "write it into the test with `--update`",
        "2 tests: 1 passed, 1 failed",
    ]);
    let json = bench.tradewire("template test --json").json();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(1), Some(1)));
    let told = bench.tradewire("template test --update").succeeded();
    assert!(told.out.contains("2 tests: 1 passed, 1 updated, 0 failed"), "{told}");
    assert!(bench.read(CASE).contains("\"customer\": \"accountId\""));
    bench.tradewire("template test").succeeded();
}

#[test]
fn a_test_that_expects_nothing_is_completed() {
    let bench = pack("pricing");
    bench.write(CASE, r#"{ "request": { "body": { "accountId": "7" } }, "vendor": { "statusCode": 500 } }"#);
    bench
        .tradewire("template test")
        .refused(&["every-field.json: the case expects nothing; help: write what comes out"]);
    bench.tradewire("template test --update").succeeded();
    let case: serde_json::Value = serde_json::from_str(&bench.read(CASE)).unwrap();
    assert_eq!(case["expect"]["request"]["body"]["accountId"], "7");
    assert_eq!(case["expect"]["response"]["body"]["errorKind"], "Vendor");
    bench.tradewire("template test").succeeded();
}

#[test]
fn tests_that_cannot_run_fail_and_their_fault_is_told_once() {
    let bench = pack("pricing,alerts");
    change(&bench, "Configuration/vendor.json", "\"kind\": \"ApiKey\"", "\"kind\": \"Kerberos\"");
    let told = bench.tradewire("template test").refused(&["2 tests: 0 passed, 2 failed", "the test cannot run"]);
    assert_eq!(told.err.matches("Kerberos").count(), 1, "{told}");
    let before = bench.read(CASE);
    bench.tradewire("template test --update").refused(&["2 failed"]);
    assert_eq!(bench.read(CASE), before, "it is left as it was");
    bench.write(CASE, "{ \"request\": ");
    bench.tradewire("template test").refused(&["error: templates/acme/Tests/pricing/every-field.json:1:14: "]);
}

#[test]
fn no_tests_are_told_with_how_to_write_one() {
    let bench = pack("pricing");
    std::fs::remove_dir_all(bench.path("templates/acme/Tests")).unwrap();
    bench.tradewire("template test").refused(&["error: no tests found in `templates/acme`; write one into `Tests/"]);
    Bench::empty().tradewire("template test").refused(&["error: there is no pack below `templates`"]);
}
