//! What the reader asks of each kind of table, noted while it reads: what the schema for editors is made of.

use std::cell::RefCell;
use std::collections::BTreeMap;

use indexmap::IndexMap;

/// The kinds of tables (`tenant.*`, `plugin.*.limits`; the whole file is the empty one) with the keys that were asked for.
#[derive(Default)]
pub(super) struct Shape(RefCell<BTreeMap<String, Keys>>);

/// The keys of a table, in the order in which they were asked for.
pub(super) type Keys = IndexMap<&'static str, Asked>;

/// What is known of a key.
#[derive(Default)]
pub(super) struct Asked {
    /// Whether it must be there.
    pub(super) is_needed: bool,
    /// What its value may be: any of these.
    pub(super) kinds: Vec<Kind>,
}

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text,
    Texts,
    /// One of these words.
    Choice(Vec<&'static str>),
    /// Bytes.
    Size {
        least: u64,
        most: u64,
    },
    Time,
    /// A whole number from 1 on.
    Count {
        most: u64,
    },
    /// A table of the kind that the key names.
    Table,
    /// Tables of one kind, each under a name of its own.
    Tables,
    /// Text, numbers and truth values under names of the operator's own.
    Settings,
    /// Where a secret is.
    Reference,
    /// References under names of the operator's own.
    References,
    /// Texts and references under names of the operator's own.
    TextsAndReferences,
    /// A list of texts and references.
    Keys,
    /// True or false.
    Truth,
}

impl Shape {
    pub(super) fn asked(&self, table: &str, key: &'static str, note: impl FnOnce(&mut Asked)) {
        note(self.0.borrow_mut().entry(table.to_owned()).or_default().entry(key).or_default());
    }

    pub(super) fn into_tables(self) -> BTreeMap<String, Keys> {
        self.0.into_inner()
    }
}

/// The kind of the tables below a key of this kind of table.
pub(super) fn below(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}
