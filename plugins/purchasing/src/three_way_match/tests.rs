#![allow(clippy::unwrap_used)]

use tradewire_tables::Format;

use super::*;
use crate::records::{BillLine, ReceiptLine, Vendor};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Lines of an order: number, item, pieces, price.
fn order(lines: &[(i64, i64, &str, &str)]) -> Order {
    let lines = lines.iter().map(|(id, sku, quantity, cost)| OrderLine {
        id: *id,
        sku_id: Some(*sku),
        code: format!("M-{sku}"),
        name: "Filter".into(),
        quantity: number(quantity),
        cost: number(cost),
        ..OrderLine::default()
    });
    Order {
        id: 1,
        number: "100-001".into(),
        status: OrderStatus::Sent,
        vendor: Vendor { id: Some(7), name: "Graybar".into() },
        document: String::new(),
        ordered: None,
        sent: None,
        required: None,
        lines: lines.collect(),
        tax: number("1.00"),
        shipping: Decimal::ZERO,
        ship_to: None,
    }
}

/// Lines of a receipt: number, line of the order, item, pieces.
fn receipt(lines: &[(i64, Option<i64>, i64, &str)]) -> Receipt {
    let lines = lines.iter().map(|(id, order_line, sku, quantity)| ReceiptLine {
        id: *id,
        order_line: *order_line,
        sku_id: Some(*sku),
        name: "Filter".into(),
        quantity: number(quantity),
    });
    Receipt { id: 1, order: 1, lines: lines.collect(), ..Receipt::default() }
}

/// Lines of a bill: number, line of the receipt, item, pieces, price; its amount is right.
fn bill(lines: &[(i64, Option<i64>, i64, &str, &str)]) -> Bill {
    let lines: Vec<BillLine> = lines
        .iter()
        .map(|(id, receipt_line, sku, quantity, cost)| BillLine {
            id: *id,
            receipt_line: *receipt_line,
            sku_id: Some(*sku),
            name: "Filter".into(),
            quantity: number(quantity),
            cost: number(cost),
            ..BillLine::default()
        })
        .collect();
    let sum: Decimal = lines.iter().map(|line| line.quantity * line.cost).sum();
    let tax = number("1.00");
    Bill { id: 1, order: Some(1), reference: "VI-1".into(), lines, amount: sum + tax, tax, ..Bill::default() }
}

fn matched(order: Order, receipts: &[Receipt], bills: &[Bill], rules: &Rules) -> (Vec<String>, Vec<Total>) {
    let mut table = Table::begin(Format::Csv, &COLUMNS, Vec::new()).unwrap();
    let totals = write(&[order], receipts, bills, rules, &mut table).unwrap();
    (String::from_utf8(table.finish().unwrap()).unwrap().lines().skip(1).map(str::to_owned).collect(), totals)
}

/// The verdict of each row.
fn verdicts(order: Order, receipts: &[Receipt], bills: &[Bill]) -> Vec<String> {
    let (rows, _) = matched(order, receipts, bills, &Rules::default());
    rows.iter().map(|row| row.rsplit(',').next().unwrap().to_owned()).collect()
}

#[test]
fn what_came_as_ordered_and_is_billed_as_ordered_is_matched() {
    let (rows, totals) = matched(
        order(&[(9, 5, "10", "2.50")]),
        &[receipt(&[(3, Some(9), 5, "10")])],
        &[bill(&[(4, Some(3), 5, "10", "2.5")])],
        &Rules::default(),
    );
    assert_eq!(
        rows,
        [
            "line-9,line,1,100-001,7,Graybar,VI-1,M-5,Filter,10,10,10,2.50,2.50,0,0.00,matched",
            "charges-1,charges,1,100-001,7,Graybar,VI-1,,,,,,1.00,1.00,,0.00,matched",
        ]
    );
    let said: Vec<_> = totals.iter().map(|(name, value)| format!("{name} {value}")).collect();
    assert_eq!(said, ["rows 2", "orders 1", "matched lines 1"]);
}

#[test]
fn another_price_is_told_to_the_cent_and_within_the_tolerance_it_is_not() {
    let receipts = [receipt(&[(3, Some(9), 5, "10")])];
    let bills = [bill(&[(4, Some(3), 5, "10", "2.65")])];
    let (rows, totals) = matched(order(&[(9, 5, "10", "2.50")]), &receipts, &bills, &Rules::default());
    assert!(rows[0].ends_with(",2.50,2.65,0,1.50,price"), "{rows:?}");
    assert!(totals.contains(&("price: variance".into(), "1.50".into())), "{totals:?}");
    for within in [
        Rules { tolerance: number("1.50"), ..Rules::default() },
        Rules { tolerance_percent: number("6"), ..Rules::default() },
    ] {
        let (rows, _) = matched(order(&[(9, 5, "10", "2.50")]), &receipts, &bills, &within);
        assert!(rows[0].ends_with(",1.50,matched"), "{rows:?}");
    }
}

