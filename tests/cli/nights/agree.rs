//! Whether in the end all agree: files, the sandbox's records, and its ledger of writes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use rust_decimal::Decimal;
use serde_json::Value;

use super::world::{BILLS, MARKS, MATCH, OPEN, number};
use super::{FIRST, Nights};

type Row = BTreeMap<String, String>;

impl Nights {
    pub fn agree(&self, nights: u64) {
        let orders = self.records("inventory/purchase-orders");
        let orders: Vec<&Value> =
            orders.iter().filter(|order| order["number"].as_str().is_some_and(|name| name.starts_with('N'))).collect();
        assert!(orders.len() as u64 >= nights, "{}", orders.len());
        self.orders_agree(&orders);
        self.receipts_agree(&orders);
        self.prices_agree();
        self.bills_agree();
        self.reports_agree(nights, &orders);
        assert!(self.bench.unfinished().is_empty(), "{:?}", self.bench.unfinished());
    }

    /// Each order that the vendor can take was sent, and sent once.
    fn orders_agree(&self, orders: &[&Value]) {
        let mut taken = self.taken();
        taken.sort();
        let mut wanted: Vec<String> = orders.iter().map(|order| order["number"].as_str().unwrap().to_owned()).collect();
        wanted.retain(|name| !self.faulty.contains(name));
        wanted.sort();
        assert_eq!(taken, wanted, "each order is sent once");
        assert!(!self.faulty.is_empty());
    }

    /// Each shipment is one receipt, partial ones too; nothing more came than was ordered.
    fn receipts_agree(&self, orders: &[&Value]) {
        let receipts = self.records("inventory/receipts");
        let memos: Vec<&str> = receipts.iter().filter_map(|receipt| receipt["memo"].as_str()).collect();
        let shipped: Vec<&&str> = memos.iter().filter(|memo| memo.starts_with("harborline shipment ")).collect();
        let once: BTreeSet<&&&str> = shipped.iter().collect();
        assert_eq!(once.len(), shipped.len(), "no shipment is received twice");
        assert!(shipped.iter().any(|memo| memo.contains("-2 of order")), "some come in parts: {shipped:?}");
        let mut complete = 0;
        for order in orders {
            let of = receipts.iter().filter(|receipt| receipt["purchaseOrderId"] == order["id"]);
            let lines: Vec<&Value> = of.flat_map(items).collect();
            for item in items(order) {
                let came = lines.iter().filter(|line| line["purchaseOrderItemId"] == item["id"]);
                let came: Decimal = came.map(|line| number(&line["quantity"])).sum();
                assert_eq!(came, number(&item["quantityReceived"]), "{order}");
                assert!(came <= number(&item["quantity"]), "{order}");
            }
            complete += usize::from(order["status"] == "Received");
        }
        assert!(complete * 2 > orders.len(), "{complete} of {} are received", orders.len());
    }

    /// The pricebook says what the vendor said last, as far as it may.
    fn prices_agree(&self) {
        let materials = self.records("pricebook/materials");
        let mut held = 0;
        for (id, part) in self.parts() {
            let material = materials.iter().find(|material| material["id"] == id).unwrap();
            let others = material["otherVendors"].as_array().into_iter().flatten();
            let entries = [&material["primaryVendor"]].into_iter().chain(others);
            let mine: Vec<&Value> = entries.filter(|entry| entry["vendorPart"] == *part).collect();
            assert_eq!((mine.len(), number(&mine[0]["cost"])), (1, self.costs[&id]), "{material}");
            if material["primaryVendor"]["vendorId"] == self.vendor {
                assert_eq!(number(&material["cost"]), self.costs[&id], "{material}");
            }
            held += usize::from(self.quoted(&part) != self.costs[&id]);
        }
        assert!(held > 0, "some change too much");
    }

