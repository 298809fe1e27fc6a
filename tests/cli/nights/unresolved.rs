//! What an operator does who looks: whether a write that nobody answered has happened, by what ServiceTitan and the vendor
//! show.

use serde_json::{Value, json};
use tradewire_store::{Store, UnresolvedWrite};

use super::Nights;
use super::world::number;

impl Nights {
    /// Resolves the unresolved writes that there are.
    pub fn resolve_all(&mut self) {
        let unresolved = self.bench.recorded(async |store| store.unresolved_writes().await.unwrap());
        for unresolved_write in &unresolved {
            let how = match self.found(unresolved_write) {
                Some(answer) => {
                    self.bench.write("answer.json", answer.to_string());
                    "--applied --answer answer.json"
                }
                None => "--not-applied",
            };
            self.bench.tradewire(&format!("writes resolve {} {how}", unresolved_write.write.id)).succeeded();
        }
        self.resolved += unresolved.len();
    }

    /// What a write has left behind, as it would have been answered; none where it has left nothing.
    fn found(&self, unresolved_write: &UnresolvedWrite) -> Option<Value> {
        let asked: Value = serde_json::from_str(unresolved_write.write.arguments.body.as_deref().unwrap()).unwrap();
        match unresolved_write.write.operation.as_str() {
            "harborline/purchaseorder" => {
                let number = asked["purchaseOrder"]["number"].as_str().unwrap();
                let taken = self.taken().iter().any(|taken| taken == number);
                taken.then(|| json!({ "success": true, "message": "found" }))
            }
            "inventory/receipts.create-receipt" => {
                let receipts = self.records("inventory/receipts");
                let made = receipts.into_iter().find(|receipt| receipt["memo"] == asked["memo"])?;
                Some(json!({ "id": made["id"] }))
            }
            "pricebook/materials.update" => {
                let id: i64 = unresolved_write.write.path.rsplit('/').next().unwrap().parse().unwrap();
                let materials = self.records("pricebook/materials");
                let material = materials.into_iter().find(|material| material["id"] == id)?;
                let entry = |of: &Value| {
                    let all =
                        [&of["primaryVendor"]].into_iter().chain(of["otherVendors"].as_array().into_iter().flatten());
                    all.filter(|entry| entry["vendorId"] == self.vendor).map(|entry| number(&entry["cost"])).next()
                };
                (entry(&material) == entry(&asked)).then_some(material)
            }
            "accounting/inventory-bills.mark-as-exported" => {
                let bills = self.records("accounting/inventory-bills");
                let ids = asked["inventoryBillIds"].as_array().unwrap();
                let is_marked =
                    |id: &Value| bills.iter().any(|bill| bill["id"] == *id && bill["syncStatus"] == "Exported");
                let answer = |id: &Value| json!({ "inventoryBillId": id, "success": true, "errorMessage": null });
                ids.iter().all(is_marked).then(|| ids.iter().map(answer).collect())
            }
            other => panic!("nothing here writes `{other}`"),
        }
    }

    /// The orders that the vendor has taken, by ServiceTitan's names, each as often as it has.
    pub fn taken(&self) -> Vec<String> {
        let said = |body: &str| {
            let body: Value = serde_json::from_str(body).unwrap();
            body["po_number"].as_str().unwrap().to_owned()
        };
        self.written("_vendor/orders.create").iter().map(|body| said(body)).collect()
    }

    /// The bodies of the writes of this name that were carried out, in order.
    pub fn written(&self, operation: &str) -> Vec<String> {
        let writes = self.offline.sandbox().writes().into_iter();
        writes.filter(|write| write.operation.as_deref() == Some(operation)).map(|write| write.body).collect()
    }
}
