//! What a run has done about orders, a row each.

use std::fmt;
use std::io::Write;

use rust_decimal::Decimal;
use tradewire_tables::{Column, Error, Table};

use crate::report::{Total, money, total};

/// The columns of the report.
pub const COLUMNS: [Column; 10] = [
    Column::integer("Order Id"),
    Column::text("Order"),
    Column::text("Step"),
    Column::text("Result"),
    Column::text("Vendor Reference"),
    Column::text("Vendor State"),
    Column::text("Shipment"),
    Column::decimal("Pieces"),
    Column::money("Value"),
    Column::text("Message"),
];

/// What is told of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It was to be sent.
    Order,
    /// The vendor was asked how far it is.
    Status,
    /// A shipment of it was to be received.
    Receipt,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Order => "order",
            Step::Status => "status",
            Step::Receipt => "receipt",
        })
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// ServiceTitan's number of the order.
    pub order: i64,
    /// ServiceTitan's name of it.
    pub number: String,
    /// What it is about.
    pub step: Step,
    /// What came of it, in a word or two.
    pub result: &'static str,
    /// The vendor's number of the order.
    pub reference: String,
    /// The vendor's word.
    pub state: String,
    /// The vendor's number of the shipment.
    pub shipment: String,
    /// Pieces.
    pub pieces: Option<Decimal>,
    /// What they cost.
    pub value: Option<Decimal>,
    /// Refusals and differences, in words.
    pub message: String,
}

impl Row {
    /// A row with nothing but its result.
    pub fn new(order: i64, number: &str, step: Step, result: &'static str) -> Row {
        Row {
            order,
            number: number.to_owned(),
            step,
            result,
            reference: String::new(),
            state: String::new(),
            shipment: String::new(),
            pieces: None,
            value: None,
            message: String::new(),
        }
    }
}

/// The rows of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    rows: Vec<Row>,
    differences: usize,
}

impl Report {
    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Counts differences, which are in the message of some row.
    pub fn differ(&mut self, differences: usize) {
        self.differences += differences;
    }

    /// How many rows have this result of this step.
    pub fn count(&self, step: Step, result: &str) -> usize {
        self.rows.iter().filter(|row| row.step == step && row.result == result).count()
    }

    /// Writes it, orders by their number at ServiceTitan, and gives its control total.
    ///
    /// # Errors
    /// When the table cannot hold a row, or what it is written to fails.
    pub fn write<W: Write + Send>(mut self, table: &mut Table<W>) -> Result<Vec<Total>, Error> {
        self.rows.sort_by_key(|row| (row.order, row.step));
        for row in &self.rows {
            table.row([
                row.order.into(),
                (&row.number).into(),
                row.step.to_string().into(),
                row.result.into(),
                (&row.reference).into(),
                (&row.state).into(),
                (&row.shipment).into(),
                row.pieces.into(),
                row.value.into(),
                (&row.message).into(),
            ])?;
        }
        let received: Decimal =
            self.rows.iter().filter(|row| row.result == "received").filter_map(|row| row.value).sum();
        Ok(vec![
            total("rows", table.rows()),
            total("sent", self.count(Step::Order, "sent")),
            total("refused", self.rows.iter().filter(|row| row.result == "refused").count()),
            total("held", self.count(Step::Order, "held")),
            total("receipts", self.count(Step::Receipt, "received")),
            total("received value", money(received)),
            total("differences", self.differences),
            total("open", self.count(Step::Status, "open")),
        ])
    }
}
