//! Strict reading of JSON into [`Value`].

use super::DEPTH;
use super::scan::{Fault, number_end, space, string_end, unescape};
use crate::value::{Number, Object, Value};

/// Reads one JSON document.
pub(crate) fn read(text: &str) -> Result<Value, Fault> {
    let mut reader = Reader { text, at: 0, members: 0 };
    let value = reader.value(0)?;
    match space(text.as_bytes(), reader.at) {
        end if end == text.len() => Ok(value),
        end => Err((end, "more text follows the JSON value".to_owned())),
    }
}

/// The most bytes of memory that reading a text takes and what is read of it then holds: what each value and each name
/// takes, and the text itself. Marks within texts count as well, so that one look at each byte is enough.
#[must_use]
pub fn cost(text: &[u8]) -> usize {
    let (mut values, mut members) = (1_usize, 0_usize);
    for byte in text {
        match byte {
            b',' | b'[' | b'{' => values += 1,
            b':' => members += 1,
            _ => {}
        }
    }
    // What grows is there twice for a moment, and has room for half as much again.
    values * 3 * size_of::<Value>() + members * (size_of::<(Box<str>, Value)>() * 2 + 16) + 2 * text.len()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// How many members the object before had: those of a list are alike, and growing one costs most of reading it.
    members: usize,
}

/// No more room than this is made for members that may not come.
const MOST_ROOM: usize = 16;

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.at = space(self.text.as_bytes(), self.at);
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > DEPTH {
            return Err((self.at, format!("lists and objects are nested deeper than {DEPTH}")));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Text(self.string()?.into())),
            Some(b'-' | b'0'..=b'9') => {
                let end = number_end(self.text.as_bytes(), self.at)
                    .ok_or_else(|| (self.at, "a number is not as JSON writes it".to_owned()))?;
                let number = Number::from_json(&self.text[self.at..end]);
                self.at = end;
                Ok(Value::Number(number))
            }
            _ => {
                for (word, value) in [("null", Value::Nil), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
                {
                    if self.text[self.at..].starts_with(word) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err((self.at, "here should be a JSON value".to_owned()))
            }
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let (end, plain) = string_end(self.text.as_bytes(), start)?;
        let inside = self.text.get(start + 1..end - 1).unwrap_or_default();
        self.at = end;
        if plain {
            return Ok(inside.to_owned());
        }
        if inside.bytes().any(|b| b < 0x20) {
            return Err((start, "a string holds a control character that is not escaped".to_owned()));
        }
        unescape(inside, start + 1)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    items.shrink_to_fit();
                    return Ok(Value::List(items));
                }
                _ => return Err((self.at, "here should be `,` or `]`".to_owned())),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Object::default()));
        }
        let mut object = Object::with_room(self.members.min(MOST_ROOM));
        loop {
            if self.peek() != Some(b'"') {
                return Err((self.at, "here should be a name in quotes".to_owned()));
            }
            let key = self.string()?;
            if self.peek() != Some(b':') {
                return Err((self.at, "here should be `:`".to_owned()));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            object.insert(key, value);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.members = object.len();
                    object.fit();
                    return Ok(Value::Object(object));
                }
                _ => return Err((self.at, "here should be `,` or `}`".to_owned())),
            }
        }
    }
}