#[test]
fn pieces_that_differ_are_told() {
    let ordered = || order(&[(9, 5, "10", "2")]);
    let came = |pieces| [receipt(&[(3, Some(9), 5, pieces)])];
    let billed = |pieces| [bill(&[(4, Some(3), 5, pieces, "2")])];
    assert_eq!(verdicts(ordered(), &[], &[]), ["open"]);
    assert_eq!(verdicts(ordered(), &came("4"), &billed("4"))[0], "open");
    assert_eq!(verdicts(ordered(), &came("4"), &billed("10"))[0], "billed before receipt");
    assert_eq!(verdicts(ordered(), &came("4"), &[])[0], "not billed");
    assert_eq!(verdicts(ordered(), &came("12"), &billed("12"))[0], "over-received");
    assert_eq!(verdicts(ordered(), &came("12"), &[])[0], "over-received; not billed");
}

#[test]
fn several_lines_of_one_item_are_filled_in_their_order() {
    let (rows, _) = matched(
        order(&[(8, 5, "10", "2"), (9, 5, "5", "2")]),
        &[receipt(&[(3, None, 5, "12")])],
        &[bill(&[(4, None, 5, "12", "2")])],
        &Rules::default(),
    );
    assert!(rows[0].contains(",10,10,10,") && rows[0].ends_with("matched"), "{rows:?}");
    assert!(rows[1].contains(",5,2,2,") && rows[1].ends_with("open"), "{rows:?}");
}

#[test]
fn what_nobody_ordered_has_rows_of_its_own() {
    let rows = matched(
        order(&[(9, 5, "1", "2")]),
        &[receipt(&[(3, None, 6, "1")])],
        &[bill(&[(4, None, 7, "2", "3.5")])],
        &Rules::default(),
    )
    .0;
    assert!(rows[1].starts_with("receipt-3,receipt,") && rows[1].ends_with(",not ordered"), "{rows:?}");
    assert!(rows[2].starts_with("billing-4,billing,") && rows[2].ends_with(",3.50,2,7.00,not ordered"), "{rows:?}");
}

#[test]
fn a_bill_that_does_not_add_up_and_charges_nobody_ordered_are_told() {
    let mut dear = bill(&[(4, None, 5, "1", "2")]);
    dear.amount += number("12.50");
    dear.shipping = number("5");
    let rows = matched(order(&[(9, 5, "1", "2")]), &[], &[dear.clone()], &Rules::default()).0;
    assert!(rows[1].ends_with(",1.00,6.00,,5.00,charges"), "{rows:?}");
    assert!(rows[2].ends_with(",8.00,15.50,,7.50,bill total"), "{rows:?}");
    let bare = Rules { amount_without_charges: true, ..Rules::default() };
    let rows = matched(order(&[(9, 5, "1", "2")]), &[], &[Bill { amount: number("2"), ..dear }], &bare).0;
    assert_eq!(rows.len(), 2, "{rows:?}");
}

#[test]
fn only_differences_leaves_out_what_is_right_and_counts_it_all_the_same() {
    let rules = Rules { only_differences: true, ..Rules::default() };
    let receipts = [receipt(&[(3, Some(8), 5, "1"), (4, Some(9), 6, "1")])];
    let bills = [bill(&[(5, Some(3), 5, "1", "2")])];
    let (rows, totals) = matched(order(&[(8, 5, "1", "2"), (9, 6, "1", "2")]), &receipts, &bills, &rules);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].ends_with("not billed"), "{rows:?}");
    assert!(totals.contains(&("matched lines".into(), "1".into())), "{totals:?}");
}

#[test]
fn the_order_of_pages_changes_nothing() {
    let ordered = || order(&[(8, 5, "10", "2"), (9, 5, "5", "2")]);
    let early = Receipt { id: 1, ..receipt(&[(3, None, 5, "8")]) };
    let late = Receipt { id: 2, ..receipt(&[(4, None, 5, "4")]) };
    let one = matched(ordered(), &[early.clone(), late.clone()], &[], &Rules::default());
    assert_eq!(one, matched(ordered(), &[late, early], &[], &Rules::default()));
}

#[test]
fn a_cancelled_order_that_nobody_billed_has_no_rows() {
    let cancelled = || Order { status: OrderStatus::Canceled, ..order(&[(9, 5, "1", "2")]) };
    assert!(verdicts(cancelled(), &[], &[]).is_empty());
    assert_eq!(verdicts(cancelled(), &[], &[bill(&[(4, None, 5, "1", "2")])])[0], "billed before receipt");
}
