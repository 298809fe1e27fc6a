//! The three-way match: what was ordered against what came against what is billed, and where they differ.
//!
//! ```text
//! Row Id,Kind,Order Id,Order,Vendor Id,Vendor,Bills,Item Code,Item,Ordered,Received,Billed,Ordered Cost,Billed Cost,…
//! line-9,line,1,100001-001,7,Graybar,VI-000001,M-1,Filter,10,10,10,2.50,2.65,0,1.50,price
//! ```
//!
//! | Kind | One row | Verdicts |
//! |---|---|---|
//! | `line` | a line of an order | see below |
//! | `receipt` | a line of a receipt that no line of the order explains | `not ordered` |
//! | `billing` | a line of a bill that no line of the order explains | `not ordered` |
//! | `charges` | tax, freight and other costs of an order that is billed | `charges` where more is billed than ordered |
//! | `bill` | a bill whose own lines and charges do not add up to its amount | `bill total` |
//!
//! A line is `matched` where all that was ordered has come and is billed at the price of the order, and `open` where it
//! is on its way there. Otherwise it says what is the matter: `over-received`, `billed before receipt`, `price`; and
//! `not billed` where more has come than is billed, which only time tells from a fault. Verdicts stand together, separated by `; `.
//!
//! Receipts and bills say which line they are for, or are told by the pricebook item; where an order has several lines
//! of one item, the first of them are filled up first.

mod attribute;

use std::collections::BTreeMap;
use std::io::Write;

use rust_decimal::{Decimal, RoundingStrategy};
use tradewire_tables::{Cell, Column, Error, Table};

use crate::records::{Bill, Order, OrderLine, OrderStatus, Receipt};
use crate::report::{Total, money, total};
use attribute::{Attributed, Attribution};

/// How many columns there are.
const WIDTH: usize = 17;
/// The columns of the report.
pub const COLUMNS: [Column; WIDTH] = [
    Column::text("Row Id"),
    Column::text("Kind"),
    Column::integer("Order Id"),
    Column::text("Order"),
    Column::integer("Vendor Id"),
    Column::text("Vendor"),
    Column::text("Bills"),
    Column::text("Item Code"),
    Column::text("Item"),
    Column::decimal("Ordered"),
    Column::decimal("Received"),
    Column::decimal("Billed"),
    Column::money("Ordered Cost"),
    Column::money("Billed Cost"),
    Column::decimal("Billed Less Received"),
    Column::money("Variance"),
    Column::text("Verdict"),
];
/// Decimals of a price that is a quotient.
const PRICE_DECIMALS: u32 = 4;

/// How exact a match must be, and what an amount of a bill is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Money by which a line or the charges of an order may differ.
    pub tolerance: Decimal,
    /// Per cent of the ordered price by which a line may differ; the larger of the two holds.
    pub tolerance_percent: Decimal,
    /// Whether the amount of a bill holds its tax, freight and other costs. ServiceTitan does not say.
    pub amount_without_charges: bool,
    /// Whether only what differs is listed.
    pub only_differences: bool,
}

/// Writes the match of these orders; receipts and bills of other orders are not looked at. Orders stand by their number
/// at ServiceTitan, then lines as they stand in the order, then the rest by number. Orders that were cancelled and never
/// received or billed have no rows.
///
/// # Errors
/// When the table cannot hold a row, or what it is written to fails.
pub fn write<W: Write + Send>(
    orders: &[Order],
    receipts: &[Receipt],
    bills: &[Bill],
    rules: &Rules,
    table: &mut Table<W>,
) -> Result<Vec<Total>, Error> {
    let mut orders: Vec<&Order> = orders.iter().collect();
    orders.sort_by_key(|order| order.id);
    let mut receipts_of: BTreeMap<i64, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts {
        receipts_of.entry(receipt.order).or_default().push(receipt);
    }
    let mut bills_of: BTreeMap<i64, Vec<&Bill>> = BTreeMap::new();
    for (order, bill) in bills.iter().filter_map(|bill| Some((bill.order?, bill))) {
        bills_of.entry(order).or_default().push(bill);
    }

    let mut sums = Sums::default();
    for order in orders {
        let mut receipts = receipts_of.remove(&order.id).unwrap_or_default();
        let mut bills = bills_of.remove(&order.id).unwrap_or_default();
        if order.status == OrderStatus::Canceled && receipts.is_empty() && bills.is_empty() {
            continue;
        }
        // What filled a line first is decided by age, not by the order of pages.
        receipts.sort_by_key(|receipt| receipt.id);
        bills.sort_by_key(|bill| bill.id);
        sums.orders += 1;
        for row in rows(order, &receipts, &bills, rules) {
            sums.count(&row);
            if row.differs() || !rules.only_differences {
                sums.rows += 1;
                table.row(row.cells(order))?;
            }
        }
    }
    Ok(sums.totals())
}

