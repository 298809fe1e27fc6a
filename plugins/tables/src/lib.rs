//! Reports as tables with typed columns, in the form that whoever receives them reads best.
//!
//! A report says once what its columns are; the operator says in which [`Format`] it is written. Numbers are exact in all
//! of them, as far as the format can hold them; a value that it cannot hold is refused, by row and column, and never
//! rounded or cut, but for moments: `xlsx` has them to the millisecond, `parquet` to the microsecond. The same rows give
//! the same bytes. Rows are written as they come: memory stays flat, however many there are.
//!
//! ```
//! use tradewire_tables::{Column, Format, Table};
//!
//! const COLUMNS: [Column; 3] = [Column::integer("Id"), Column::text("Name"), Column::money("Cost")];
//!
//! let mut table = Table::begin(Format::Csv, &COLUMNS, Vec::new())?;
//! table.row([7.into(), "=1+1".into(), tradewire_tables::Decimal::new(25, 1).into()])?;
//! assert_eq!(table.finish()?, b"Id,Name,Cost\r\n7,'=1+1,2.50\r\n");
//! # Ok::<(), tradewire_tables::Error>(())
//! ```
//!
//! | | `csv`, `tsv` | `jsonl` | `xlsx` | `parquet` |
//! |---|---|---|---|---|
//! | text | quoted where it must be; what a spreadsheet would run as a formula gets an apostrophe before it | string | string | `STRING` |
//! | integer | digits | number | number; more than 15 digits as text | `INT64` |
//! | decimal | exact | exact number | number; more than 15 digits as text | `DECIMAL(38, 10)` |
//! | money | exact, with two decimals or more | exact number | number shown with two decimals; more than 15 digits as text | `DECIMAL(38, 10)` |
//! | date | `2026-01-31` | string | date; before March 1900 as text | `DATE` |
//! | date-time | RFC 3339 | string | the time that its clocks show; before March 1900 as text | `TIMESTAMP` in UTC, microseconds |
//! | boolean | `true`, `false` | `true`, `false` | boolean | `BOOLEAN` |
//! | blank | nothing | `null` | no cell | null |
//!
//! The features `xlsx` and `parquet` add these formats; the others are always there.

mod cell;
mod error;
mod format;
#[cfg(feature = "parquet")]
mod parquet;
mod separated;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::borrow::Cow;
use std::io::Write;

pub use cell::{Cell, Column, Kind};
pub use error::Error;
pub use format::{Format, UnknownFormat};
/// An exact decimal number of up to 28 digits.
pub use rust_decimal::Decimal;

/// A table being written. It is whole only once it is [finished](Table::finish).
pub struct Table<W: Write + Send> {
    columns: Vec<Column>,
    rows: u64,
    form: Form<W>,
}

enum Form<W: Write + Send> {
    Separated(Box<separated::Separated<W>>),
    JsonLines(separated::JsonLines<W>),
    #[cfg(feature = "xlsx")]
    Xlsx(Box<xlsx::Xlsx<W>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Parquet<W>>),
}

impl<W: Write + Send> Table<W> {
    /// Begins a table; whatever stands before the first row is written.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn begin(format: Format, columns: &[Column], out: W) -> Result<Self, Error> {
        let form = match format {
            Format::Csv => Form::Separated(Box::new(separated::Separated::begin(b',', columns, out)?)),
            Format::Tsv => Form::Separated(Box::new(separated::Separated::begin(b'\t', columns, out)?)),
            Format::JsonLines => Form::JsonLines(separated::JsonLines::begin(columns, out)?),
            #[cfg(feature = "xlsx")]
            Format::Xlsx => Form::Xlsx(Box::new(xlsx::Xlsx::begin(columns, out)?)),
            #[cfg(feature = "parquet")]
            Format::Parquet => Form::Parquet(Box::new(parquet::Parquet::begin(columns, out)?)),
        };
        Ok(Table { columns: columns.to_vec(), rows: 0, form })
    }

    /// Writes a row: a cell for each column, of its kind or blank.
    ///
    /// # Errors
    /// When a cell is not what its column holds, or cannot be held by the format; when `out` fails.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> Result<(), Error> {
        let cells: Vec<Cell<'c>> = cells.into_iter().collect();
        let row = self.rows + 1;
        if cells.len() != self.columns.len() {
            return Err(Error::Width { row, cells: cells.len(), columns: self.columns.len() });
        }
        for (column, cell) in self.columns.iter().zip(&cells) {
            if !column.kind.takes(cell) {
                return Err(Error::Kind { row, column: column.title.to_owned(), kind: column.kind.name() });
            }
        }
        match &mut self.form {
            Form::Separated(form) => form.row(&self.columns, &cells)?,
            Form::JsonLines(form) => form.row(&self.columns, &cells)?,
            #[cfg(feature = "xlsx")]
            Form::Xlsx(form) => form.row(row, &self.columns, &cells)?,
            #[cfg(feature = "parquet")]
            Form::Parquet(form) => form.row(row, &self.columns, &cells)?,
        }
        self.rows = row;
        Ok(())
    }

    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the table.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn finish(self) -> Result<W, Error> {
        match self.form {
            Form::Separated(form) => form.finish(),
            Form::JsonLines(form) => form.finish(),
            #[cfg(feature = "xlsx")]
            Form::Xlsx(form) => form.finish(),
            #[cfg(feature = "parquet")]
            Form::Parquet(form) => form.finish(),
        }
    }
}

/// Text that comes from people: what a spreadsheet would run as a formula is shown as text.
pub fn guarded(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// An exact number with at least two decimals, as money is read.
pub fn money(value: Decimal) -> String {
    let mut value = value.normalize();
    if value.scale() < 2 {
        value.rescale(2);
    }
    value.to_string()
}

/// An exact number without zeros that say nothing.
pub fn quantity(value: Decimal) -> String {
    value.normalize().to_string()
}
