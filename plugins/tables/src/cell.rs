//! Columns and what stands in them.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, also such as people wrote.
    Text,
    /// Whole numbers.
    Integer,
    /// Exact numbers.
    Decimal,
    /// Exact amounts of money.
    Money,
    /// Days.
    Date,
    /// Moments, with their distance from UTC.
    DateTime,
    /// Yes or no.
    Boolean,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its title. In JSON Lines and Parquet the name of the field.
    pub title: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What stands in a row and a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'c> {
    /// Nothing.
    Blank,
    /// Text.
    Text(Cow<'c, str>),
    /// A whole number.
    Integer(i64),
    /// An exact number, or an amount of money.
    Decimal(Decimal),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    DateTime(DateTime<FixedOffset>),
    /// Yes or no.
    Boolean(bool),
}

impl Kind {
    pub(crate) fn takes(self, cell: &Cell<'_>) -> bool {
        matches!(
            (self, cell),
            (_, Cell::Blank)
                | (Kind::Text, Cell::Text(_))
                | (Kind::Integer, Cell::Integer(_))
                | (Kind::Decimal | Kind::Money, Cell::Decimal(_))
                | (Kind::Date, Cell::Date(_))
                | (Kind::DateTime, Cell::DateTime(_))
                | (Kind::Boolean, Cell::Boolean(_))
        )
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Integer => "an integer",
            Kind::Decimal => "a decimal number",
            Kind::Money => "money",
            Kind::Date => "a date",
            Kind::DateTime => "a date with a time",
            Kind::Boolean => "a boolean",
        }
    }
}

impl Column {
    const fn of(title: &'static str, kind: Kind) -> Self {
        Column { title, kind }
    }

    /// A column of text.
    pub const fn text(title: &'static str) -> Self {
        Self::of(title, Kind::Text)
    }

    /// A column of whole numbers.
    pub const fn integer(title: &'static str) -> Self {
        Self::of(title, Kind::Integer)
    }

    /// A column of exact numbers.
    pub const fn decimal(title: &'static str) -> Self {
        Self::of(title, Kind::Decimal)
    }

    /// A column of money.
    pub const fn money(title: &'static str) -> Self {
        Self::of(title, Kind::Money)
    }

    /// A column of days.
    pub const fn date(title: &'static str) -> Self {
        Self::of(title, Kind::Date)
    }

    /// A column of moments.
    pub const fn date_time(title: &'static str) -> Self {
        Self::of(title, Kind::DateTime)
    }

    /// A column of yes and no.
    pub const fn boolean(title: &'static str) -> Self {
        Self::of(title, Kind::Boolean)
    }
}

macro_rules! from {
    ($($from:ty => $cell:ident,)*) => {$(
        impl From<$from> for Cell<'_> {
            fn from(value: $from) -> Self {
                Cell::$cell(value.into())
            }
        }
    )*};
}
from! {
    String => Text,
    i64 => Integer,
    i32 => Integer,
    u32 => Integer,
    Decimal => Decimal,
    NaiveDate => Date,
    DateTime<FixedOffset> => DateTime,
    bool => Boolean,
}

impl<'c> From<&'c str> for Cell<'c> {
    fn from(value: &'c str) -> Self {
        Cell::Text(value.into())
    }
}

impl<'c> From<&'c String> for Cell<'c> {
    fn from(value: &'c String) -> Self {
        Cell::Text(value.into())
    }
}

impl<'c, T: Into<Cell<'c>>> From<Option<T>> for Cell<'c> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Blank, Into::into)
    }
}
