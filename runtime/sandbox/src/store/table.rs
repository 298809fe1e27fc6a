//! The records of one collection: rows of JSON text, and the indexes that lists and feeds need.

use std::collections::HashMap;

use tradewire_sandbox_seed::clock::Ticks;
use tradewire_sandbox_seed::json::{Fields, bare};
use tradewire_sandbox_seed::plan::IdKind;
use tradewire_sandbox_seed::{Dataset, record};

use super::filter::{Column, Filter, Query, Selected};

/// A record.
pub(crate) struct Row {
    /// Its id, as text without quotes.
    pub id: Box<str>,
    /// Its JSON.
    pub text: Box<str>,
    pub created: Ticks,
    pub modified: Ticks,
    pub active: bool,
    /// Taken away: feeds still show it where records say whether they are active, nothing else does.
    pub deleted: bool,
    /// The id of the record that it belongs to.
    pub parent: Option<Box<str>>,
}

/// A collection's records.
pub(crate) struct Table {
    pub rows: Vec<Row>,
    first_number: Option<i64>,
    by_word: HashMap<Box<str>, u32>,
    by_parent: HashMap<Box<str>, Vec<u32>>,
    columns: HashMap<String, Column>,
    orders: HashMap<String, Vec<u32>>,
    changes: Option<Vec<u32>>,
    /// Whether records say themselves whether they are active.
    tombstones: bool,
}

impl Table {
    /// The seeded records of a collection.
    pub fn seeded(dataset: &Dataset, collection: usize) -> Table {
        let shape = &dataset.plan.collections[collection];
        let numbered = matches!(shape.identity, None | Some((_, IdKind::Number)));
        let own_number = shape.identity.as_ref().is_none_or(|(wire, _)| wire == "id");
        let mut table = Table {
            rows: Vec::with_capacity(dataset.count(collection)),
            first_number: (numbered && own_number).then(|| dataset.number(collection, 0)),
            by_word: HashMap::new(),
            by_parent: HashMap::new(),
            columns: HashMap::new(),
            orders: HashMap::new(),
            changes: None,
            tombstones: shape.field("active").is_some(),
        };
        for place in 0..dataset.count(collection) {
            let seeded = record(dataset, collection, place);
            let id = match &shape.identity {
                Some((wire, _)) if !own_number => {
                    let fields = Fields::of(&seeded.text);
                    fields.and_then(|f| f.get(wire).map(|raw| bare(raw).into_owned())).unwrap_or_default()
                }
                Some(_) => bare(&dataset.id(collection, place).to_string()).into_owned(),
                None => dataset.number(collection, place).to_string(),
            };
            // A record that no list can show as inactive is gone from lists once it is.
            let deleted = !seeded.active && !shape.active_param;
            table.push(Row {
                id: id.into(),
                text: seeded.text.into(),
                created: seeded.created,
                modified: seeded.modified,
                active: seeded.active,
                deleted,
                parent: seeded.parent.map(Into::into),
            });
        }
        table
    }

    fn push(&mut self, row: Row) -> usize {
        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        if self.first_number.is_none() {
            self.by_word.entry(row.id.clone()).or_insert(at);
        }
        if let Some(parent) = &row.parent {
            self.by_parent.entry(parent.clone()).or_default().push(at);
        }
        self.rows.push(row);
        at as usize
    }

    /// The place of the record with that id.
    pub fn find(&self, id: &str) -> Option<usize> {
        let at = match self.first_number {
            Some(first) => usize::try_from(id.parse::<i64>().ok()? - first).ok()?,
            None => match self.by_word.get(id) {
                Some(at) => *at as usize,
                None => *self.by_word.get(id.to_ascii_lowercase().as_str())? as usize,
            },
        };
        (at < self.rows.len()).then_some(at)
    }

    /// The JSON of the record with that id, where it has not been taken away.
    pub fn record(&self, id: &str) -> Option<String> {
        let row = &self.rows[self.find(id)?];
        (!row.deleted).then(|| row.text.to_string())
    }

    /// Adds a record.
    pub fn insert(&mut self, row: Row) -> usize {
        self.forget();
        self.push(row)
    }

    /// Replaces a record's text.
    pub fn replace(&mut self, at: usize, text: String, modified: Ticks) {
        self.forget();
        let active = Fields::of(&text).and_then(|f| f.get("active").map(|raw| raw == "true"));
        let row = &mut self.rows[at];
        row.text = text.into();
        row.modified = modified;
        row.active = active.unwrap_or(row.active);
    }

    /// Takes a record away. Where records say whether they are active it stays, inactive, for feeds and for lists
    /// that ask for inactive ones.
    pub fn remove(&mut self, at: usize, listed_inactive: bool, text: String, modified: Ticks) {
        self.replace(at, text, modified);
        let row = &mut self.rows[at];
        row.active = false;
        row.deleted = !(self.tombstones && listed_inactive);
    }

    fn forget(&mut self) {
        self.columns.clear();
        self.orders.clear();
        self.changes = None;
    }

    fn column(&mut self, field: &str) -> &Column {
        let rows = &self.rows;
        self.columns.entry(field.to_owned()).or_insert_with(|| Column::of(rows, field))
    }

    /// The places of the records that a query selects, in its order.
    pub fn select(&mut self, query: &Query) -> Selected {
        let mut wanted = Vec::with_capacity(query.filters.len());
        for filter in &query.filters {
            if let Filter::Field { field, .. } = filter {
                self.column(field);
            }
            wanted.push(filter);
        }
        let order = match &query.sort {
            None => None,
            Some((field, descending)) => {
                let key = format!("{}{field}", if *descending { "-" } else { "+" });
                if !self.orders.contains_key(&key) {
                    let column = self.column(field);
                    let order = column.order(*descending);
                    self.orders.insert(key.clone(), order);
                }
                self.orders.get(&key)
            }
        };
        let rows = &self.rows;
        let columns = &self.columns;
        let keep = |at: u32| -> bool {
            let row = &rows[at as usize];
            !row.deleted
                && query.active.is_none_or(|active| row.active == active)
                && wanted.iter().all(|filter| filter.keeps(at, row, columns))
        };
        let keep = |at: &u32| keep(*at);
        let places: Vec<u32> = match (order, &query.parent) {
            (Some(order), parent) => order
                .iter()
                .copied()
                .filter(|at| parent.as_ref().is_none_or(|parent| rows[*at as usize].parent.as_deref() == Some(parent)))
                .filter(keep)
                .collect(),
            (None, Some(parent)) => {
                self.by_parent.get(parent.as_str()).into_iter().flatten().copied().filter(keep).collect()
            }
            (None, None) => (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).filter(keep).collect(),
        };
        Selected { places }
    }

    /// All records and their places in the order of their changes.
    pub fn changes(&mut self) -> (&[Row], &[u32]) {
        let rows = &self.rows;
        let changes = self.changes.get_or_insert_with(|| {
            let mut order: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
            order.sort_by_key(|at| (rows[*at as usize].modified, *at));
            order
        });
        (rows, changes)
    }

    /// Whether feeds show records that were taken away.
    pub fn keeps_tombstones(&self) -> bool {
        self.tombstones
    }
}
