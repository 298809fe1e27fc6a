//! Open purchase orders: what was ordered and has not come, how old it is and what it is worth.
//!
//! ```text
//! Line Id,Order Id,Order,Status,Vendor Id,Vendor,Vendor Document,Ordered,Sent,Required,Age Days,Overdue Days,…
//! 9,1,100001-001,Sent,7,Graybar,D00001,2026-01-02,2026-01-02,2026-01-09,11,4,…
//! ```
//!
//! One row a line that misses pieces, of every order that is not received, exported or cancelled. The age counts from
//! the day on which the order was sent, else from its own.

use std::collections::BTreeSet;
use std::io::Write;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use tradewire_tables::{Cell, Column, Error, Table};

use crate::records::{Order, OrderLine};
use crate::report::{Total, money, total};

/// How many columns there are.
const WIDTH: usize = 20;
/// The columns of the report.
pub const COLUMNS: [Column; WIDTH] = [
    Column::integer("Line Id"),
    Column::integer("Order Id"),
    Column::text("Order"),
    Column::text("Status"),
    Column::integer("Vendor Id"),
    Column::text("Vendor"),
    Column::text("Vendor Document"),
    Column::date("Ordered"),
    Column::date("Sent"),
    Column::date("Required"),
    Column::integer("Age Days"),
    Column::integer("Overdue Days"),
    Column::text("Item Code"),
    Column::text("Item"),
    Column::text("Vendor Part"),
    Column::decimal("Quantity"),
    Column::decimal("Received"),
    Column::decimal("Unreceived"),
    Column::money("Cost"),
    Column::money("Unreceived Value"),
];

/// Writes what is open on a day. Orders stand by their number at ServiceTitan, lines as they stand in the order.
///
/// # Errors
/// When the table cannot hold a row, or what it is written to fails.
pub fn write<W: Write + Send>(orders: &[Order], day: NaiveDate, table: &mut Table<W>) -> Result<Vec<Total>, Error> {
    let mut orders: Vec<&Order> = orders.iter().filter(|order| !order.status.is_closed()).collect();
    orders.sort_by_key(|order| order.id);

    let (mut rows, mut value) = (0, Decimal::ZERO);
    let (mut open, mut overdue) = (BTreeSet::new(), BTreeSet::new());
    for order in orders {
        for line in order.lines.iter().filter(|line| unreceived(line) > Decimal::ZERO) {
            table.row(row(order, line, day))?;
            rows += 1;
            value += unreceived(line) * line.cost;
            open.insert(order.id);
            if overdue_days(order, day) > 0 {
                overdue.insert(order.id);
            }
        }
    }
    Ok(vec![
        total("rows", rows),
        total("orders", open.len()),
        total("overdue orders", overdue.len()),
        total("unreceived value", money(value)),
    ])
}

fn row<'a>(order: &'a Order, line: &'a OrderLine, day: NaiveDate) -> [Cell<'a>; WIDTH] {
    let age = order.sent.or(order.ordered).map(|since| (day - since).num_days());
    let missing = unreceived(line);
    [
        line.id.into(),
        order.id.into(),
        (&order.number).into(),
        order.status.to_string().into(),
        order.vendor.id.into(),
        (&order.vendor.name).into(),
        (&order.document).into(),
        order.ordered.into(),
        order.sent.into(),
        order.required.into(),
        age.into(),
        overdue_days(order, day).into(),
        (&line.code).into(),
        (&line.name).into(),
        (&line.vendor_part).into(),
        line.quantity.into(),
        line.received.into(),
        missing.into(),
        line.cost.into(),
        (missing * line.cost).into(),
    ]
}

fn unreceived(line: &OrderLine) -> Decimal {
    line.quantity - line.received
}

/// Whole days since the order should have come; 0 before, and where no day was given.
fn overdue_days(order: &Order, day: NaiveDate) -> i64 {
    order.required.map_or(0, |required| (day - required).num_days().max(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_tables::Format;

    use super::*;
    use crate::records::{OrderStatus, Vendor};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn line(id: i64, quantity: &str, received: &str, cost: &str) -> OrderLine {
        let number = |text: &str| text.parse().unwrap();
        OrderLine {
            id,
            code: "M-1".into(),
            name: "=1+1".into(),
            vendor_part: "HL-9".into(),
            quantity: number(quantity),
            received: number(received),
            cost: number(cost),
            ..OrderLine::default()
        }
    }

    fn order(id: i64, status: &str, lines: Vec<OrderLine>) -> Order {
        Order {
            id,
            number: format!("{id}-001"),
            status: OrderStatus::of(status),
            vendor: Vendor { id: Some(7), name: "Công ty Điện Lạnh".into() },
            document: String::new(),
            ordered: Some(day("2026-01-01")),
            sent: Some(day("2026-01-02")),
            required: Some(day("2026-01-09")),
            lines,
            tax: Decimal::ZERO,
            shipping: Decimal::ZERO,
            ship_to: None,
        }
    }

    fn written(orders: &[Order], on: &str) -> (Vec<String>, Vec<Total>) {
        let mut table = Table::begin(Format::Csv, &COLUMNS, Vec::new()).unwrap();
        let totals = write(orders, day(on), &mut table).unwrap();
        (String::from_utf8(table.finish().unwrap()).unwrap().lines().skip(1).map(str::to_owned).collect(), totals)
    }

    #[test]
    fn what_misses_pieces_is_listed_with_age_and_value() {
        let orders = [order(2, "PartiallyReceived", vec![line(20, "10", "4", "2.505"), line(21, "3", "3", "1")])];
        let (rows, totals) = written(&orders, "2026-01-13");
        assert_eq!(
            rows,
            ["20,2,2-001,PartiallyReceived,7,Công ty Điện Lạnh,,2026-01-01,2026-01-02,2026-01-09,11,4,M-1,'=1+1,HL-9,\
              10,4,6,2.505,15.03"]
        );
        let said: Vec<_> = totals.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(said, ["rows 1", "orders 1", "overdue orders 1", "unreceived value 15.03"]);
    }

    #[test]
    fn what_is_closed_is_not_open_and_an_unknown_status_is() {
        let missing = || vec![line(1, "1", "0", "1")];
        let orders = [
            order(4, "Canceled", missing()),
            order(3, "OnHold", missing()),
            order(2, "Received", missing()),
            order(1, "Exported", missing()),
            order(0, "", missing()),
        ];
        let (rows, _) = written(&orders, "2026-01-03");
        assert_eq!(rows.len(), 2);
        assert!(rows[0].contains(",0-001,,7,") && rows[1].contains(",3-001,OnHold,7,"), "{rows:?}");
    }

    #[test]
    fn what_came_in_excess_is_not_open() {
        let (rows, totals) = written(&[order(1, "Sent", vec![line(1, "2", "3", "9")])], "2026-01-03");
        assert!(rows.is_empty());
        assert_eq!(totals[3].1, "0.00");
    }

    #[test]
    fn without_a_day_there_is_no_age_and_nothing_is_overdue() {
        let undated =
            Order { ordered: None, sent: None, required: None, ..order(1, "Sent", vec![line(1, "1", "0", "1")]) };
        let (rows, _) = written(&[undated], "2026-01-03");
        assert!(rows[0].contains(",,,,,0,M-1,"), "{rows:?}");
    }
}
