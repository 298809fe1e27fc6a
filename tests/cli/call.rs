//! Exports that call a vendor: the body that is asked for, the answer as a file, and what must not be asked twice.

use tradewire_store::{FailureKind, Outcome};

use crate::bench::{Bench, Offline, config};

/// A bench whose export calls this endpoint of the stand-in vendor with a body of this template.
fn bench(offline: &Offline, endpoint: &str, body: &str) -> Bench {
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/harborline");
    let rest = format!(
        r#"
[middleware.harborline]
pack = "{templates}"
base_url = "{}/_vendor/v1"
tenants = ["acme"]
grant = ["inventory/vendors:view"]
secrets = {{ ApiKey = {{ env = "VENDOR_KEY" }} }}

[export.vendor]
run = "harborline/{endpoint}"
body = "body.json.liquid"
tenants = ["acme"]
window = "day"
settings = {{ account = "H-7001" }}
deliver = "outbox"
"#,
        offline.url()
    );
    let bench = Bench::with(&config(&offline.url(), &rest));
    bench.write("body.json.liquid", body);
    bench
}

const BRANCHES: &str = r#"{ "accountId": "{{ settings.account }}", "postalCode": "85281", }"#;

/// An order that is like the pack's own sample, under a number of its own.
fn order(number: &str) -> String {
    let sample = include_str!("../../templates/harborline/Templates/purchaseorder/Sandbox_Request.json");
    let mut order: serde_json::Value = serde_json::from_str(sample).unwrap();
    order["purchaseOrder"]["number"] = number.into();
    order.to_string()
}

#[test]
fn the_answer_of_a_vendor_is_delivered_with_its_control_total_and_the_run_says_what_it_called() {
    let offline = Offline::with("[]");
    let bench = bench(&offline, "branches", BRANCHES);
    let told = bench.tradewire("run vendor").succeeded();
    assert!(told.out.contains("vendor for acme: succeeded: harborline/branches answered 200"), "{told}");
    let answer: serde_json::Value = serde_json::from_str(&bench.read("outbox/branches.json")).unwrap();
    let total: serde_json::Value = serde_json::from_str(&bench.read("outbox/branches.json.total.json")).unwrap();
    let branches = answer["branches"].as_array().unwrap();
    assert!(branches.len() > 1 && branches[0]["address"]["postalCode"] == "85281", "{answer}");
    assert_eq!(total["totals"]["branches"], branches.len().to_string());
    assert_eq!(bench.runs()[0].opening.plugin, "harborline/branches");
    assert_eq!(offline.asked("_vendor/branches.list"), 1);
}

#[test]
fn a_body_knows_the_run_and_may_ask_servicetitan() {
    let offline = Offline::with("[]");
    let body = r#"{% servicetitan vendors = inventory.vendors.get-list-pages %}
        { "accountId": "H-7001", "postalCode": "85281",
          "purchaseOrderCustomFields": [{ "name": "{{ vendors[0].name }}", "value": "{{ run.window.start }}" }] }"#;
    let bench = bench(&offline, "branches", body);
    bench.tradewire("run vendor --from 2026-01-05 --to 2026-01-06").succeeded();
    assert!(offline.asked("inventory/vendors.get-list") > 0);
    let bad = bench.tradewire("run vendor --from 2026-01-05 --to 2026-01-06").succeeded();
    assert!(bad.out.contains("delivered before with the same bytes"), "{bad}");
}

#[test]
fn an_order_that_may_have_arrived_waits_and_is_placed_once_though_its_body_names_the_attempt() {
    let offline = Offline::with(r#"[{ "do": "drop-answer", "on": "_vendor/orders.create", "times": 1 }]"#);
    let body = order("PO-9001").replace("\"number\":\"PO-9001\"", "\"number\":\"PO-9001-{{ run.attempt }}\"");
    assert!(body.contains("run.attempt"), "{body}");
    let bench = bench(&offline, "purchaseorder", &body);
    let told = bench.tradewire("run vendor");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(told.err.contains("vendor for acme: waiting: a write may have taken effect"), "{told}");
    assert_eq!(bench.runs()[0].ending.as_ref().unwrap().outcome, Outcome::Waiting);
    bench.has_delivered_nothing();
    let unresolved_write = bench.writes().remove(0);
    let told = bench.tradewire(&format!("writes resolve {} --applied", unresolved_write.id)).succeeded();
    assert!(told.out.contains("whoever called is answered that it is done"), "{told}");
    let told = bench.tradewire("run vendor").succeeded();
    assert!(told.out.contains("harborline/purchaseorder answered 200 done, as an operator has found"), "{told}");
    bench.tradewire("run vendor").succeeded();
    assert_eq!((offline.asked("_vendor/orders.create"), offline.done("_vendor/orders.create")), (1, 1));
    bench.tradewire("run vendor --force").refused(&["409", "PO-9001-1 was ordered before"]);
}

#[test]
fn a_question_that_the_vendor_could_not_answer_may_be_asked_again() {
    for code in [503, 429] {
        let fault = format!(r#"[{{ "do": {{ "status": {{ "code": {code} }} }}, "on": "_vendor/" }}]"#);
        let offline = Offline::with(&fault);
        let bench = bench(&offline, "branches", BRANCHES);
        bench.tradewire("run vendor").refused(&[&format!("the vendor could not serve the call: {code}")]);
        assert_eq!(bench.runs()[0].ending.as_ref().unwrap().failure, Some(FailureKind::Transient));
        bench.has_delivered_nothing();
    }
}

#[test]
fn what_the_vendor_refuses_is_told_in_its_words() {
    let offline = Offline::with("[]");
    let twice = bench(&offline, "purchaseorder", &order("PO-9002"));
    twice.tradewire("run vendor").succeeded();
    let again = bench(&offline, "purchaseorder", &order("PO-9002"));
    again.tradewire("run vendor").refused(&["the vendor's answer is a failure: 409", "PO-9002"]);
    assert_eq!(again.runs()[0].ending.as_ref().unwrap().failure, Some(FailureKind::Refused));
}

#[test]
fn check_holds_the_export_against_the_pack_and_its_grants() {
    let offline = Offline::with("[]");
    let body = "{}\n{% servicetitan orders = inventory.purchase-orders.get-list %}";
    let bench = bench(&offline, "brances", body);
    bench.tradewire("check").refused(&[
        "export `vendor`: `harborline` has no endpoint `brances`; help: it has account, ",
        "body.json.liquid:2:26: `inventory/purchase-orders.get-list` is not granted",
        r#"write `grant = ["inventory/vendors:view", "inventory/purchase-orders.get-list"]` into `[middleware.harborline]`"#,
    ]);
    bench.write("body.json.liquid", "{{ run.window.start");
    bench.tradewire("check").refused(&["export `vendor`: ", "body.json.liquid:1:"]);
    std::fs::remove_file(bench.path("body.json.liquid")).unwrap();
    bench.tradewire("check").refused(&["cannot read the body from `body.json.liquid`: No such file", "correct `body`"]);
}
