//! Lets the validator read a [`Value`] where it is: copying a document for it costs more than checking it.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use tradewire_liquid::{self as liquid, Number, Value};

/// A number, as the validator reads it.
pub(super) struct Numeral<'a>(&'a Number);

/// The representation that [`Value`] is.
pub(super) struct Document;

impl Json for Document {
    type Node<'a> = &'a Value;
    type PreparedKey = Box<str>;
    type StringBuffer = Value;
    // A value is a tree.
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(buffer: &mut Value, string: &str, f: impl FnOnce(&Value) -> T) -> T {
        *buffer = string.into();
        f(buffer)
    }
}

impl<'a> Node<'a, Document> for &'a Value {
    type Object = &'a liquid::Object;
    type Array = &'a [Value];
    type Number = Numeral<'a>;

    fn as_object(&self) -> Option<&'a liquid::Object> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&'a [Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<Numeral<'a>> {
        match self {
            Value::Number(number) => Some(Numeral(number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Value::Nil)
    }

    fn json_type(&self) -> JsonType {
        match self {
            Value::Nil => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::Text(_) => JsonType::String,
            Value::List(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    // Only for what is told of a breach.
    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        Cow::Owned(match self {
            Value::Nil => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => Numeral(number).to_number().into_owned().into(),
            Value::Text(text) => (&**text).into(),
            Value::List(items) => items.iter().map(|item| item.to_value().into_owned()).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.to_owned(), value.to_value().into_owned())).collect()
            }
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Value>(*self) as usize))
    }
}

impl<'a> Object<'a, Document> for &'a liquid::Object {
    type Node = &'a Value;
    type MemberName = &'a str;
    type MembersIter = liquid::Members<'a>;

    fn len(&self) -> usize {
        liquid::Object::len(self)
    }

    fn get(&self, key: &Box<str>) -> Option<&'a Value> {
        liquid::Object::get(self, key)
    }

    fn members(&self) -> liquid::Members<'a> {
        self.iter()
    }
}

impl<'a> Array<'a, Document> for &'a [Value] {
    type Node = &'a Value;
    type ElementsIter = std::slice::Iter<'a, Value>;

    fn len(&self) -> usize {
        <[Value]>::len(self)
    }

    fn elements(&self) -> std::slice::Iter<'a, Value> {
        self.iter()
    }
}

impl JsonNumber for Numeral<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|whole| u64::try_from(whole).ok())
    }

    fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Number::Whole(whole) => Some(*whole),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.to_string().parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(self.0.to_string())
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        // Past what a double holds only the sign is kept: it is told, not calculated with.
        let far = if self.0.to_string().starts_with('-') { f64::MIN } else { f64::MAX };
        let number = || serde_json::Number::from_f64(self.as_f64().unwrap_or(far)).unwrap_or_else(|| 0.into());
        Cow::Owned(self.as_i64().map_or_else(number, Into::into))
    }

    fn is_integer(&self) -> bool {
        self.0.is_whole()
    }

    fn is_written_as_integer(&self) -> bool {
        match self.0 {
            Number::Whole(_) => true,
            Number::Exact(exact) => exact.scale() == 0,
            Number::Written(text) => !text.contains(['.', 'e', 'E']),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jsonschema::json::conformance;

    use super::*;

    #[test]
    fn the_validator_reads_a_value_as_it_reads_json() {
        let document = Value::from_json(&conformance::document().to_string()).unwrap();
        conformance::assert_conformance::<Document>(&&document);
    }

    #[test]
    fn numbers_count_as_they_are_written() {
        let number = |text: &str| Value::from_json(text).unwrap();
        for (text, written, whole) in [
            ("7", true, true),
            ("2.0", false, true),
            ("2.5", false, false),
            ("-123456789012345678901234567890123456", true, false),
            ("1e400", false, false),
        ] {
            let value = number(text);
            let number = (&value).as_number().unwrap();
            assert_eq!((number.is_written_as_integer(), number.is_integer()), (written, whole), "{text}");
        }
        assert_eq!((&number("-1e400")).to_value().as_f64(), Some(f64::MIN));
    }
}
