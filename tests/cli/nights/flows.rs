//! Each flow by itself: what it refuses, and what it never does twice.

use serde_json::{Value, json};

use super::Nights;
use super::world::{BILLS, ORDERS, PRICES};
use crate::crash::Draw;

const DAY: &str = "--from 2026-01-08 --to 2026-01-09";
const NEXT: &str = "--from 2026-01-09 --to 2026-01-10";

impl Nights {
    /// Writes an order of one line for one piece of this part.
    fn order_of(&self, name: &str, part: &str) -> Value {
        let item = json!({ "skuId": 1, "skuCode": "M-1", "vendorPartNumber": part, "quantity": "1.00",
            "quantityReceived": "0.00", "cost": "4.00" });
        let order = json!({ "number": name, "status": "Sent", "vendorId": self.vendor, "date": "2026-01-08T19:00:00Z",
            "tax": "0.00", "shipping": "0.00", "items": [item] });
        self.add("inventory/purchase-orders", &order)
    }

    /// Step, result and message of each order, by the report's order.
    fn told(&self, file: &str) -> Vec<String> {
        let rows = self.rows(file);
        rows.iter()
            .map(|row| format!("{} {} {} {}", row["Order"], row["Step"], row["Result"], row["Message"]))
            .collect()
    }
}

#[test]
fn what_the_vendor_refuses_is_told_in_its_words_and_the_others_are_sent_once() {
    let nights = Nights::new(Draw(1));
    nights.order_of("N-1", "HL-1001");
    nights.order_of("N-2", "HL-9999");
    nights.order_of("N-3", "");
    nights.bench.tradewire(&format!("run {ORDERS} {DAY}")).succeeded();
    let told = nights.told("vendor-orders.csv");
    assert!(told.iter().any(|row| row.starts_with("N-1 order sent ")), "{told:#?}");
    let refused = told.iter().find(|row| row.starts_with("N-2 order refused ")).unwrap();
    assert!(refused.contains("no part `HL-9999` in the catalogue"), "{refused}");
    assert!(told.contains(&"N-3 order refused not sent: M-1 has no part number of the vendor".to_owned()), "{told:#?}");
    nights.bench.tradewire(&format!("run {ORDERS} {NEXT}")).succeeded();
    assert_eq!(nights.taken(), ["N-1"], "the state knows it");
    let told = nights.told("vendor-orders.v2.csv");
    assert!(told.iter().any(|row| row.starts_with("N-1 status open")), "{told:#?}");
    assert!(told.iter().any(|row| row.starts_with("N-2 order refused")), "{told:#?}");
}

