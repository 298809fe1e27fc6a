//! Orders on their way to a vendor and back: which can be sent, how far those are that were, and what has come of them.
//!
//! ```text
//! Order Id,Order,Step,Result,Vendor Reference,Vendor State,Shipment,Pieces,Value,Message
//! 41,100041-001,order,sent,SO-50031,,,12,168.25,
//! 41,100041-001,receipt,received,SO-50031,Shipped,SH-50031-1,8,112.00,
//! ```

mod pushed;
mod receive;
mod report;

pub use pushed::Pushed;
pub use receive::{Received, Receiving, ReceivingLine};
pub use report::{COLUMNS, Report, Row, Step};

use rust_decimal::Decimal;

use crate::records::Order;

/// Why an order cannot be sent, each reason; none where it can.
pub fn faults(order: &Order) -> Vec<String> {
    let mut faults = Vec::new();
    if order.number.trim().is_empty() {
        faults.push("it has no number".to_owned());
    }
    if order.lines.is_empty() {
        faults.push("it has no lines".to_owned());
    }
    for line in &order.lines {
        let name = if line.code.is_empty() { line.id.to_string() } else { line.code.clone() };
        if line.vendor_part.trim().is_empty() {
            faults.push(format!("{name} has no part number of the vendor"));
        }
        if line.quantity <= Decimal::ZERO {
            faults.push(format!("{name} has a quantity of {}", line.quantity.normalize()));
        }
        if line.cost < Decimal::ZERO {
            faults.push(format!("{name} has a cost of {}", line.cost.normalize()));
        }
    }
    faults
}