/// One row of the report.
struct Row<'a> {
    id: String,
    kind: &'static str,
    bills: Vec<&'a str>,
    code: &'a str,
    name: &'a str,
    ordered: Decimal,
    received: Decimal,
    billed: Decimal,
    ordered_cost: Option<Decimal>,
    billed_cost: Option<Decimal>,
    /// Money that is billed and was not ordered.
    variance: Decimal,
    verdicts: Vec<&'static str>,
}

impl Row<'_> {
    fn differs(&self) -> bool {
        !matches!(self.verdicts[..], [MATCHED] | [OPEN])
    }

    fn cells<'c>(&'c self, order: &'c Order) -> [Cell<'c>; WIDTH] {
        let pieces = |value: Decimal| self.is_pieces().then_some(value).into();
        [
            (&self.id).into(),
            self.kind.into(),
            order.id.into(),
            (&order.number).into(),
            order.vendor.id.into(),
            (&order.vendor.name).into(),
            self.bills.join(" ").into(),
            self.code.into(),
            self.name.into(),
            pieces(self.ordered),
            pieces(self.received),
            pieces(self.billed),
            self.ordered_cost.into(),
            self.billed_cost.into(),
            pieces(self.billed - self.received),
            self.variance.into(),
            self.verdicts.join("; ").into(),
        ]
    }

    /// Whether it counts pieces; the others count money.
    fn is_pieces(&self) -> bool {
        !matches!(self.kind, CHARGES | BILL)
    }
}

const LINE: &str = "line";
const CHARGES: &str = "charges";
const BILL: &str = "bill";
const MATCHED: &str = "matched";
const OPEN: &str = "open";

fn rows<'a>(order: &'a Order, receipts: &[&'a Receipt], bills: &[&'a Bill], rules: &Rules) -> Vec<Row<'a>> {
    let Attribution { lines, unordered_receipts, unordered_billings } = attribute::attribute(order, receipts, bills);
    let mut rows: Vec<Row<'a>> =
        order.lines.iter().zip(&lines).map(|(line, attributed)| line_row(line, attributed, rules)).collect();
    let stray = |kind, id: i64, name: &'a str, received, billed, cost: Option<Decimal>, bills| Row {
        id: format!("{kind}-{id}"),
        kind,
        bills,
        code: "",
        name,
        ordered: Decimal::ZERO,
        received,
        billed,
        ordered_cost: None,
        billed_cost: cost,
        variance: cost.unwrap_or_default() * billed,
        verdicts: vec!["not ordered"],
    };
    rows.extend(
        unordered_receipts
            .iter()
            .map(|line| stray("receipt", line.id, &line.name, line.quantity, Decimal::ZERO, None, Vec::new())),
    );
    rows.extend(unordered_billings.iter().map(|(bill, line)| {
        let bills = vec![bill.reference.as_str()];
        stray("billing", line.id, &line.name, Decimal::ZERO, line.quantity, Some(line.cost), bills)
    }));
    rows.extend(charges_row(order, bills, rules));
    rows.extend(bills.iter().filter_map(|bill| bill_row(bill, rules)));
    rows
}

