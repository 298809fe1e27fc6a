//! A shipment of the vendor's as a receipt of ServiceTitan's, and where it differs from what was ordered.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::records::{Order, OrderLine, Receipt};
use crate::vendor::status::{Shipment, ShippedLine};

/// What has come of an order so far.
#[derive(Debug, Clone)]
pub struct Receiving<'a> {
    order: &'a Order,
    /// Pieces by lines of the order.
    came: BTreeMap<i64, Decimal>,
}

/// What a shipment comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Received {
    /// The lines of the receipt; none where nothing of the shipment was ordered.
    pub lines: Vec<ReceivingLine>,
    /// Where it differs from what was ordered, each in words.
    pub differences: Vec<String>,
}

/// A line of a receipt that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivingLine {
    /// The line of the order.
    pub order_line: i64,
    /// The pricebook item.
    pub sku_id: i64,
    /// Pieces.
    pub quantity: Decimal,
    /// The price of a piece: the vendor's, else that of the order.
    pub cost: Decimal,
}

impl Received {
    /// Pieces of all lines.
    pub fn pieces(&self) -> Decimal {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// What they cost.
    pub fn value(&self) -> Decimal {
        self.lines.iter().map(|line| line.quantity * line.cost).sum()
    }
}

impl<'a> Receiving<'a> {
    /// An order of which these receipts are at ServiceTitan.
    pub fn new<'r>(order: &'a Order, receipts: impl IntoIterator<Item = &'r Receipt>) -> Self {
        let mut receiving = Receiving { order, came: BTreeMap::new() };
        for line in receipts.into_iter().filter(|receipt| receipt.order == order.id).flat_map(|receipt| &receipt.lines)
        {
            let named = line.order_line.filter(|id| order.lines.iter().any(|line| line.id == *id));
            match named {
                Some(id) => *receiving.came.entry(id).or_default() += line.quantity,
                None => {
                    let is_it = |ordered: &&OrderLine| line.sku_id.is_some() && ordered.sku_id == line.sku_id;
                    receiving.fill(line.quantity, is_it);
                }
            }
        }
        receiving
    }

    /// Whether every line has come.
    pub fn is_complete(&self) -> bool {
        self.order.lines.iter().all(|line| self.missing(line) <= Decimal::ZERO)
    }

    /// Takes a shipment in.
    pub fn receive(&mut self, shipment: &Shipment) -> Received {
        let mut received = Received::default();
        for ShippedLine { part, quantity, price } in &shipment.lines {
            if *quantity <= Decimal::ZERO {
                continue;
            }
            let is_it = |line: &&OrderLine| line.vendor_part.trim() == part.trim() && line.sku_id.is_some();
            let missing: Decimal =
                self.order.lines.iter().filter(is_it).map(|line| self.missing(line).max(Decimal::ZERO)).sum();
            let filled = self.fill(*quantity, is_it);
            if filled.is_empty() {
                received.differences.push(format!("{} of {part} came, which was not ordered", quantity.normalize()));
                continue;
            }
            if *quantity > missing {
                let (came, missing) = (quantity.normalize(), missing.normalize());
                received.differences.push(format!("{came} of {part} came, and {missing} were waited for"));
            }
            for (line, quantity) in filled {
                if let Some(price) = price.filter(|price| *price != line.cost) {
                    let (price, cost) = (price.normalize(), line.cost.normalize());
                    received.differences.push(format!("{part} costs {price}, and {cost} as it was ordered"));
                }
                received.lines.push(ReceivingLine {
                    order_line: line.id,
                    sku_id: line.sku_id.unwrap_or_default(),
                    quantity,
                    cost: price.unwrap_or(line.cost),
                });
            }
        }
        received
    }

    fn missing(&self, line: &OrderLine) -> Decimal {
        line.quantity - self.came.get(&line.id).copied().unwrap_or_default()
    }

