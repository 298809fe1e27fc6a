//! What a template is given: JSON whose objects keep their order and whose numbers keep their text.

use std::borrow::Cow;
use std::fmt;

use super::json;
pub use super::number::Number;
pub use super::object::{Members, Object};
use super::{Error, Problem};

/// What a text is replaced by: itself, or another one.
pub type Replace<'r> = &'r dyn for<'t> Fn(&'t str) -> Cow<'t, str>;

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

    /// How many values it is made of, itself among them; not counted further than to `most`.
    #[must_use]
    pub fn count(&self, most: usize) -> usize {
        let mut count = 1;
        let add = |count: &mut usize, value: &Value| {
            if *count < most {
                *count += value.count(most - *count);
            }
        };
        match self {
            Self::List(items) => items.iter().for_each(|item| add(&mut count, item)),
            Self::Object(members) => members.iter().for_each(|(_, value)| add(&mut count, value)),
            _ => {}
        }
        count
    }

    /// Replaces its texts, and the names of its members, where `replaced` answers another one. What is in them was read
    /// already, so no escape of JSON hides anything.
    pub fn replace_texts(&mut self, replaced: Replace<'_>) {
        match self {
            Value::Text(text) => {
                if let Cow::Owned(other) = replaced(text) {
                    *text = other.into();
                }
            }
            Value::List(list) => list.iter_mut().for_each(|item| item.replace_texts(replaced)),
            Value::Object(members) => members.replace_texts(replaced),
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