fn line_row<'a>(line: &'a OrderLine, attributed: &Attributed<'a>, rules: &Rules) -> Row<'a> {
    let Attributed { received, billed, billed_amount, bills } = attributed;
    let expected = *billed * line.cost;
    let variance = *billed_amount - expected;
    let tolerance = rules.tolerance.max((expected * rules.tolerance_percent / Decimal::ONE_HUNDRED).abs());
    let mut verdicts = Vec::new();
    if *received > line.quantity {
        verdicts.push("over-received");
    }
    if billed > received {
        verdicts.push("billed before receipt");
    }
    if variance.abs() > tolerance {
        verdicts.push("price");
    }
    if billed < received {
        verdicts.push("not billed");
    }
    if verdicts.is_empty() {
        verdicts.push(if *received == line.quantity { MATCHED } else { OPEN });
    }
    Row {
        id: format!("{LINE}-{}", line.id),
        kind: LINE,
        bills: bills.clone(),
        code: &line.code,
        name: &line.name,
        ordered: line.quantity,
        received: *received,
        billed: *billed,
        ordered_cost: Some(line.cost),
        billed_cost: billed_amount.checked_div(*billed).map(|cost| {
            cost.round_dp_with_strategy(PRICE_DECIMALS.max(line.cost.scale()), RoundingStrategy::MidpointAwayFromZero)
        }),
        variance,
        verdicts,
    }
}

/// Tax, freight and other costs of an order that is billed.
fn charges_row<'a>(order: &Order, bills: &[&'a Bill], rules: &Rules) -> Option<Row<'a>> {
    if bills.is_empty() {
        return None;
    }
    let ordered = order.tax + order.shipping;
    let billed: Decimal = bills.iter().map(|bill| charges(bill)).sum();
    let variance = billed - ordered;
    let verdict = match variance {
        over if over > rules.tolerance => CHARGES,
        short if short < -rules.tolerance => OPEN,
        _ => MATCHED,
    };
    Some(Row {
        id: format!("{CHARGES}-{}", order.id),
        kind: CHARGES,
        bills: bills.iter().map(|bill| bill.reference.as_str()).collect(),
        code: "",
        name: "",
        ordered: Decimal::ZERO,
        received: Decimal::ZERO,
        billed: Decimal::ZERO,
        ordered_cost: Some(ordered),
        billed_cost: Some(billed),
        variance,
        verdicts: vec![verdict],
    })
}

/// A bill that does not add up.
fn bill_row<'a>(bill: &'a Bill, rules: &Rules) -> Option<Row<'a>> {
    let lines: Decimal = bill.lines.iter().map(|line| line.quantity * line.cost).sum();
    let expected = if rules.amount_without_charges { lines } else { lines + charges(bill) };
    let variance = bill.amount - expected;
    (variance.abs() > rules.tolerance).then(|| Row {
        id: format!("{BILL}-{}", bill.id),
        kind: BILL,
        bills: vec![&bill.reference],
        code: "",
        name: "",
        ordered: Decimal::ZERO,
        received: Decimal::ZERO,
        billed: Decimal::ZERO,
        ordered_cost: Some(expected),
        billed_cost: Some(bill.amount),
        variance,
        verdicts: vec!["bill total"],
    })
}

fn charges(bill: &Bill) -> Decimal {
    bill.tax + bill.shipping + bill.other
}

/// The control total.
#[derive(Default)]
struct Sums {
    rows: usize,
    orders: usize,
    matched: usize,
    verdicts: BTreeMap<&'static str, (usize, Decimal)>,
}

impl Sums {
    fn count(&mut self, row: &Row<'_>) {
        if row.kind == LINE && row.verdicts[..] == [MATCHED] {
            self.matched += 1;
        }
        if row.differs() {
            for verdict in &row.verdicts {
                let sum = self.verdicts.entry(verdict).or_default();
                sum.0 += 1;
                sum.1 += row.variance;
            }
        }
    }

    fn totals(self) -> Vec<Total> {
        let mut totals =
            vec![total("rows", self.rows), total("orders", self.orders), total("matched lines", self.matched)];
        for (verdict, (count, variance)) in self.verdicts {
            totals.push(total(verdict, count));
            totals.push(total(&format!("{verdict}: variance"), money(variance)));
        }
        totals
    }
}

#[cfg(test)]
mod tests;
