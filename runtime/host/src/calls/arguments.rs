//! From a plugin's values to the path, query and body of a request.

use std::io;

use bytes::Bytes;
use tradewire_client::{Arguments, LONGEST_PARAMETER, Room};
use tradewire_surface::EnumWire;
use tradewire_text::{cut, message, shown};

use crate::direct::Value;
use crate::limits::Limit;
use crate::plan::{Absent, Encode};

/// The most bytes of a number's text: more digits than anybody counts with.
const LONGEST_NUMBER: usize = 400;
/// How much longer JSON makes a text at most: a control character is six.
const ESCAPED: usize = 6;

/// Where the arguments of an operation go, by position.
#[derive(Debug)]
pub(crate) struct ArgumentsPlan {
    /// Path parameters: the name on the wire and the value's plan.
    pub path: Vec<(String, Encode)>,
    /// The record of query parameters.
    pub query: Option<Encode>,
    /// The body.
    pub body: Option<Encode>,
}

/// An argument that cannot be sent.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Where: `body.items.cost`.
    pub place: String,
    /// Why.
    pub problem: String,
}

/// The most bytes of a place: a map's keys are the plugin's own.
const LONGEST_PLACE: usize = 300;

impl Refusal {
    fn new(problem: impl Into<String>) -> Refusal {
        Refusal { place: String::new(), problem: message(problem.into()) }
    }

    fn within(mut self, outer: &str) -> Refusal {
        let outer = shown(outer);
        let place = if self.place.is_empty() { outer.into_owned() } else { format!("{outer}.{}", self.place) };
        self.place = cut(&place, LONGEST_PLACE).into_owned();
        self
    }
}

/// A body while it is written.
struct Body {
    bytes: Vec<u8>,
    /// How many bytes it may have: what a plugin hands over grows where it is escaped.
    most: usize,
}

impl Body {
    fn new(most: usize) -> Body {
        Body { bytes: Vec::with_capacity(256), most }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn is_full(&self) -> bool {
        self.bytes.len() > self.most
    }

    fn fits(&self) -> Result<(), Refusal> {
        if self.is_full() { Err(Refusal::new(Limit::Transfer(self.most).to_string())) } else { Ok(()) }
    }

    /// Writes a value of serde's; as far as it fits, so that what grows is not written first and measured after.
    fn serialize<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let written = serde_json::to_writer(&mut *self, value);
        self.fits()?;
        written.map_err(|error| Refusal::new(error.to_string()))
    }
}

impl io::Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        if self.is_full() { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ArgumentsPlan {
    /// Puts the values of a call where they go. The file of an upload stays with the caller.
    ///
    /// # Errors
    /// What cannot be sent: it is no value of its kind, too long for an address, or a body of more than `most` bytes.
    pub fn apply(&self, values: &mut Vec<Value>, most: usize) -> Result<Arguments, Refusal> {
        let mut room = Room::default();
        let mut arguments = Arguments::default();
        let mut values =
            values.drain(..self.path.len() + usize::from(self.query.is_some()) + usize::from(self.body.is_some()));
        for ((wire, plan), value) in self.path.iter().zip(values.by_ref()) {
            let text = text(&value, plan).map_err(|r| r.within(wire))?;
            room.take(wire, &text).map_err(|problem| Refusal::new(problem).within("path"))?;
            arguments.path.push((wire.clone(), text));
        }
        if let (Some(plan), Some(value)) = (&self.query, if self.query.is_some() { values.next() } else { None }) {
            query(&value, plan, &mut room, &mut arguments.query).map_err(|r| r.within("query"))?;
        }
        if let (Some(plan), Some(value)) = (&self.body, values.next()) {
            let mut body = Body::new(most);
            json(&value, plan, &mut body).and_then(|()| body.fits()).map_err(|r| r.within("body"))?;
            arguments.body = Some(Bytes::from(body.bytes));
        }
        Ok(arguments)
    }
}

fn wrong() -> Refusal {
    Refusal::new("the value is not of the planned type")
}

/// A field of a record as its value and plan, or what an absent one means.
enum Given<'v> {
    Value(&'v Value),
    Null,
    LeftOut,
}

fn given<'v>(value: &'v Value, absent: Absent) -> Given<'v> {
    match (absent, value) {
        (Absent::Never, value) => Given::Value(value),
        (Absent::LeftOut | Absent::Patch, Value::Option(None)) => Given::LeftOut,
        (Absent::Null, Value::Option(None)) => Given::Null,
        (Absent::LeftOut | Absent::Null, Value::Option(Some(value))) => Given::Value(value),
        (Absent::Patch, Value::Option(Some(inner))) => match &**inner {
            Value::Option(None) => Given::Null,
            Value::Option(Some(value)) => Given::Value(value),
            value => Given::Value(value),
        },
        (_, value) => Given::Value(value),
    }
}

