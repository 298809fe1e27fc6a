//! From a plugin's values to the path, query and body of a request.

use bytes::Bytes;
use tradewire_client::Arguments;
use tradewire_surface::EnumWire;

use crate::direct::Value;
use crate::plan::{Absent, Encode};

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

impl Refusal {
    fn new(problem: impl Into<String>) -> Refusal {
        Refusal { place: String::new(), problem: problem.into() }
    }

    fn within(mut self, outer: &str) -> Refusal {
        self.place = if self.place.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.place) };
        self
    }
}

impl ArgumentsPlan {
    /// Puts the values of a call where they go. The file of an upload stays with the caller.
    pub fn apply(&self, values: &mut Vec<Value>) -> Result<Arguments, Refusal> {
        let mut arguments = Arguments::default();
        let mut values =
            values.drain(..self.path.len() + usize::from(self.query.is_some()) + usize::from(self.body.is_some()));
        for ((wire, plan), value) in self.path.iter().zip(values.by_ref()) {
            let text = text(&value, plan).map_err(|r| r.within(wire))?;
            arguments.path.push((wire.clone(), text));
        }
        if let (Some(plan), Some(value)) = (&self.query, if self.query.is_some() { values.next() } else { None }) {
            query(&value, plan, &mut arguments.query).map_err(|r| r.within("query"))?;
        }
        if let (Some(plan), Some(value)) = (&self.body, values.next()) {
            let mut body = Vec::with_capacity(256);
            json(&value, plan, &mut body).map_err(|r| r.within("body"))?;
            arguments.body = Some(Bytes::from(body));
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

fn query(value: &Value, plan: &Encode, out: &mut Vec<(String, String)>) -> Result<(), Refusal> {
    let (Encode::Record(fields), Value::Record(values)) = (plan, value) else { return Err(wrong()) };
    for (field, value) in fields.iter().zip(values) {
        let Given::Value(value) = given(value, field.absent) else { continue };
        match (&field.value, value) {
            (Encode::List(item), Value::List(values)) => {
                for value in values {
                    out.push((field.wire.to_string(), text(value, item).map_err(|r| r.within(&field.wire))?));
                }
            }
            (Encode::Map(item), Value::List(pairs)) => {
                for pair in pairs {
                    let Value::Record(pair) = pair else { return Err(wrong()) };
                    let [Value::Text(key), value] = pair.as_slice() else { return Err(wrong()) };
                    let value = text(value, item).map_err(|r| r.within(&field.wire))?;
                    out.push((format!("{}[{key}]", field.wire), value));
                }
            }
            (plan, value) => out.push((field.wire.to_string(), text(value, plan).map_err(|r| r.within(&field.wire))?)),
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
            let mut out = Vec::new();
            json(value, plan, &mut out)?;
            let text = String::from_utf8(out).map_err(|_| wrong())?;
            Ok(match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
                Some(_) => serde_json::from_str(&text).map_err(|_| wrong())?,
                None => text,
            })
        }
    }
}

/// Writes a value as JSON.
fn json(value: &Value, plan: &Encode, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match (plan, value) {
        (Encode::Bool, Value::Bool(b)) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        (Encode::Number, Value::Int(n)) => out.extend_from_slice(n.to_string().as_bytes()),
        (Encode::Number, Value::Uint(n)) => out.extend_from_slice(n.to_string().as_bytes()),
        (Encode::Number, Value::Float(n)) if n.is_finite() => {
            serde_json::to_writer(out, n).map_err(|e| Refusal::new(e.to_string()))?;
        }
        (Encode::Number, Value::Float(n)) => return Err(Refusal::new(format!("JSON has no number {n}"))),
        (Encode::Text, Value::Text(text)) => string(text, out)?,
        (Encode::Decimal, Value::Text(text)) => {
            // What JSON takes for a number is what can be sent; the text goes out as it is.
            let number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                && serde_json::from_str::<serde_json::Number>(text).is_ok()
                && text.trim() == text;
            if !number {
                return Err(Refusal::new(format!("`{text}` is not a decimal number such as `-12.50`")));
            }
            out.extend_from_slice(text.as_bytes());
        }
        (Encode::Json, Value::Text(text)) => {
            if let Err(error) = serde_json::from_str::<&serde_json::value::RawValue>(text.trim()) {
                return Err(Refusal::new(format!("it is not JSON: {error}")));
            }
            out.extend_from_slice(text.as_bytes());
        }
        (Encode::Option(_), Value::Option(None)) => out.extend_from_slice(b"null"),
        (Encode::Option(plan), Value::Option(Some(value))) => json(value, plan, out)?,
        (Encode::List(plan), Value::List(values)) => {
            out.push(b'[');
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                json(value, plan, out).map_err(|r| r.within(&format!("[{position}]")))?;
            }
            out.push(b']');
        }
        (Encode::Map(plan), Value::List(pairs)) => {
            out.push(b'{');
            for (position, pair) in pairs.iter().enumerate() {
                let Value::Record(pair) = pair else { return Err(wrong()) };
                let [Value::Text(key), value] = pair.as_slice() else { return Err(wrong()) };
                if position > 0 {
                    out.push(b',');
                }
                string(key, out)?;
                out.push(b':');
                json(value, plan, out).map_err(|r| r.within(key))?;
            }
            out.push(b'}');
        }
        (Encode::Record(fields), Value::Record(values)) => {
            out.push(b'{');
            let mut first = true;
            for (field, value) in fields.iter().zip(values) {
                let given = given(value, field.absent);
                if matches!(given, Given::LeftOut) {
                    continue;
                }
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                string(&field.wire, out)?;
                out.push(b':');
                match given {
                    Given::Value(value) => json(value, &field.value, out).map_err(|r| r.within(&field.wire))?,
                    _ => out.extend_from_slice(b"null"),
                }
            }
            out.push(b'}');
        }
        (Encode::Words { cases, wire }, Value::Case(case, payload)) => {
            let word = match (cases.get(*case as usize), payload.as_deref()) {
                (Some(Some(word)), None) => &**word,
                (Some(None), Some(Value::Text(word))) => word.as_str(),
                _ => return Err(wrong()),
            };
            match wire {
                EnumWire::Number if word.parse::<i64>().is_ok() => out.extend_from_slice(word.as_bytes()),
                _ => string(word, out)?,
            }
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

fn string(text: &str, out: &mut Vec<u8>) -> Result<(), Refusal> {
    serde_json::to_writer(out, text).map_err(|e| Refusal::new(e.to_string()))
}