#[test]
fn an_order_of_which_nothing_is_remembered_is_looked_for_before_it_is_sent() {
    let nights = Nights::new(Draw(1));
    let order = nights.order_of("N-1", "HL-1001");
    nights.bench.tradewire(&format!("run {ORDERS} {DAY}")).succeeded();
    nights.bench.tradewire(&format!("state delete {ORDERS} acme order-{}", order["id"])).succeeded();
    // Whether it has the order, the vendor does not say.
    nights.offline.faults(r#"[{"do": {"status": {"code": 500}}, "on": "_vendor/orders.get", "times": 1}]"#);
    nights.bench.tradewire(&format!("run {ORDERS} {NEXT}")).succeeded();
    let told = nights.told("vendor-orders.v2.csv");
    assert!(told[0].starts_with("N-1 order held not sent: the vendor does not say whether it has it: "), "{told:#?}");
    nights.bench.tradewire(&format!("run {ORDERS} --from 2026-01-10 --to 2026-01-11")).succeeded();
    let told = nights.told("vendor-orders.v3.csv");
    assert!(told[0].starts_with("N-1 order known the vendor has it already"), "{told:#?}");
    assert_eq!(nights.taken(), ["N-1"]);
}

#[test]
fn a_dry_run_of_prices_lists_what_apply_then_writes_and_writes_nothing() {
    let mut nights = Nights::new(Draw(1));
    for (part, cents) in nights.listed.iter_mut() {
        *cents = if part == "HL-1001" { *cents * 2 } else { *cents * 105 / 100 };
    }
    nights.offline.sandbox().set_prices(&nights.listed).unwrap();
    let applying = nights.bench.read("tradewire.toml");
    nights.bench.write("tradewire.toml", applying.replace("apply = \"true\"", "apply = \"false\""));
    nights.bench.tradewire(&format!("run {PRICES} {DAY}")).succeeded();
    let results = |file: &str, wanted: &str| -> Vec<(String, String)> {
        let rows = nights.rows(file).into_iter().filter(|row| row["Result"] == wanted);
        rows.map(|row| (row["Vendor Part"].clone(), row["New Cost"].clone())).collect()
    };
    let changes = results("price-changes.csv", "change");
    assert_eq!(changes.len(), 11, "{changes:?}");
    assert_eq!(results("price-changes.csv", "held")[0].0, "HL-1001");
    assert!(results("price-changes.csv", "refused").iter().any(|(part, _)| part.starts_with("VP-")));
    assert!(nights.offline.sandbox().writes().is_empty());
    nights.bench.write("tradewire.toml", applying);
    nights.bench.tradewire(&format!("run {PRICES} {NEXT}")).succeeded();
    assert_eq!(results("price-changes.v2.csv", "applied"), changes);
    assert_eq!(nights.offline.done("pricebook/materials.update"), 11);
    nights.bench.tradewire(&format!("run {PRICES} --from 2026-01-10 --to 2026-01-11")).succeeded();
    assert_eq!(nights.offline.done("pricebook/materials.update"), 11, "nothing is left to write");
}

#[test]
fn a_bill_that_cannot_be_booked_keeps_the_file_back_and_nothing_is_marked() {
    let nights = Nights::new(Draw(1));
    let noon = Nights::noon(0);
    nights.offline.sandbox().move_on(noon);
    let bill = |reference: &str, number: Value| {
        let account = json!({ "id": 1, "name": "Materials", "number": "5000" });
        let items = json!([{ "name": "Pipe", "quantity": "2.00", "cost": "5.00", "generalLedgerAccount": account }]);
        json!({ "referenceNumber": reference, "vendor": { "id": nights.vendor, "name": "Harborline" }, "vendorNumber": number,
            "billDate": noon.to_rfc3339(), "billAmount": "10.00", "taxAmount": "0.00", "items": items, "syncStatus": "Pending" })
    };
    nights.add("accounting/inventory-bills", &bill("IN-1", json!("V-1")));
    let faulty = nights.add("accounting/inventory-bills", &bill("IN-2", Value::Null));
    let words = format!("run {BILLS} {DAY} --quiet");
    nights.bench.tradewire(&words).refused(&["1 bills cannot be exported, so none is", "(IN-2): vendor "]);
    nights.bench.has_delivered_nothing();
    nights.amend("accounting/inventory-bills", faulty["id"].as_i64().unwrap(), &json!({ "vendorNumber": "V-1" }));
    nights.bench.tradewire(&words).succeeded();
    let rows = nights.rows("bills-20260108.csv");
    assert_eq!(rows.iter().map(|row| row["BILL_NO"].as_str()).collect::<Vec<_>>(), ["IN-1", "IN-2"]);
    assert!(nights.written("accounting/inventory-bills.mark-as-exported").is_empty(), "it is not yet");
    // The window again has the same bytes; another one does not have them.
    let again = nights.bench.tradewire(&format!("run {BILLS} {DAY} --json")).succeeded().json();
    assert_eq!(again["runs"][0]["outcome"], "unchanged");
    let wide = nights.bench.tradewire(&format!("run {BILLS} --from 2026-01-08 --to 2026-01-10 --quiet")).succeeded();
    assert_eq!(nights.bench.delivered().len(), 2, "{wide}");
}
