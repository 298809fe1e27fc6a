//! The endpoint `purchaseorder`: an order as the vendor is sent it, and what the vendor says to it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Account, Refused, read};
use crate::records::Order;

/// The endpoint.
pub const ENDPOINT: &str = "purchaseorder";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    account_id: &'a str,
    vendor_id: String,
    purchase_order: PurchaseOrder<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PurchaseOrder<'a> {
    id: i64,
    account_id: &'a str,
    number: &'a str,
    required_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    tax: Decimal,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    shipping_amount: Decimal,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    total: Decimal,
    is_vendor_counter_pickup: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_to_address_dto: Option<ShipTo<'a>>,
    vendor: Vendor<'a>,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShipTo<'a> {
    street: &'a str,
    unit: &'a str,
    city: &'a str,
    state: &'a str,
    postal_code: &'a str,
    country: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vendor<'a> {
    name: &'a str,
    sub_account_id: Option<&'a str>,
    branch_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    vendor_part_number: &'a str,
    name: &'a str,
    code: &'a str,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    quantity: Decimal,
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    unit_cost: Decimal,
}

/// The body of the call. The same order gives the same text.
pub fn request(order: &Order, account: &Account, is_pickup: bool) -> String {
    let midnight = |day: chrono::NaiveDate| format!("{day}T00:00:00Z");
    let request = Request {
        account_id: &account.id,
        vendor_id: account.vendor.to_string(),
        purchase_order: PurchaseOrder {
            id: order.id,
            account_id: &account.id,
            number: &order.number,
            required_on: order.required.map(midnight),
            date: order.ordered.map(midnight),
            tax: order.tax,
            shipping_amount: order.shipping,
            total: order.value() + order.tax + order.shipping,
            is_vendor_counter_pickup: is_pickup,
            ship_to_address_dto: order.ship_to.as_ref().filter(|_| !is_pickup).map(|to| ShipTo {
                street: &to.street,
                unit: &to.unit,
                city: &to.city,
                state: &to.state,
                postal_code: &to.zip,
                country: &to.country,
            }),
            vendor: Vendor {
                name: &order.vendor.name,
                sub_account_id: account.sub_account.as_deref(),
                branch_id: account.branch.as_deref(),
            },
            items: (order.lines.iter())
                .map(|line| Item {
                    vendor_part_number: &line.vendor_part,
                    name: &line.name,
                    code: &line.code,
                    quantity: line.quantity,
                    unit_cost: line.cost,
                })
                .collect(),
        },
    };
    // Texts and exact numbers alone: there is nothing that could not be written.
    serde_json::to_string(&request).unwrap_or_default()
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    status: Option<i64>,
    order_reference_number: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}

/// `Rejected`, of the statuses that the contract numbers.
const REJECTED: i64 = 2;

/// An order that the vendor has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The vendor's number of it; empty where it gives none.
    pub reference: String,
    /// What else it says.
    pub message: String,
}

/// What the vendor says to an order. An answer of success that cannot be read and does not say no has taken it: to send
/// it again could be to order twice.
///
/// # Errors
/// It does not take it.
pub fn answer(status: u16, body: &str) -> Result<Taken, Refused> {
    let answer: Answer = match read(status, body) {
        Ok(answer) => answer,
        Err(odd) if (200..300).contains(&status) && !says_no(body) => {
            return Ok(Taken { reference: String::new(), message: odd.words });
        }
        Err(refused) => return Err(refused),
    };
    if answer.status == Some(REJECTED) {
        let words = answer.reason.or(answer.message).filter(|words| !words.is_empty());
        let words = words.unwrap_or_else(|| "the vendor rejects it and does not say why".to_owned());
        return Err(Refused { status, words, kind: "Rejected".to_owned() });
    }
    let reference = answer.order_reference_number.unwrap_or_default();
    Ok(Taken { reference, message: answer.message.unwrap_or_default() })
}

/// Whether an answer says that the order is not taken, whatever else is in it.
fn says_no(body: &str) -> bool {
    let said: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    said["success"] == false || said["status"] == REJECTED
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::records::{Address, OrderLine, OrderStatus};

    #[test]
    fn an_order_is_written_with_every_digit_and_its_total() {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        let line = OrderLine {
            vendor_part: "HL-1".into(),
            quantity: number("2.5"),
            cost: number("3.8500000000000000001"),
            ..OrderLine::default()
        };
        let order = Order {
            id: 7,
            number: "7-001".into(),
            status: OrderStatus::Sent,
            vendor: Default::default(),
            document: String::new(),
            ordered: "2026-01-02".parse().ok(),
            sent: None,
            required: None,
            lines: vec![line],
            tax: number("1.10"),
            shipping: Decimal::ZERO,
            ship_to: Some(Address { street: "18 \"Ash\" Ln".into(), ..Address::default() }),
        };
        let account = Account { vendor: 41, id: "H-1".into(), ..Account::default() };
        let text = request(&order, &account, false);
        assert!(text.contains(r#""unitCost":3.8500000000000000001"#), "{text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        let sent = &body["purchaseOrder"];
        assert_eq!((&body["vendorId"], &sent["date"]), (&json!("41"), &json!("2026-01-02T00:00:00Z")));
        assert_eq!(sent["total"].to_string(), "10.72500000000000000025");
        assert_eq!(sent["shipToAddressDto"]["street"], "18 \"Ash\" Ln");
        assert!(!request(&order, &account, true).contains("shipTo"));
    }

    #[test]
    fn what_the_contract_calls_rejected_is_a_refusal_though_it_succeeds() {
        let refused = answer(200, r#"{"success": true, "status": 2, "reason": "credit hold"}"#).unwrap_err();
        assert_eq!(refused.words, "credit hold");
        let taken = answer(200, r#"{"success": true, "status": 1, "orderReferenceNumber": "SO-1"}"#).unwrap();
        assert_eq!(taken.reference, "SO-1");
    }

    #[test]
    fn an_answer_of_success_that_cannot_be_read_has_taken_the_order_unless_it_says_no() {
        for body in ["", "<html>", r#"{"success": true, "orderReferenceNumber": 50031}"#] {
            let taken = answer(201, body).unwrap();
            assert_eq!(taken.reference, "");
            assert!(taken.message.starts_with("the answer is not as the contract says"), "{taken:?}");
            assert!(answer(502, body).is_err());
        }
        for body in [r#"{"success": false, "message": 7}"#, r#"{"status": 2, "reason": 7}"#] {
            assert!(answer(200, body).is_err(), "{body}");
        }
    }
}