    /// Each bill is in one file and marked once, after that file's delivery; the files come to what was billed.
    fn bills_agree(&self) {
        let bills: Vec<Value> = self.records("accounting/inventory-bills");
        let bills: BTreeMap<String, &Value> = (bills.iter())
            .filter_map(|bill| Some((bill["referenceNumber"].as_str()?.to_owned(), bill)))
            .filter(|(name, _)| name.starts_with("IN-"))
            .collect();
        let mut booked: BTreeMap<String, Decimal> = BTreeMap::new();
        let mut in_files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in self.bench.delivered().iter().filter(|name| name.starts_with("bills-") && name.ends_with(".csv")) {
            for row in self.rows(file) {
                *booked.entry(row["BILL_NO"].clone()).or_default() += row["AMOUNT"].parse::<Decimal>().unwrap();
                in_files.entry(row["BILL_NO"].clone()).or_default().insert(file.clone());
            }
        }
        let billed: BTreeMap<String, Decimal> =
            bills.iter().map(|(name, bill)| (name.clone(), number(&bill["billAmount"]))).collect();
        assert!(billed.len() > 20, "{}", billed.len());
        assert_eq!(booked, billed);
        assert!(in_files.values().all(|files| files.len() == 1), "{in_files:?}");

        let mut marked: Vec<i64> = Vec::new();
        for body in self.written("accounting/inventory-bills.mark-as-exported") {
            let body: Value = serde_json::from_str(&body).unwrap();
            marked.extend(body["inventoryBillIds"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()));
        }
        marked.sort_unstable();
        let mut wanted: Vec<i64> = bills.values().map(|bill| bill["id"].as_i64().unwrap()).collect();
        wanted.sort_unstable();
        assert_eq!(marked, wanted, "each bill is marked once");

        let runs = self.runs();
        for marks in runs.iter().filter(|run| run.opening.export == MARKS) {
            let same = runs.iter().filter(|run| {
                run.opening.export == BILLS && run.opening.window == marks.opening.window && run.succeeded()
            });
            let delivered = same.filter_map(|run| run.ending.as_ref()).map(|ending| ending.ended).min().unwrap();
            assert!(delivered <= marks.opening.started, "{marks:?}");
        }
    }

    /// The match of all nights, and what is open after the last, by the records alone.
    fn reports_agree(&self, nights: u64, orders: &[&Value]) {
        let end = FIRST + Days::new(nights + 1);
        self.bench.tradewire(&format!("run {MATCH} --from {FIRST} --to {end}")).succeeded();
        let ids: BTreeSet<String> = orders.iter().map(|order| order["id"].to_string()).collect();
        let mut expected: BTreeMap<String, [Decimal; 3]> = BTreeMap::new();
        for receipt in self.records("inventory/receipts") {
            let sums = expected.entry(receipt["purchaseOrderId"].to_string()).or_default();
            sums[0] += items(&receipt).map(|item| number(&item["quantity"])).sum::<Decimal>();
        }
        for bill in self.records("accounting/inventory-bills") {
            let sums = expected.entry(bill["purchaseOrderId"].to_string()).or_default();
            sums[1] += items(&bill).map(|item| number(&item["quantity"])).sum::<Decimal>();
            sums[2] += items(&bill).map(|item| number(&item["quantity"]) * number(&item["cost"])).sum::<Decimal>();
        }
        expected.retain(|id, sums| ids.contains(id) && sums.iter().any(|sum| !sum.is_zero()));
        let mut listed: BTreeMap<String, [Decimal; 3]> = BTreeMap::new();
        for row in self.rows(&self.latest(MATCH)) {
            if matches!(row["Kind"].as_str(), "charges" | "bill") {
                continue;
            }
            let cell = |name: &str| row[name].parse().unwrap_or(Decimal::ZERO);
            let sums = listed.entry(row["Order Id"].clone()).or_default();
            sums[0] += cell("Received");
            sums[1] += cell("Billed");
            sums[2] += cell("Billed") * cell("Ordered Cost") + cell("Variance");
        }
        listed.retain(|_, sums| sums.iter().any(|sum| !sum.is_zero()));
        assert_eq!(listed, expected);

        let mut open: BTreeMap<String, Decimal> = BTreeMap::new();
        for order in self.records("inventory/purchase-orders") {
            if matches!(order["status"].as_str(), Some("Received" | "Exported" | "Canceled")) {
                continue;
            }
            for item in items(&order) {
                let missing = number(&item["quantity"]) - number(&item["quantityReceived"]);
                if missing > Decimal::ZERO {
                    open.insert(item["id"].to_string(), missing);
                }
            }
        }
        let listed: BTreeMap<String, Decimal> = (self.rows(&self.latest(OPEN)).iter())
            .map(|row| (row["Line Id"].clone(), row["Unreceived"].parse().unwrap()))
            .collect();
        assert_eq!(listed, open);
    }

    /// The rows of a delivered file, by the names of its columns.
    pub fn rows(&self, file: &str) -> Vec<Row> {
        let text = self.bench.read(&format!("outbox/{file}"));
        csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().unwrap()
    }

    /// The last file of an export.
    fn latest(&self, export: &str) -> String {
        let totals = self.bench.delivered().into_iter().filter(|name| name.ends_with(".total.json"));
        let totals =
            totals.map(|name| serde_json::from_str::<Value>(&self.bench.read(&format!("outbox/{name}"))).unwrap());
        let mine = totals.filter(|total| total["export"] == export);
        let last = mine.max_by_key(|total| total["version"].as_u64()).unwrap();
        last["file"].as_str().unwrap().to_owned()
    }
}

fn items(record: &Value) -> impl Iterator<Item = &Value> {
    record["items"].as_array().into_iter().flatten()
}
