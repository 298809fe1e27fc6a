//! What a template is given: JSON whose objects keep their order and whose numbers keep their text.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use tradewire_secrets::Masker;

use super::json;
pub use super::number::Number;
use super::{Error, Problem};

/// A value that a template reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Missing or null.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// A number, exact.
    Number(Number),
    /// Text. It is never structure, whatever it holds.
    Text(Box<str>),
    /// A list.
    List(Vec<Value>),
    /// An object, in the order it was written.
    Object(Object),
}

impl Value {
    /// Reads JSON, strictly. Of two members with one name the last one counts, as with most readers.
    ///
    /// # Errors
    /// Text that is not JSON, or is nested deeper than 128; line and column are those of the text.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        json::read(text).map_err(|(offset, why)| Problem::Json(why).at(&"json".into(), text, offset))
    }

    /// Masks every secret in its texts and in the names of its members. What is in them was read already, so no escape of
    /// JSON hides one.
    pub fn mask(&mut self, masker: &Masker) {
        match self {
            Value::Text(text) => {
                if let Cow::Owned(masked) = masker.mask(text) {
                    *text = masked.into();
                }
            }
            Value::List(list) => list.iter_mut().for_each(|item| item.mask(masker)),
            Value::Object(members) => members.mask(masker),
            Value::Nil | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Writes compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        json::write_value(&mut out, self);
        out
    }

    /// Writes JSON with a line for each member and item.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        let mut out = String::new();
        json::write_pretty(&mut out, self, 0);
        out
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text as it is, anything else as JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.as_text().map_or_else(|| self.to_json(), str::to_owned)
    }

    /// An object of these members.
    pub fn object<K: Into<Box<str>>>(members: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number::Whole(value))
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::List(values)
    }
}

/// An object whose members keep the order they were written in.
#[derive(Clone, PartialEq, Default)]
pub struct Object(Box<IndexMap<Box<str>, Value, foldhash::fast::RandomState>>);

impl Object {
    /// A member.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// An empty object that takes so many members without growing.
    pub(crate) fn with_room(members: usize) -> Self {
        Self(Box::new(IndexMap::with_capacity_and_hasher(members, Default::default())))
    }

    /// Sets a member; one that exists keeps its place.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: Value) {
        self.0.insert(key.into(), value);
    }

    /// Removes a member, the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    fn mask(&mut self, masker: &Masker) {
        self.0.values_mut().for_each(|value| value.mask(masker));
        if self.0.keys().any(|name| matches!(masker.mask(name), Cow::Owned(_))) {
            let members = std::mem::take(&mut *self.0).into_iter();
            *self.0 = members.map(|(name, value)| (masker.mask(&name).into(), value)).collect();
        }
    }

    /// The members in order.
    pub fn iter(&self) -> Members<'_> {
        Members(self.0.iter())
    }

    /// The member at a place.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<(&str, &Value)> {
        self.0.get_index(index).map(|(key, value)| (&**key, value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The members of an object in order.
#[derive(Debug, Clone)]
pub struct Members<'a>(indexmap::map::Iter<'a, Box<str>, Value>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&**key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Members<'_> {}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromIterator<(Box<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Value)>>(members: I) -> Self {
        Self(Box::new(members.into_iter().collect()))
    }
}
