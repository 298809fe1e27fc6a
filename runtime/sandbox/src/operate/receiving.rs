//! What a receipt does to its order, which no name of an operation tells: the pieces that came are counted there.

use serde_json::{Map, Value, json};
use tradewire_sandbox_seed::clock;

use super::write;
use crate::state::State;
use crate::store::Store;

const RECEIPTS: &str = "inventory/receipts";
const ORDERS: &str = "inventory/purchase-orders";

/// Follows up a record that was added to a collection.
pub(super) fn follow(state: &State, store: &Store, collection: usize, added: &str) {
    if state.plan.collections[collection].key == RECEIPTS
        && let Some(orders) = state.plan.collection(ORDERS)
        && let Ok(receipt) = serde_json::from_str::<Value>(added)
    {
        // The receipts wait meanwhile: two of one order that are counted at once would count over each other.
        let _receipts = store.table(collection).lock();
        let id = receipt["purchaseOrderId"].to_string();
        let order = store.table(orders).lock().record(&id);
        if let Some(change) = order.and_then(|order| received(&order, &receipt, &clock::write(state.clock.now()))) {
            write::amend(state, store, orders, &id, &change.to_string());
        }
    }
}

/// What changes of an order.
fn received(order: &str, receipt: &Value, now: &str) -> Option<Value> {
    let mut order: Map<String, Value> = serde_json::from_str(order).ok()?;
    let Some(Value::Array(mut items)) = order.remove("items") else { return None };
    let came = |item: &Value| {
        let lines = receipt["items"].as_array().into_iter().flatten();
        lines
            .filter(|line| line["purchaseOrderItemId"] == item["id"])
            .map(|line| pieces(&line["quantity"]))
            .sum::<f64>()
    };
    let mut is_complete = true;
    for item in &mut items {
        let received = pieces(&item["quantityReceived"]) + came(item);
        let is_whole = received >= pieces(&item["quantity"]);
        item["quantityReceived"] = json!((received * 1000.0).round() / 1000.0);
        item["status"] = json!(if is_whole { "Received" } else { "Pending" });
        is_complete &= is_whole;
    }
    let status = if is_complete { "Received" } else { "PartiallyReceived" };
    Some(json!({ "items": items, "status": status, "receivedOn": is_complete.then_some(now) }))
}

fn pieces(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap_or_default(),
        value => value.as_f64().unwrap_or_default(),
    }
}
