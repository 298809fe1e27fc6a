//! An order on its way to the vendor and back.

use serde_json::Value;
use tradewire_sandbox::{DEMO_VENDOR_KEY, Entry};

use super::serving::{Serving, nowhere};
use super::{NOWHERE, ORDER, STOCK, sample, section, serve, serves};
use crate::bench::{Bench, CALLER_KEY, Offline, until};

/// The orders that have reached this vendor.
fn arrived(vendor: &Offline) -> Vec<Entry> {
    let mut calls = vendor.sandbox().calls();
    calls.retain(|call| call.operation.as_deref() == Some("_vendor/orders.create"));
    calls
}

#[test]
fn an_order_reaches_the_vendor_once_and_its_answer_has_the_contracts_shape() {
    let vendor = Offline::with("[]");
    let (_bench, serving) = serve(&vendor.sandbox().vendor_url());
    let answer = serving.call(ORDER, &sample("purchaseorder"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.succeeded();
    assert!(json["orderReferenceNumber"].as_str().unwrap().starts_with("SO-"), "{json}");
    assert_eq!((&json["status"], &json["errorCode"]), (&Value::from(1), &Value::Null), "{json}");

    let orders = arrived(&vendor);
    assert_eq!(orders.len(), 1);
    let sent: Value = serde_json::from_str(&orders[0].body).unwrap();
    assert_eq!((&sent["po_number"], &sent["lines"][0]["qty"]), (&"PO-5521".into(), &12.5.into()));
    // A value that looks like structure is none.
    assert_eq!(sent["ship_to"]["line_2"], "Gate \"B\"");

    let again = serving.call(ORDER, &sample("purchaseorder"));
    again.failed(409, "Duplicate", &["PO-5521 was ordered before, as SO-"]);
    let told = serving.stop();
    let line = told.out.lines().next().unwrap();
    assert!(
        line.starts_with("harborline/purchaseorder for acme by office: 200 in ") && line.ends_with(" ms"),
        "{told}"
    );
    assert!(told.out.contains(" by office: 409 in ") && told.out.contains(": PO-5521 was ordered before"), "{told}");
}

#[test]
fn no_key_reaches_the_vendor_the_output_or_an_answer() {
    let vendor = Offline::with("[]");
    let (_bench, serving) = serve(&vendor.sandbox().vendor_url());
    let answers = [
        serving.call(ORDER, &sample("purchaseorder")),
        serving.call(ORDER, "{"),
        serving.call("acme/harborline/nothing", "{}"),
        serving.call_by(Some("ck1.wrong"), STOCK, "{}"),
    ];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 400, 404, 401]);
    assert_eq!(arrived(&vendor)[0].header("x-tradewire-key"), None);
    let vendors = vendor.sandbox().calls();
    let told = serving.stop();
    let everything = format!("{answers:?}{vendors:?}{told}");
    for key in [CALLER_KEY, "ck1.wrong", DEMO_VENDOR_KEY] {
        assert!(!everything.contains(key), "{key} is in\n{everything}");
    }
}

#[test]
fn scripts_are_told_of_each_call_as_a_line_of_json() {
    let vendor = Offline::with("[]");
    let address = nowhere();
    let config = serves(NOWHERE, &section("harborline", &vendor.sandbox().vendor_url(), ""));
    let bench = Bench::with(&config.replace("127.0.0.1:0", &address.to_string()));
    let serving = Serving::for_scripts(&bench, address);
    serving.call(ORDER, &sample("purchaseorder")).succeeded();
    serving.call("acme/harborline/nothing", "{}");
    until("both are told", || serving.out().lines().count() == 2);
    let told = serving.stop();
    let lines: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = &lines[0];
    for (name, value) in
        [("caller", "office"), ("tenant", "acme"), ("middleware", "harborline"), ("endpoint", "purchaseorder")]
    {
        assert_eq!(first[name], value, "{told}");
    }
    assert!(first["status"] == 200 && first["milliseconds"].is_u64() && first["error"] == "", "{told}");
    assert_eq!(lines[1]["status"], 404);
    assert!(lines[1]["error"].as_str().unwrap().contains("no endpoint `nothing`"), "{told}");
    assert_eq!(told.err, "");
}

#[test]
fn a_connection_carries_one_call_after_the_other() {
    use super::http::{connect, head};
    use std::io::{Read, Write};
    let vendor = Offline::with("[]");
    let (_bench, serving) = serve(&vendor.sandbox().vendor_url());
    let mut stream = connect(serving.address());
    let body = sample("stock-level");
    let call = head(Some(CALLER_KEY), STOCK, body.len());
    let kept = call.replace("connection: close\r\n", "") + &body;
    stream.write_all(format!("{kept}{kept}{call}{body}").as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
}
