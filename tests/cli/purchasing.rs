//! Reports of purchasing against the sandbox, held against what its own records come to.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;
use tradewire_sandbox::DEMO_TENANT;

use crate::bench::{Bench, Offline, config, guest};

const ALL: &str = "--from 2000-01-01 --to 2026-01-08";

fn purchasing(address: &str) -> String {
    let rest = r#"
[plugin.open-orders]
source = "OPEN"
grant = ["inventory/purchase-orders.get-list", "inventory/vendors.get-list"]

[plugin.three-way-match]
source = "MATCH"
grant = [
  "inventory/purchase-orders.get-list",
  "inventory/receipts.get-list",
  "inventory/vendors.get-list",
  "accounting/inventory-bills.get-list-paginated",
]

[export.open-orders]
run = "open-orders"
tenants = ["acme"]
cron = "0 5 * * *"
deliver = "outbox"

[export.match]
run = "three-way-match"
tenants = ["acme"]
cron = "0 5 * * *"
deliver = "outbox"
"#;
    let source = |name| guest(name).display().to_string();
    let rest = rest.replace("OPEN", &source("open-orders.wasm")).replace("MATCH", &source("three-way-match.wasm"));
    config(address, &rest)
}

/// The rows of a delivered file, by the names of its columns.
fn rows(bench: &Bench, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = bench.read(&format!("outbox/{file}"));
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn field(record: &Value, name: &str) -> Decimal {
    match &record[name] {
        Value::String(text) => number(text),
        Value::Number(exact) => number(&exact.to_string()),
        _ => Decimal::ZERO,
    }
}

fn items(record: &Value) -> impl Iterator<Item = &Value> {
    record["items"].as_array().into_iter().flatten()
}

#[test]
fn open_orders_are_what_the_orders_say_has_not_come() {
    let offline = Offline::with(r#"[{"do": {"empty-page": {}}, "on": "inventory/purchase-orders.get-list"}]"#);
    let mut expected = BTreeMap::new();
    for order in offline.sandbox().records("inventory/purchase-orders", DEMO_TENANT).unwrap() {
        if matches!(order["status"].as_str(), Some("Received" | "Exported" | "Canceled")) {
            continue;
        }
        for item in items(&order) {
            let missing = field(item, "quantity") - field(item, "quantityReceived");
            if missing > Decimal::ZERO {
                expected.insert(item["id"].to_string(), (missing, missing * field(item, "cost")));
            }
        }
    }
    let bench = Bench::with(&purchasing(&offline.url()));
    let told = bench.tradewire(&format!("run open-orders {ALL} --json")).succeeded().json();
    let listed: BTreeMap<String, (Decimal, Decimal)> = rows(&bench, "open-orders.csv")
        .iter()
        .map(|row| (row["Line Id"].clone(), (number(&row["Unreceived"]), number(&row["Unreceived Value"]))))
        .collect();
    assert!(expected.len() > 50);
    assert_eq!(listed, expected);
    let value: Decimal = expected.values().map(|(_, value)| value).sum();
    let totals = &told["runs"][0]["files"][0]["totals"];
    assert!(totals.as_array().unwrap().contains(&serde_json::json!(["unreceived value", format!("{value:.2}")])));
}

#[test]
fn the_three_way_match_adds_up_to_receipts_and_bills_and_finds_the_bills_that_do_not() {
    let offline = Offline::with("[]");
    let records = |collection| offline.sandbox().records(collection, DEMO_TENANT).unwrap();
    // Pieces received and billed, and money billed, of each order.
    let mut expected: BTreeMap<String, [Decimal; 3]> = BTreeMap::new();
    for receipt in records("inventory/receipts").iter().filter(|receipt| receipt["active"] != false) {
        let sums = expected.entry(receipt["purchaseOrderId"].to_string()).or_default();
        sums[0] += items(receipt).map(|item| field(item, "quantity")).sum::<Decimal>();
    }
    let mut wrong = Vec::new();
    for bill in records("accounting/inventory-bills") {
        let sums = expected.entry(bill["purchaseOrderId"].to_string()).or_default();
        let lines: Decimal = items(&bill).map(|item| field(item, "quantity") * field(item, "cost")).sum();
        sums[1] += items(&bill).map(|item| field(item, "quantity")).sum::<Decimal>();
        sums[2] += lines;
        let charges: Decimal =
            ["taxAmount", "shippingAmount", "otherAmount"].map(|name| field(&bill, name)).iter().sum();
        if field(&bill, "billAmount") != lines + charges {
            wrong.push(format!("bill-{}", bill["id"]));
        }
    }
    expected.retain(|_, sums| sums.iter().any(|sum| !sum.is_zero()));

    let bench = Bench::with(&purchasing(&offline.url()));
    bench.tradewire(&format!("run match {ALL}")).succeeded();
    let mut listed: BTreeMap<String, [Decimal; 3]> = BTreeMap::new();
    let mut told = Vec::new();
    for row in rows(&bench, "three-way-match.csv") {
        match row["Kind"].as_str() {
            "charges" => continue,
            "bill" => told.push(row["Row Id"].clone()),
            _ => {
                let sums = listed.entry(row["Order Id"].clone()).or_default();
                let ordered_cost = row["Ordered Cost"].parse().unwrap_or(Decimal::ZERO);
                sums[0] += number(&row["Received"]);
                sums[1] += number(&row["Billed"]);
                sums[2] += number(&row["Billed"]) * ordered_cost + number(&row["Variance"]);
            }
        }
    }
    listed.retain(|_, sums| sums.iter().any(|sum| !sum.is_zero()));
    assert!(expected.len() > 50 && !wrong.is_empty());
    assert_eq!(listed, expected);
    told.sort();
    wrong.sort();
    assert_eq!(told, wrong);
}

#[test]
fn a_quiet_night_matches_nothing_and_the_same_night_gives_the_same_bytes() {
    let bench = Bench::with(&purchasing(crate::bench::servicetitan()));
    bench.tradewire("run match --from 1990-01-01 --to 1990-01-02").succeeded();
    assert!(rows(&bench, "three-way-match.csv").is_empty());
    bench.tradewire(&format!("run open-orders {ALL}")).succeeded();
    let again = bench.tradewire(&format!("run open-orders {ALL} --json")).succeeded().json();
    assert_eq!(again["runs"][0]["outcome"], "unchanged");
}