fn query(value: &Value, plan: &Encode, room: &mut Room, out: &mut Vec<(String, String)>) -> Result<(), Refusal> {
    let (Encode::Record(fields), Value::Record(values)) = (plan, value) else { return Err(wrong()) };
    let mut ask = |name: String, value: String| {
        room.take(&name, &value).map_err(Refusal::new)?;
        out.push((name, value));
        Ok(())
    };
    for (field, value) in fields.iter().zip(values) {
        let Given::Value(value) = given(value, field.absent) else { continue };
        match (&field.value, value) {
            (Encode::List(item), Value::List(values)) => {
                for value in values {
                    ask(field.wire.to_string(), text(value, item).map_err(|r| r.within(&field.wire))?)?;
                }
            }
            (Encode::Map(item), Value::List(pairs)) => {
                for pair in pairs {
                    let Value::Record(pair) = pair else { return Err(wrong()) };
                    let [Value::Text(key), value] = pair.as_slice() else { return Err(wrong()) };
                    let value = text(value, item).map_err(|r| r.within(&field.wire))?;
                    ask(format!("{}[{key}]", field.wire), value)?;
                }
            }
            (plan, value) => ask(field.wire.to_string(), text(value, plan).map_err(|r| r.within(&field.wire))?)?,
        }
    }
    Ok(())
}

/// A value as the text of a parameter.
fn text(value: &Value, plan: &Encode) -> Result<String, Refusal> {
    match (plan, value) {
        (Encode::Option(plan), Value::Option(Some(value))) => text(value, plan),
        (Encode::Text | Encode::Json, Value::Text(text)) => Ok(text.clone()),
        _ => {
            let mut out = Body::new(LONGEST_PARAMETER * ESCAPED);
            let written = json(value, plan, &mut out);
            if out.is_full() {
                return Err(Refusal::new(format!(
                    "a parameter of the path or the query may have {LONGEST_PARAMETER} bytes"
                )));
            }
            written?;
            let text = String::from_utf8(out.bytes).map_err(|_| wrong())?;
            Ok(match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
                Some(_) => serde_json::from_str(&text).map_err(|_| wrong())?,
                None => text,
            })
        }
    }
}

/// Writes a value as JSON.
fn json(value: &Value, plan: &Encode, out: &mut Body) -> Result<(), Refusal> {
    out.fits()?;
    match (plan, value) {
        (Encode::Bool, Value::Bool(b)) => out.put(if *b { b"true" } else { b"false" }),
        (Encode::Number, Value::Int(n)) => out.put(n.to_string().as_bytes()),
        (Encode::Number, Value::Uint(n)) => out.put(n.to_string().as_bytes()),
        (Encode::Number, Value::Float(n)) if n.is_finite() => {
            out.serialize(n)?;
        }
        (Encode::Number, Value::Float(n)) => return Err(Refusal::new(format!("JSON has no number {n}"))),
        (Encode::Text, Value::Text(text)) => string(text, out)?,
        (Encode::Decimal, Value::Text(text)) => {
            // What JSON takes for a number is what can be sent; the text goes out as it is.
            let number = text.len() <= LONGEST_NUMBER
                && text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                && serde_json::from_str::<serde_json::Number>(text).is_ok()
                && text.trim() == text;
            if !number {
                return Err(Refusal::new(format!("`{}` is not a decimal number such as `-12.50`", shown(text))));
            }
            out.put(text.as_bytes());
        }
        (Encode::Json, Value::Text(text)) => {
            if let Err(error) = serde_json::from_str::<&serde_json::value::RawValue>(text.trim()) {
                return Err(Refusal::new(format!("it is not JSON: {error}")));
            }
            out.put(text.as_bytes());
        }
        (Encode::Option(_), Value::Option(None)) => out.put(b"null"),
        (Encode::Option(plan), Value::Option(Some(value))) => json(value, plan, out)?,
        (Encode::List(plan), Value::List(values)) => {
            out.put(b"[");
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    out.put(b",");
                }
                json(value, plan, out).map_err(|r| r.within(&format!("[{position}]")))?;
            }
            out.put(b"]");
        }
        (Encode::Map(plan), Value::List(pairs)) => {
            out.put(b"{");
            for (position, pair) in pairs.iter().enumerate() {
                let Value::Record(pair) = pair else { return Err(wrong()) };
                let [Value::Text(key), value] = pair.as_slice() else { return Err(wrong()) };
                if position > 0 {
                    out.put(b",");
                }
                string(key, out)?;
                out.put(b":");
                json(value, plan, out).map_err(|r| r.within(key))?;
            }
            out.put(b"}");
        }
        (Encode::Record(fields), Value::Record(values)) => {
            out.put(b"{");
            let mut first = true;
            for (field, value) in fields.iter().zip(values) {
                let given = given(value, field.absent);
                if matches!(given, Given::LeftOut) {
                    continue;
                }
                if !std::mem::take(&mut first) {
                    out.put(b",");
                }
                string(&field.wire, out)?;
                out.put(b":");
                match given {
                    Given::Value(value) => json(value, &field.value, out).map_err(|r| r.within(&field.wire))?,
                    _ => out.put(b"null"),
                }
            }
            out.put(b"}");
        }
        (Encode::Words { cases, wire }, Value::Case(case, payload)) => {
            let word = match (cases.get(*case as usize), payload.as_deref()) {
                (Some(Some(word)), None) => &**word,
                (Some(None), Some(Value::Text(word))) => word.as_str(),
                _ => return Err(wrong()),
            };
            match wire {
                EnumWire::Number if word.parse::<i64>().is_ok() => out.put(word.as_bytes()),
                _ => string(word, out)?,
            }
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

fn string(text: &str, out: &mut Body) -> Result<(), Refusal> {
    out.serialize(text)
}
