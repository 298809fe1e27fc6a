//! Which line of an order each line of a receipt and of a bill belongs to.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::records::{Bill, BillLine, Order, Receipt, ReceiptLine};

/// What came and what is billed of one line of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attributed<'a> {
    /// Pieces that came.
    pub received: Decimal,
    /// Pieces that are billed.
    pub billed: Decimal,
    /// Money that is billed for them.
    pub billed_amount: Decimal,
    /// The numbers of the bills, each once.
    pub bills: Vec<&'a str>,
}

/// Everything that belongs to one order.
pub(super) struct Attribution<'a> {
    /// In the order of its lines.
    pub lines: Vec<Attributed<'a>>,
    /// What came and no line explains.
    pub unordered_receipts: Vec<&'a ReceiptLine>,
    /// What is billed and no line explains.
    pub unordered_billings: Vec<(&'a Bill, &'a BillLine)>,
}

pub(super) fn attribute<'a>(order: &Order, receipts: &[&'a Receipt], bills: &[&'a Bill]) -> Attribution<'a> {
    let mut lines = vec![Attributed::default(); order.lines.len()];
    let mut place_of_receipt: BTreeMap<i64, usize> = BTreeMap::new();
    let mut unordered_receipts = Vec::new();
    for line in receipts.iter().flat_map(|receipt| &receipt.lines) {
        let named = line.order_line.and_then(|id| order.lines.iter().position(|line| line.id == id));
        let shares = match named {
            Some(place) => vec![(place, line.quantity)],
            None => fill(order, line.sku_id, line.quantity, |place| lines[place].received),
        };
        if shares.is_empty() {
            unordered_receipts.push(line);
        }
        if let [(place, _)] = shares[..] {
            place_of_receipt.insert(line.id, place);
        }
        for (place, quantity) in shares {
            lines[place].received += quantity;
        }
    }
    let mut unordered_billings = Vec::new();
    for (bill, line) in bills.iter().flat_map(|bill| bill.lines.iter().map(move |line| (*bill, line))) {
        let named = line.receipt_line.and_then(|id| place_of_receipt.get(&id));
        let shares = match named {
            Some(place) => vec![(*place, line.quantity)],
            None => fill(order, line.sku_id, line.quantity, |place| lines[place].billed),
        };
        if shares.is_empty() {
            unordered_billings.push((bill, line));
        }
        for (place, quantity) in shares {
            let attributed = &mut lines[place];
            attributed.billed += quantity;
            attributed.billed_amount += quantity * line.cost;
            if !attributed.bills.contains(&bill.reference.as_str()) {
                attributed.bills.push(&bill.reference);
            }
        }
    }
    Attribution { lines, unordered_receipts, unordered_billings }
}

/// Spreads pieces of an item over the lines that ordered it, each up to what it ordered; what is too much goes to the
/// last. None where no line did.
fn fill(
    order: &Order,
    sku: Option<i64>,
    mut quantity: Decimal,
    filled: impl Fn(usize) -> Decimal,
) -> Vec<(usize, Decimal)> {
    let places: Vec<usize> = match sku {
        Some(_) => (0..order.lines.len()).filter(|place| order.lines[*place].sku_id == sku).collect(),
        None => Vec::new(),
    };
    let mut shares = Vec::new();
    for (n, place) in places.iter().enumerate() {
        let is_last = n + 1 == places.len();
        let room = (order.lines[*place].quantity - filled(*place)).max(Decimal::ZERO);
        let share = if is_last { quantity } else { quantity.min(room) };
        if !share.is_zero() || (is_last && shares.is_empty()) {
            shares.push((*place, share));
            quantity -= share;
        }
    }
    shares
}
