//! The endpoint `purchaseorderstatus`: how far an order is at the vendor, and what it has shipped.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Account, Refused, read};

/// The endpoint.
pub const ENDPOINT: &str = "purchaseorderstatus";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    vendor_id: String,
    vendor_customer_id: &'a str,
    purchase_order_number: &'a str,
    purchase_order: Asked<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    account_id: &'a str,
    number: &'a str,
    order_reference_number: Option<&'a str>,
}

/// The body of the call: about the order that ServiceTitan calls `number` and the vendor, once it is known there,
/// `reference`.
pub fn request(number: &str, reference: &str, account: &Account) -> String {
    let order_reference_number = Some(reference).filter(|reference| !reference.is_empty());
    let request = Request {
        vendor_id: account.vendor.to_string(),
        vendor_customer_id: &account.id,
        purchase_order_number: number,
        purchase_order: Asked { account_id: &account.id, number, order_reference_number },
    };
    serde_json::to_string(&request).unwrap_or_default()
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    purchase_order: Option<Head>,
    purchase_order_items: Option<Vec<Item>>,
    shipments: Option<Vec<ShipmentAnswer>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    order_reference_number: Option<String>,
    confirmation_number: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    vendor_part_number: Option<String>,
    item_number: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ShipmentAnswer {
    shipment_number: Option<String>,
    status: Option<String>,
    delivered_on: Option<String>,
    lines: Option<Vec<LineAnswer>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LineAnswer {
    item_number: Option<String>,
    ordered_qty: Option<Quantity>,
    unit_price: Option<Price>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Quantity {
    #[serde(with = "rust_decimal::serde::arbitrary_precision_option")]
    amount: Option<Decimal>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Price {
    #[serde(with = "rust_decimal::serde::arbitrary_precision_option")]
    value: Option<Decimal>,
}

/// How far an order is at the vendor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// The vendor's number of it; empty where it gives none.
    pub reference: String,
    /// The vendor's word.
    pub state: String,
    /// What it has shipped, or is about to.
    pub shipments: Vec<Shipment>,
}

/// One shipment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shipment {
    /// The vendor's number of it, or its place where it has none; no two of an order are alike: the second of one
    /// number is `SH-1 (2)`.
    pub number: String,
    /// The vendor's word.
    pub state: String,
    /// The day on which it came.
    pub delivered: Option<NaiveDate>,
    /// What is in it.
    pub lines: Vec<ShippedLine>,
}

/// What a shipment has of one part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShippedLine {
    /// The vendor's part number.
    pub part: String,
    /// Pieces.
    pub quantity: Decimal,
    /// The price of a piece.
    pub price: Option<Decimal>,
}

/// What the vendor says of an order.
///
/// # Errors
/// It does not say.
pub fn answer(status: u16, body: &str) -> Result<Status, Refused> {
    let Answer { purchase_order, purchase_order_items, shipments } = read(status, body)?;
    let Some(head) = purchase_order else {
        return Err(Refused { status, words: "the answer has no order".to_owned(), kind: String::new() });
    };
    // A shipment calls its lines by part numbers or by the numbers of the order's lines: vendors do either.
    let items = purchase_order_items.unwrap_or_default();
    let parts: BTreeMap<&str, &str> = (items.iter())
        .filter_map(|item| Some((item.item_number.as_deref()?, item.vendor_part_number.as_deref()?)))
        .collect();
    let is_part = |number: &str| items.iter().any(|item| item.vendor_part_number.as_deref() == Some(number));
    let line = |line: LineAnswer| {
        let number = line.item_number.unwrap_or_default();
        let part = match parts.get(number.as_str()) {
            Some(part) if !is_part(&number) => (*part).to_owned(),
            _ => number,
        };
        ShippedLine {
            part,
            quantity: line.ordered_qty.and_then(|quantity| quantity.amount).unwrap_or_default(),
            price: line.unit_price.and_then(|price| price.value).filter(|price| *price > Decimal::ZERO),
        }
    };
    let mut taken = BTreeSet::new();
    let shipment = |(place, shipment): (usize, ShipmentAnswer)| Shipment {
        number: {
            let number = shipment.shipment_number.filter(|number| !number.is_empty());
            distinct(number.unwrap_or((place + 1).to_string()), &mut taken)
        },
        state: shipment.status.unwrap_or_default(),
        delivered: shipment.delivered_on.and_then(|at| at.get(..10)?.parse().ok()),
        lines: shipment.lines.unwrap_or_default().into_iter().map(line).collect(),
    };
    Ok(Status {
        reference: head.order_reference_number.or(head.confirmation_number).unwrap_or_default(),
        state: head.status.unwrap_or_default(),
        shipments: shipments.unwrap_or_default().into_iter().enumerate().map(shipment).collect(),
    })
}

/// A number that is not taken yet: itself, or with how many have it by now.
fn distinct(number: String, taken: &mut BTreeSet<String>) -> String {
    let others = (2..).map(|count| format!("{number} ({count})"));
    let free = std::iter::once(number.clone()).chain(others).find(|number| !taken.contains(number));
    let free = free.unwrap_or(number);
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shipments_are_read_whatever_they_call_their_lines() {
        let by = |number: &str| {
            let body = format!(
                r#"{{"success": true, "purchaseOrder": {{"orderReferenceNumber": "SO-1", "status": "Shipped"}},
                "purchaseOrderItems": [{{"vendorPartNumber": "HL-9", "itemNumber": "1"}}],
                "shipments": [{{"shipmentNumber": null, "status": "delivered", "deliveredOn": "2026-01-03T10:00:00Z",
                  "lines": [{{"itemNumber": "{number}", "orderedQty": {{"amount": 2.50}}, "unitPrice": {{"value": 0}}}}]}}]}}"#
            );
            answer(200, &body).unwrap()
        };
        let status = by("1");
        assert_eq!(status, by("HL-9"));
        let shipment = &status.shipments[0];
        assert_eq!((shipment.number.as_str(), shipment.delivered), ("1", "2026-01-03".parse().ok()));
        assert_eq!(shipment.lines[0].quantity.to_string(), "2.50");
        assert_eq!(shipment.lines[0].price, None);
    }

    #[test]
    fn shipments_of_one_number_are_told_apart_and_the_first_keeps_its_own() {
        let body = r#"{"purchaseOrder": {}, "shipments": [{"shipmentNumber": "SH-1"}, {"shipmentNumber": "SH-1"},
            {"shipmentNumber": "SH-2"}, {}, {"shipmentNumber": "SH-1"}, {"shipmentNumber": "4"}]}"#;
        let shipments = answer(200, body).unwrap().shipments;
        let numbers: Vec<&str> = shipments.iter().map(|shipment| shipment.number.as_str()).collect();
        assert_eq!(numbers, ["SH-1", "SH-1 (2)", "SH-2", "4", "SH-1 (3)", "4 (2)"]);
    }

    #[test]
    fn an_answer_without_an_order_is_none() {
        assert!(answer(200, r#"{"success": true}"#).is_err());
        assert!(answer(404, r#"{"success": false, "errorMessage": "no order"}"#).unwrap_err().is_unknown());
    }
}
