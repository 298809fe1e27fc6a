//! What a list is asked for: filters over the fields of records, and an order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use tradewire_sandbox_seed::clock::{self, Ticks};
use tradewire_sandbox_seed::json::{Fields, bare};

use super::table::Row;

/// The values of one field over all records, as bare text; none where it is null.
pub(crate) struct Column(Vec<Option<Box<str>>>);

impl Column {
    /// The values of a field; `customer.id` is that of a field within.
    pub fn of(rows: &[Row], field: &str) -> Column {
        Column(rows.iter().map(|row| value(&row.text, field)).collect())
    }

    /// The places in the order of the values: nulls first, numbers and moments by size, text without case.
    pub fn order(&self, descending: bool) -> Vec<u32> {
        let mut places: Vec<u32> = (0..u32::try_from(self.0.len()).unwrap_or(u32::MAX)).collect();
        places.sort_by(|a, b| {
            let order = compare(self.0[*a as usize].as_deref(), self.0[*b as usize].as_deref());
            if descending { order.reverse() } else { order }
        });
        places
    }
}

fn value(text: &str, field: &str) -> Option<Box<str>> {
    let (outer, inner) = field.split_once('.').map_or((field, None), |(outer, inner)| (outer, Some(inner)));
    let fields = Fields::of(text)?;
    let raw = fields.get(outer)?;
    let raw = match inner {
        Some(inner) => Cow::Owned(Fields::of(raw)?.get(inner)?.to_owned()),
        None => Cow::Borrowed(raw),
    };
    (raw != "null").then(|| bare(&raw).into())
}

fn compare(one: Option<&str>, other: Option<&str>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => match (one.parse::<f64>(), other.parse::<f64>()) {
            (Ok(one), Ok(other)) => one.total_cmp(&other),
            _ => one.to_lowercase().cmp(&other.to_lowercase()),
        },
        _ => one.is_some().cmp(&other.is_some()),
    }
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// One of these, in lower case.
    OneOf(HashSet<String>),
    /// Text that holds this, in lower case.
    Contains(String),
    /// A moment not before this.
    From(Ticks),
    /// A moment after this.
    After(Ticks),
    /// A moment before this.
    Before(Ticks),
    /// A moment not after this.
    Until(Ticks),
    /// A number not below this.
    AtLeast(f64),
    /// A number not above this.
    AtMost(f64),
}

impl Test {
    fn moment(&self, at: Ticks) -> bool {
        match self {
            Test::From(from) => at >= *from,
            Test::After(after) => at > *after,
            Test::Before(before) => at < *before,
            Test::Until(until) => at <= *until,
            _ => true,
        }
    }

    fn passes(&self, value: Option<&str>) -> bool {
        let Some(value) = value else { return false };
        match self {
            Test::OneOf(wanted) => {
                wanted.contains(value) || wanted.contains(&value.to_lowercase()) || list_has(value, wanted)
            }
            Test::Contains(part) => value.to_lowercase().contains(part),
            Test::AtLeast(low) => value.parse::<f64>().is_ok_and(|value| value >= *low),
            Test::AtMost(high) => value.parse::<f64>().is_ok_and(|value| value <= *high),
            _ => clock::read(value).is_some_and(|at| self.moment(at)),
        }
    }
}

/// A field that holds a list passes where one of its items does.
fn list_has(value: &str, wanted: &HashSet<String>) -> bool {
    value.starts_with('[')
        && tradewire_sandbox_seed::json::items(value)
            .is_some_and(|items| items.into_iter().any(|item| wanted.contains(&bare(item).to_lowercase())))
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// The record's id is one of these.
    Ids(HashSet<String>),
    /// When it was created.
    Created(Test),
    /// When it was last changed.
    Modified(Test),
    /// The value of a field.
    Field {
        /// Its name.
        field: String,
        /// What it must be.
        test: Test,
    },
}

impl Filter {
    pub fn keeps(&self, at: u32, row: &Row, columns: &HashMap<String, Column>) -> bool {
        match self {
            Filter::Ids(ids) => ids.contains(&*row.id),
            Filter::Created(test) => test.moment(row.created),
            Filter::Modified(test) => test.moment(row.modified),
            Filter::Field { field, test } => columns
                .get(field)
                .is_none_or(|column| test.passes(column.0.get(at as usize).and_then(|v| v.as_deref()))),
        }
    }
}

/// What a list is asked for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub filters: Vec<Filter>,
    /// Whose records.
    pub parent: Option<String>,
    /// Only active or only inactive ones.
    pub active: Option<bool>,
    /// A field, and whether from the greatest down.
    pub sort: Option<(String, bool)>,
}

/// What was selected.
pub(crate) struct Selected {
    pub places: Vec<u32>,
}
