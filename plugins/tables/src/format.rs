//! What a table may be written in.

use std::fmt;
use std::str::FromStr;

/// What a table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// Comma-separated values, as RFC 4180 has them.
    #[default]
    Csv,
    /// Tab-separated values.
    Tsv,
    /// A JSON object a line.
    JsonLines,
    /// A workbook of Excel with one sheet.
    #[cfg(feature = "xlsx")]
    Xlsx,
    /// Apache Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// That a table is not written in something of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat;

impl Format {
    /// All that there are.
    pub const ALL: &'static [Format] = &[
        Format::Csv,
        Format::Tsv,
        Format::JsonLines,
        #[cfg(feature = "xlsx")]
        Format::Xlsx,
        #[cfg(feature = "parquet")]
        Format::Parquet,
    ];

    /// Its name in settings, which is also the extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::JsonLines => "jsonl",
            #[cfg(feature = "xlsx")]
            Format::Xlsx => "xlsx",
            #[cfg(feature = "parquet")]
            Format::Parquet => "parquet",
        }
    }

    /// The media type of its files.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv",
            Format::Tsv => "text/tab-separated-values",
            Format::JsonLines => "application/jsonl",
            #[cfg(feature = "xlsx")]
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            #[cfg(feature = "parquet")]
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Format::ALL.iter().find(|format| format.extension() == name).copied().ok_or(UnknownFormat)
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write ")?;
        for (n, format) in Format::ALL.iter().enumerate() {
            let between = if n == 0 {
                ""
            } else if n + 1 == Format::ALL.len() {
                " or "
            } else {
                ", "
            };
            write!(f, "{between}`{}`", format.extension())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownFormat {}
