//! Orders of runs, placed once: whatever the vendor, the way to it, the pack or the machine does.

use serde_json::Value;
use tradewire_store::WriteState;

use super::{NOWHERE, behind, harborline, sample, section, serves, write_pack};
use crate::bench::{Bench, Offline, Told, guest, signal, until};

const ORDERS: &str = "_vendor/orders.create";
/// What `tradewire run` ends with when a run waits.
const WAITING: Option<i32> = Some(3);

/// A vendor with this fault of its orders, and an export whose plugin places one with it.
fn with(fault: &str) -> (Offline, Bench) {
    let faults = if fault.is_empty() { "[]".to_owned() } else { faulty(fault) };
    let vendor = Offline::with(&faults);
    let section = section("harborline", &vendor.sandbox().vendor_url(), "timeout = \"2 s\"");
    let bench = Bench::with(&buys(&section, "purchaseorder"));
    (vendor, bench)
}

fn faulty(fault: &str) -> String {
    format!(r#"[{{ "do": {fault}, "on": "{ORDERS}", "times": 1 }}]"#)
}

/// A configuration with this vendor, whose export orders by this endpoint of it.
fn buys(vendor: &str, endpoint: &str) -> String {
    let rest = format!(
        r#"
[plugin.buyer]
source = {source:?}
middleware = ["harborline"]

[export.buys]
run = "buyer"
tenants = ["acme"]
window = "week"
settings = {{ vendor = "harborline", endpoint = "{endpoint}", body = '''{body}''' }}
"#,
        source = guest("vendor.wasm"),
        body = sample("purchaseorder"),
    );
    serves(NOWHERE, &(vendor.to_owned() + &rest))
}

fn run(bench: &Bench) -> Told {
    bench.tradewire("run buys --from 2026-01-05 --to 2026-01-12")
}

fn resolve(bench: &Bench, how: &str) -> Told {
    let unresolved = bench.tradewire("writes list --json").succeeded().json();
    let id = unresolved["writes"][0]["id"].as_str().unwrap().to_owned();
    bench.tradewire(&format!("writes resolve {id} {how}")).succeeded()
}

#[test]
fn a_window_that_is_run_again_is_answered_as_before_and_orders_nothing() {
    let (vendor, bench) = with("");
    let first = run(&bench).succeeded();
    let again = run(&bench).succeeded();
    assert!(again.err.contains("harborline/purchaseorder: made before; answered from the journal"), "{again}");
    let answer = |told: &Told| told.out.split("succeeded: ").nth(1).unwrap().to_owned();
    assert!(answer(&first).contains("\"orderReferenceNumber\":\"SO-"), "{first}");
    assert_eq!(answer(&first), answer(&again));
    assert_eq!((vendor.asked(ORDERS), vendor.done(ORDERS)), (1, 1));
}

#[test]
fn an_order_whose_answer_was_lost_waits_with_everything_needed_to_decide() {
    let (vendor, bench) = with("\"drop-answer\"");
    let told = run(&bench);
    assert_eq!(told.code, WAITING, "{told}");
    assert_eq!(run(&bench).code, WAITING);
    let unresolved = bench.tradewire("writes list --json").succeeded().json();
    let unresolved_write = &unresolved["writes"][0];
    for (field, value) in [("operation", "harborline/purchaseorder"), ("method", "POST"), ("export", "buys")] {
        assert_eq!(unresolved_write[field], value, "{unresolved_write}");
    }
    assert_eq!(unresolved_write["path"], format!("{}/orders", vendor.sandbox().vendor_url()));
    let asked: Value = serde_json::from_str(unresolved_write["arguments"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(asked["purchaseOrder"]["number"], "PO-5521");
    let sent = &vendor.sandbox().calls()[0];
    assert_eq!(unresolved_write["arguments"]["vendor"]["bytes"], sent.body.len());
    assert_eq!(
        unresolved_write["look"],
        serde_json::json!({ "operation": "harborline/purchaseorderstatus", "query": [] })
    );
    let told = bench.tradewire("writes list").succeeded();
    assert!(told.out.contains("look at    harborline/purchaseorderstatus, or what the vendor shows"), "{told}");
    assert!(told.out.contains("bytes, sha256 ") && !told.out.contains("hk1."), "{told}");

    bench.write("answer.json", r#"{ "success": true, "orderReferenceNumber": "SO-found" }"#);
    resolve(&bench, "--applied --answer answer.json");
    let told = run(&bench).succeeded();
    assert!(told.out.contains("\"orderReferenceNumber\":\"SO-found\""), "{told}");
    assert_eq!((vendor.asked(ORDERS), vendor.done(ORDERS)), (1, 1));
}

#[test]
fn what_may_have_been_ordered_is_unresolved_and_what_was_not_is_ordered_then() {
    for fault in [
        "\"drop-request\"",
        "\"half-answer\"",
        "{ \"late-answer\": { \"ms\": 5000 } }",
        "{ \"status\": { \"code\": 500 } }",
        "{ \"status\": { \"code\": 502, \"body\": \"<html>\" } }",
        "{ \"status\": { \"code\": 504 } }",
        "{ \"status\": { \"code\": 200, \"body\": \"<html>\" } }",
    ] {
        let (vendor, bench) = with(fault);
        let told = run(&bench);
        assert_eq!(told.code, WAITING, "{fault}: {told}");
        assert_eq!(vendor.asked(ORDERS).max(vendor.done(ORDERS)), 1, "{fault}");
        if vendor.done(ORDERS) == 0 {
            resolve(&bench, "--not-applied");
            run(&bench).succeeded();
        } else {
            resolve(&bench, "--applied");
            run(&bench).succeeded();
        }
        assert_eq!(vendor.done(ORDERS), 1, "{fault}");
    }
}

#[test]
fn what_the_vendor_refuses_is_ordered_by_the_next_run_without_a_question() {
    for code in [401, 404, 422, 429, 503] {
        let (vendor, bench) = with(&format!("{{ \"status\": {{ \"code\": {code} }} }}"));
        let told = run(&bench).succeeded();
        assert!(told.out.contains(&format!("succeeded: {code} ")), "the plugin goes on, whatever comes: {told}");
        assert_eq!(bench.writes()[0].state, WriteState::Failed);
        let told = run(&bench).succeeded();
        assert!(told.out.contains("succeeded: 200 "), "{told}");
        assert_eq!((vendor.asked(ORDERS), vendor.done(ORDERS)), (2, 1), "{code}");
    }
}

#[test]
fn a_run_that_is_killed_between_the_order_and_its_answer_waits_after_the_restart() {
    let (vendor, bench) = with("{ \"late-answer\": { \"ms\": 600000 } }");
    let config = bench.read("tradewire.toml").replace("timeout = \"2 s\"", "timeout = \"60 s\"");
    bench.write("tradewire.toml", config);
    let mut child = bench.start("run buys --from 2026-01-05 --to 2026-01-12");
    until("it is ordered", || vendor.done(ORDERS) == 1);
    signal(&child, "KILL");
    child.wait().unwrap();
    let told = run(&bench);
    assert_eq!(told.code, WAITING, "{told}");
    resolve(&bench, "--applied");
    run(&bench).succeeded();
    assert_eq!(vendor.done(ORDERS), 1);
}

#[test]
fn a_pack_whose_response_is_at_fault_is_mended_and_the_order_is_not_placed_again() {
    let vendor = Offline::with("[]");
    let section = behind("own", "harborline", &vendor.sandbox().vendor_url(), "");
    let bench = Bench::with(&buys(&section, "account"));
    let order = |file: &str| std::fs::read_to_string(harborline().join("Templates/purchaseorder").join(file)).unwrap();
    write_pack(&bench, "own", &order("Request.liquid"), "{ \"body\": {{ source.body.order | json }} \"broken\" }");
    bench.write("own/Templates/account/endpoint.json", r#"{ "url": "orders", "effect": "write" }"#);
    let told = run(&bench).succeeded();
    assert!(
        told.out.contains("succeeded: 500 ")
            && told.out.contains("Response.liquid:1:42: what the template writes here"),
        "{told}"
    );
    assert_eq!(vendor.done(ORDERS), 1);
    bench.write("own/Templates/account/Response.liquid", order("Response.liquid"));
    let told = run(&bench).succeeded();
    assert!(told.out.contains("\"orderReferenceNumber\":\"SO-"), "{told}");
    assert_eq!(vendor.asked(ORDERS), 1);
}

#[test]
fn questions_are_in_no_journal() {
    let vendor = Offline::with("[]");
    let bench = Bench::with(&buys(&section("harborline", &vendor.sandbox().vendor_url(), ""), "stock-level"));
    for _ in 0..2 {
        run(&bench).succeeded();
    }
    assert_eq!(vendor.asked("_vendor/stock.check"), 2);
    assert!(bench.writes().is_empty());
}
