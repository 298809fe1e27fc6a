//! What people do by day, and what goes wrong at night: drawn.

use chrono::TimeDelta;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::Nights;
use super::world::number;
use crate::crash::Draw;

/// What happens to calls that change something, and to those that ask.
const WRITES: [&str; 5] = [
    "inventory/receipts.create",
    "pricebook/materials.update",
    "accounting/inventory-bills.mark",
    "_vendor/orders.create",
    "_vendor/orders.create",
];
const READS: [&str; 5] =
    ["inventory/", "pricebook/materials.get", "accounting/inventory-bills.get", "_vendor/orders.get", "_vendor/quotes"];
const WORSE: [&str; 7] = [
    "\"drop-answer\"",
    "\"drop-request\"",
    "\"half-answer\"",
    "{\"status\": {\"code\": 500}}",
    "{\"status\": {\"code\": 503}}",
    "{\"too-many\": {\"retry-after\": \"0.05\"}}",
    "\"expired-token\"",
];

impl Draw {
    /// Now and then something goes wrong with a write, and with a question.
    pub fn bad_night(&mut self) -> String {
        let mut faults = Vec::new();
        for (ons, spared) in [(&WRITES, 3), (&READS, 2)] {
            for _ in 0..self.below(3) {
                let (on, worse, after) =
                    (ons[self.below(ons.len())], WORSE[self.below(WORSE.len())], self.below(spared));
                faults.push(format!("{{\"do\": {worse}, \"on\": \"{on}\", \"after\": {after}, \"times\": 1}}"));
            }
        }
        format!("[{}]", faults.join(","))
    }
}

impl Nights {
    /// A day: prices move, orders are written and cancelled, bills come in.
    pub fn day(&mut self, day: u64) {
        let noon = Self::noon(day);
        self.offline.sandbox().move_on(noon);
        self.move_prices(day);
        self.cancel();
        for place in 0..1 + self.draw.below(3) {
            let number = format!("N{:02}-{place}", day + 1);
            self.order(&number, noon);
        }
        self.enter_bills(noon);
    }

    /// A few prices move by up to 8 per cent; on one day in ten, one by far more than may pass unseen.
    fn move_prices(&mut self, day: u64) {
        let parts: Vec<String> = self.listed.keys().cloned().collect();
        for _ in 0..1 + self.draw.below(3) {
            let part = &parts[self.draw.below(parts.len())];
            let percent = 92 + self.draw.below(17) as i64;
            let percent = if day % 10 == 4 { 180 } else { percent };
            let cents = self.listed[part] * percent / 100;
            self.listed.insert(part.clone(), cents.max(50));
        }
        self.offline.sandbox().set_prices(&self.listed).unwrap();
    }

    /// What the pricebook should say of costs after a night: the vendor's prices, but for what changes by more than a
    /// quarter.
    pub fn expect_prices(&mut self) {
        for (material, part) in self.parts() {
            let (before, now) = (self.costs[&material], self.quoted(&part));
            if (now - before).abs() * Decimal::from(4) <= before {
                self.costs.insert(material, now);
            }
        }
    }

    fn order(&mut self, name: &str, noon: chrono::DateTime<chrono::Utc>) {
        let parts = self.parts();
        let is_faulty = self.draw.below(6) == 0;
        let mut items = Vec::new();
        for _ in 0..1 + self.draw.below(4) {
            let (material, part) = &parts[self.draw.below(parts.len())];
            let (cost, pieces) = (self.costs[material], 1 + self.draw.below(60));
            let part = if is_faulty { "HL-9999" } else { part.as_str() };
            items.push(json!({
                "skuId": material, "skuName": "Part", "skuCode": format!("M-{material}"), "skuType": "Material",
                "vendorPartNumber": part, "quantity": format!("{pieces}.00"), "quantityReceived": "0.00",
                "cost": cost.to_string(), "total": (cost * Decimal::from(pieces)).to_string(), "serialNumbers": [],
                "status": "Pending",
            }));
        }
        let order = json!({
            "number": name, "status": "Sent", "vendorId": self.vendor, "date": noon.to_rfc3339(),
            "requiredOn": (noon + TimeDelta::days(7)).to_rfc3339(), "sentOn": noon.to_rfc3339(), "tax": "0.00",
            "shipping": "0.00", "total": "0.00", "items": items, "customFields": [],
        });
        self.add("inventory/purchase-orders", &order);
        if is_faulty {
            self.faulty.push(name.to_owned());
        }
    }

    /// Orders that the vendor does not take are cancelled on the next day.
    fn cancel(&self) {
        for order in self.records("inventory/purchase-orders") {
            let is_faulty = self.faulty.iter().any(|name| order["number"] == **name);
            if is_faulty && order["status"] == "Sent" {
                self.amend(
                    "inventory/purchase-orders",
                    order["id"].as_i64().unwrap(),
                    &json!({ "status": "Canceled" }),
                );
            }
        }
    }

    /// Each receipt gets its bill, now and then a dearer one.
    fn enter_bills(&mut self, noon: chrono::DateTime<chrono::Utc>) {
        for receipt in self.records("inventory/receipts").iter().filter(|receipt| is_open(receipt)) {
            let is_dear = self.draw.below(5) == 0;
            let mut sum = Decimal::ZERO;
            let items = receipt["items"].as_array().unwrap().iter().map(|item| {
                let cost = if is_dear { number(&item["cost"]) + Decimal::new(25, 2) } else { number(&item["cost"]) };
                sum += cost * number(&item["quantity"]);
                let account = json!({ "id": 1, "name": "Materials", "number": "5000", "type": "Expense" });
                json!({
                    "order": 1, "name": "Part", "quantity": item["quantity"].to_string().trim_matches('"'),
                    "cost": cost.to_string(), "skuId": item["skuId"], "receiptItemId": item["id"],
                    "generalLedgerAccount": account,
                })
            });
            let items: Vec<Value> = items.collect();
            let (sum, tax) = (cents(sum), cents(sum * Decimal::new(7, 2)));
            let id = receipt["id"].as_i64().unwrap();
            let bill = json!({
                "purchaseOrderId": receipt["purchaseOrderId"], "referenceNumber": format!("IN-{id}"),
                "vendor": { "id": self.vendor, "name": "Harborline" }, "vendorNumber": "V-HARBOR", "items": items,
                "billDate": noon.to_rfc3339(), "dueDate": (noon + TimeDelta::days(30)).to_rfc3339(),
                "billAmount": (sum + tax).to_string(), "taxAmount": tax.to_string(), "shippingAmount": "0.00",
                "otherAmount": "0.00", "syncStatus": "Pending", "customFields": [],
            });
            let bill = self.add("accounting/inventory-bills", &bill);
            self.amend("inventory/receipts", id, &json!({ "billId": bill["id"] }));
        }
    }
}

/// Whether a receipt is one of the nights', and has no bill yet.
fn is_open(receipt: &Value) -> bool {
    receipt["memo"].as_str().is_some_and(|memo| memo.starts_with("harborline shipment "))
        && receipt["billId"].as_i64().unwrap_or(0) == 0
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
