//! Reports as tables: the operator's setting `format` says in what they are written.
//!
//! With the feature `tables` that is CSV, TSV or JSON Lines; `xlsx` and `parquet` add those, and some weight to the plugin.
//!
//! ```no_run
//! # #[cfg(feature = "payroll")]
//! # mod plugin {
//! use tradewire_plugin::tables::Column;
//! use tradewire_plugin::{Result, Run, Summary, payroll};
//!
//! const COLUMNS: [Column; 2] = [Column::integer("Employee"), Column::decimal("Hours")];
//!
//! fn run(run: Run) -> Result<Summary> {
//!     let settings = run.settings()?;
//!     let mut reading = settings.reading();
//!     let (name, format) = reading.table("hours");
//!     reading.finish()?;
//!     let mut table = run.create_table(&name, format, &COLUMNS)?;
//!     for item in payroll::gross_pay_items().date_on_or_after(&run.window().start).records() {
//!         let item = item?;
//!         let hours = tradewire_plugin::decimal(&item.paid_duration_hours)?;
//!         table.row([item.employee_id.into(), hours.into()])?;
//!     }
//!     let rows = table.rows();
//!     table.finish([("rows", rows)])?;
//!     Ok(Summary::new(format!("{rows} rows")))
//! }
//!
//! tradewire_plugin::export_plugin!(run);
//! # }
//! ```

use std::ops::{Deref, DerefMut};

pub use tradewire_tables::{Cell, Column, Error, Format, Kind, Table, UnknownFormat, money, quantity};

use crate::config::Reading;
use crate::{Failure, File, Result, Run};

/// A table that becomes a file of the run. It counts only once it is [finished](TableFile::finish).
pub struct TableFile {
    table: Table<File>,
    name: String,
}

impl Run {
    /// Begins a file that holds a table.
    ///
    /// # Errors
    /// When `name` is no plain file name, or is taken; when the run's output limit is reached.
    pub fn create_table(&self, name: impl AsRef<str>, format: Format, columns: &[Column]) -> Result<TableFile> {
        let name = name.as_ref().to_owned();
        let file = self.create_file(&name, format.content_type())?;
        let table = Table::begin(format, columns, file).map_err(|error| refused(&name, &error))?;
        Ok(TableFile { table, name })
    }
}

impl TableFile {
    /// Ends the file and gives its control total: names and exact values, in the order in which people read them.
    ///
    /// # Errors
    /// When the run's output limit is reached.
    pub fn finish<N: ToString, V: ToString>(self, totals: impl IntoIterator<Item = (N, V)>) -> Result<()> {
        let TableFile { table, name } = self;
        table.finish().map_err(|error| refused(&name, &error))?.finish(totals)
    }
}

impl Deref for TableFile {
    type Target = Table<File>;

    fn deref(&self) -> &Table<File> {
        &self.table
    }
}

impl DerefMut for TableFile {
    fn deref_mut(&mut self) -> &mut Table<File> {
        &mut self.table
    }
}

impl Reading<'_> {
    /// The settings `format`, CSV unless it is said, and `file-name`, which is `stem` and the format's extension unless it
    /// is said.
    pub fn table(&mut self, stem: &str) -> (String, Format) {
        let format: Format = self.parsed("format", Format::Csv);
        let name = self.optional("file-name").unwrap_or_else(|| format!("{stem}.{}", format.extension()));
        (name, format)
    }
}

/// What cannot be written as it is will not be written the next time either.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::refused(error.to_string())
    }
}

fn refused(name: &str, error: &Error) -> Failure {
    match error {
        // The file says itself which one it is.
        Error::Io(error) => Failure::refused(error.to_string()),
        error => Failure::refused(format!("cannot write `{name}`: {error}")),
    }
}
