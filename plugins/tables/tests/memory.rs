//! Memory stays flat, however many rows there are.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::sink;

use tradewire_tables::{Cell, Column, Decimal, Format, Table};

const COLUMNS: [Column; 8] = [
    Column::integer("Id"),
    Column::text("Order"),
    Column::text("Vendor"),
    Column::date("Ordered"),
    Column::decimal("Quantity"),
    Column::money("Cost"),
    Column::money("Value"),
    Column::boolean("Overdue"),
];

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

fn write(format: Format, rows: i64) {
    let mut table = Table::begin(format, &COLUMNS, sink()).unwrap();
    let day = "2026-01-31".parse().unwrap();
    for n in 0..rows {
        let cost = Decimal::new(n * 7, 2);
        let vendor = format!("Công ty Điện Lạnh {}", n % 1000);
        let row: [Cell<'_>; 8] = [
            n.into(),
            format!("{n}-001").into(),
            vendor.into(),
            Cell::Date(day),
            Decimal::from(3).into(),
            cost.into(),
            (cost * Decimal::from(3)).into(),
            (n % 2 == 0).into(),
        ];
        table.row(row).unwrap();
    }
    table.finish().unwrap();
}

#[test]
#[ignore = "takes minutes: `cargo test -p tradewire-tables --test memory -- --ignored --nocapture`"]
fn a_million_rows_take_no_more_memory_than_fifty_thousand() {
    for format in Format::ALL {
        write(*format, 50_000);
        let before = peak();
        let began = std::time::Instant::now();
        write(*format, 1_000_000);
        let more = peak() - before;
        println!("{format:?}: peak {} KiB, {} KiB more, {:.1?}", peak() / 1024, more / 1024, began.elapsed());
        assert!(more < 8 * 1024 * 1024, "{format:?}: {more} bytes more");
    }
}