    /// Puts pieces onto lines in their order; those that no line waits for onto the last.
    fn fill(&mut self, quantity: Decimal, is_it: impl Fn(&&OrderLine) -> bool) -> Vec<(&'a OrderLine, Decimal)> {
        let lines: Vec<&OrderLine> = self.order.lines.iter().filter(is_it).collect();
        let (mut left, mut filled) = (quantity, Vec::new());
        for (place, line) in lines.iter().enumerate() {
            let is_last = place + 1 == lines.len();
            let taken = if is_last { left } else { self.missing(line).clamp(Decimal::ZERO, left) };
            if taken > Decimal::ZERO {
                *self.came.entry(line.id).or_default() += taken;
                filled.push((*line, taken));
                left -= taken;
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::records::{OrderStatus, ReceiptLine};

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Lines: number, part, pieces, price; the pricebook's item is told from the part.
    fn order(lines: &[(i64, &str, &str, &str)]) -> Order {
        let line = |(id, part, quantity, cost): &(i64, &str, &str, &str)| OrderLine {
            id: *id,
            sku_id: Some(i64::from(part.as_bytes()[0])),
            vendor_part: (*part).into(),
            quantity: number(quantity),
            cost: number(cost),
            ..OrderLine::default()
        };
        Order {
            id: 1,
            number: "1-001".into(),
            status: OrderStatus::Sent,
            vendor: Default::default(),
            document: String::new(),
            ordered: None,
            sent: None,
            required: None,
            lines: lines.iter().map(line).collect(),
            tax: Decimal::ZERO,
            shipping: Decimal::ZERO,
            ship_to: None,
        }
    }

    fn shipment(lines: &[(&str, &str, Option<&str>)]) -> Shipment {
        let line = |(part, quantity, price): &(&str, &str, Option<&str>)| ShippedLine {
            part: (*part).into(),
            quantity: number(quantity),
            price: price.map(number),
        };
        Shipment { number: "SH-1".into(), lines: lines.iter().map(line).collect(), ..Shipment::default() }
    }

    fn lines(received: &Received) -> Vec<(i64, String, String)> {
        received.lines.iter().map(|line| (line.order_line, line.quantity.to_string(), line.cost.to_string())).collect()
    }

    #[test]
    fn partial_shipments_complete_an_order_one_after_the_other() {
        let order = order(&[(8, "A", "10", "2"), (9, "B", "1", "3")]);
        let mut receiving = Receiving::new(&order, []);
        let first = receiving.receive(&shipment(&[("A", "4", Some("2.00"))]));
        assert_eq!(lines(&first), [(8, "4".into(), "2.00".into())]);
        assert!(first.differences.is_empty() && !receiving.is_complete());
        let second = receiving.receive(&shipment(&[("A", "6", None), ("B", "1", None)]));
        assert_eq!((second.pieces(), second.value()), (number("7"), number("15")));
        assert!(receiving.is_complete());
    }

    #[test]
    fn what_is_at_servicetitan_already_has_come() {
        let order = order(&[(8, "A", "10", "2"), (9, "A", "5", "2")]);
        let line = |order_line, quantity| ReceiptLine {
            order_line,
            sku_id: Some(65),
            quantity: number(quantity),
            ..ReceiptLine::default()
        };
        let receipt = Receipt { order: 1, lines: vec![line(Some(8), "3"), line(None, "2")], ..Receipt::default() };
        let of_another = Receipt { order: 2, ..receipt.clone() };
        let mut receiving = Receiving::new(&order, [&receipt, &of_another]);
        let rest = receiving.receive(&shipment(&[("A", "10", None)]));
        assert_eq!(lines(&rest), [(8, "5".into(), "2".into()), (9, "5".into(), "2".into())]);
        assert!(receiving.is_complete() && rest.differences.is_empty());
    }

    #[test]
    fn every_difference_is_told() {
        let order = order(&[(8, "A", "2", "2")]);
        let received = Receiving::new(&order, []).receive(&shipment(&[("A", "3", Some("2.5")), ("X", "1", None)]));
        assert_eq!(lines(&received), [(8, "3".into(), "2.5".into())]);
        assert_eq!(
            received.differences,
            [
                "3 of A came, and 2 were waited for",
                "A costs 2.5, and 2 as it was ordered",
                "1 of X came, which was not ordered"
            ]
        );
    }
}
