//! Why a table cannot be written.

/// Why a table cannot be written. Rows are counted from 1, without the header.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row has another number of cells than there are columns.
    #[error("row {row} has {cells} cells and the table {columns} columns")]
    Width {
        /// The row.
        row: u64,
        /// Its cells.
        cells: usize,
        /// The table's columns.
        columns: usize,
    },
    /// A cell is not what its column holds.
    #[error("row {row}, column `{column}`: the cell is not {kind}, as the column says")]
    Kind {
        /// The row.
        row: u64,
        /// The column.
        column: String,
        /// What the column holds.
        kind: &'static str,
    },
    /// The format cannot hold a value.
    #[error("row {row}, column `{column}`: {reason}; choose another `format`, such as `csv`")]
    Value {
        /// The row.
        row: u64,
        /// The column.
        column: String,
        /// Why not.
        reason: String,
    },
    /// The format cannot hold so many rows.
    #[error(
        "the table has more than {most} rows, the most that `{format}` can hold: choose another `format`, such as `csv`"
    )]
    Rows {
        /// The format.
        format: &'static str,
        /// The most rows.
        most: u64,
    },
    /// The columns cannot be written.
    #[error("the columns cannot be written as `{format}`: {reason}")]
    Columns {
        /// The format.
        format: &'static str,
        /// Why not.
        reason: String,
    },
    /// What it is written to.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<csv::Error> for Error {
    fn from(error: csv::Error) -> Self {
        Error::Io(std::io::Error::other(error))
    }
}
