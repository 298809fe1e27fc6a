//! What runs each night, and what is there before the first day.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tradewire_sandbox::{DEMO_TENANT, DEMO_VENDOR_KEY};

use super::Nights;
use crate::bench::{Bench, Offline, TODAY, config, guest};
use crate::crash::Draw;
use crate::vendors::http;

pub const ORDERS: &str = "vendor-orders";
pub const PRICES: &str = "price-changes";
pub const BILLS: &str = "ledger-bills";
pub const MARKS: &str = "bills-exported";
pub const MATCH: &str = "three-way-match";
pub const OPEN: &str = "open-orders";

/// The company's account at the vendor.
const ACCOUNT: &str = "H-7001";
/// Materials that the vendor sells: the first so many of the pricebook, and of its parts.
const PARTS: usize = 12;

impl Nights {
    pub fn new(draw: Draw) -> Nights {
        let offline = Offline::with("[]");
        let vendor = offline.sandbox().records("inventory/vendors", DEMO_TENANT).unwrap()[0]["id"].as_i64().unwrap();
        let bench = Bench::with(&configuration(&offline, vendor));
        let mut nights = Nights {
            draw,
            offline,
            bench,
            vendor,
            costs: BTreeMap::new(),
            listed: BTreeMap::new(),
            faulty: Vec::new(),
            resolved: 0,
            again: 0,
        };
        let materials = nights.records("pricebook/materials");
        for (place, material) in materials.iter().take(PARTS).enumerate() {
            let part = format!("HL-{}", 1001 + place);
            nights.listed.insert(part.clone(), 500 + 137 * place as i64);
            nights.offline.sandbox().set_prices(&nights.listed).unwrap();
            let cost = nights.quoted(&part);
            let entry = json!({ "vendorId": vendor, "vendorPart": part, "cost": cost.to_string(), "active": true });
            let other = json!({ "vendorId": vendor + 1, "vendorPart": "X-1", "cost": "9.99", "active": true });
            // Every third has the vendor beside another one.
            let change = match place % 3 {
                0 => json!({ "primaryVendor": other, "otherVendors": [entry], "isCostLocked": false }),
                _ => {
                    json!({ "primaryVendor": entry, "otherVendors": [], "cost": cost.to_string(), "isCostLocked": false })
                }
            };
            let id = material["id"].as_i64().unwrap();
            nights.amend("pricebook/materials", id, &change);
            nights.costs.insert(id, cost);
        }
        nights
    }

    pub fn records(&self, collection: &str) -> Vec<Value> {
        self.offline.sandbox().records(collection, DEMO_TENANT).unwrap()
    }

    pub fn add(&self, collection: &str, fields: &Value) -> Value {
        self.offline.sandbox().add_record(collection, DEMO_TENANT, fields).unwrap()
    }

    pub fn amend(&self, collection: &str, id: i64, fields: &Value) {
        self.offline.sandbox().amend_record(collection, DEMO_TENANT, &id.to_string(), fields).unwrap();
    }

    /// What the vendor says that one piece costs, asked without anything of Tradewire's.
    pub fn quoted(&self, part: &str) -> Decimal {
        let body = json!({ "customer_no": ACCOUNT, "lines": [{ "part_no": part, "qty": 1 }] }).to_string();
        let request = format!(
            "POST /_vendor/v1/quotes HTTP/1.1\r\nhost: vendor\r\nconnection: close\r\nx-api-key: {DEMO_VENDOR_KEY}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = http::ask(self.offline.sandbox().addr(), request);
        number(&answer.json()["lines"][0]["prices"][0]["unit_price"])
    }

    /// The number of a material and the part that it is at the vendor.
    pub fn parts(&self) -> Vec<(i64, String)> {
        self.costs.keys().copied().zip(self.listed.keys().cloned()).collect()
    }
}

/// An exact number, however it travels.
pub fn number(value: &Value) -> Decimal {
    match value {
        Value::String(text) => text.parse().unwrap(),
        Value::Number(exact) => exact.to_string().parse().unwrap(),
        _ => Decimal::ZERO,
    }
}

fn configuration(offline: &Offline, vendor: i64) -> String {
    let supplied = format!("vendor = \"harborline\", vendor-id = \"{vendor}\", account = \"{ACCOUNT}\"");
    let since = &TODAY[..10];
    let mut rest = format!(
        r#"
[middleware.harborline]
pack = {:?}
base_url = "{}"
tenants = ["acme"]
timeout = "2 s"
secrets = {{ ApiKey = {{ env = "VENDOR_KEY" }} }}
"#,
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/harborline"),
        offline.sandbox().vendor_url(),
    );
    const BILL_LIST: &str = "accounting/inventory-bills.get-list-paginated";
    const PURCHASES: [&str; 3] =
        ["inventory/purchase-orders.get-list", "inventory/vendors.get-list", "inventory/receipts.get-list"];
    let plugins: [(&str, Vec<&str>, &str, String); 6] = [
        (
            ORDERS,
            [&PURCHASES[..], &["inventory/receipts.create-receipt"]].concat(),
            r#"["harborline/purchaseorder", "harborline/purchaseorderstatus"]"#,
            format!("{supplied}, since = \"{since}\""),
        ),
        (
            PRICES,
            vec![
                "pricebook/materials.get-list",
                "pricebook/equipment.get-list",
                "pricebook/materials.update",
                "pricebook/equipment.update",
            ],
            r#"["harborline/bulk-pricing"]"#,
            format!("{supplied}, apply = \"true\", batch = \"5\""),
        ),
        (BILLS, vec![BILL_LIST], "", r#"ledger = "sage-intacct", tax-account = "2200""#.to_owned()),
        (MARKS, vec![BILL_LIST, "accounting/inventory-bills.mark-as-exported"], "", String::new()),
        (MATCH, [&PURCHASES[..], &[BILL_LIST]].concat(), "", String::new()),
        (OPEN, PURCHASES[..2].to_vec(), "", String::new()),
    ];
    for (name, grants, vendors, settings) in plugins {
        let begins = match name {
            MARKS => "after = \"ledger-bills\"\nretries = { times = 30, backoff = \"200 ms\", longest = \"500 ms\" }",
            _ => "window = \"day\"",
        };
        let vendors = if vendors.is_empty() { String::new() } else { format!("middleware = {vendors}\n") };
        let source = guest(&format!("{name}.wasm"));
        rest += &format!(
            "\n[plugin.{name}]\nsource = {source:?}\ngrant = {grants:?}\n{vendors}\n[export.{name}]\nrun = \"{name}\"\n\
             tenants = [\"acme\"]\n{begins}\nsettings = {{ {settings} }}\ndeliver = \"outbox\"\n"
        );
    }
    config(&offline.url(), &rest)
}
