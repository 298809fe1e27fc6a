//! What an expression yields while a template renders: mostly references into the input.

use std::cell::Cell;
use std::fmt::Write;
use std::rc::Rc;

use rust_decimal::Decimal;

use super::json;
use super::number::{Amount, Number, written};
use super::text::Text;
use super::value::{Object, Value};

/// A value of a running template. Cloning never copies text, lists or objects.
#[derive(Clone)]
pub(crate) enum Val<'a> {
    Nil,
    Bool(bool),
    Whole(i64),
    Exact(Decimal),
    /// A number beyond 28 digits.
    Written(&'a str),
    Text(Text<'a>),
    List(&'a [Value]),
    Object(&'a Object),
    /// A list that a filter made.
    Made(Rc<[Val<'a>]>),
    /// A member of an object, as a loop over the object yields it.
    Pair(&'a str, &'a Value),
    /// First and last, both in it; none if the last is smaller.
    Range(i64, i64),
    Empty,
    Blank,
    Loop(Rc<LoopState<'a>>),
}

/// Where a loop is.
pub(crate) struct LoopState<'a> {
    /// `variable-collection`, as `forloop.name` gives it.
    pub name: &'a str,
    pub length: usize,
    pub index0: Cell<usize>,
    pub outer: Option<Rc<LoopState<'a>>>,
    /// The columns of a `tablerow`.
    pub columns: Option<usize>,
}

impl<'a> From<&'a Value> for Val<'a> {
    #[inline]
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(Number::Whole(whole)) => Self::Whole(*whole),
            Value::Number(Number::Exact(exact)) => Self::Exact(*exact),
            Value::Number(Number::Written(text)) => Self::Written(text),
            Value::Text(text) => Self::Text(Text::data(text)),
            Value::List(items) => Self::List(items),
            Value::Object(object) => Self::Object(object),
        }
    }
}

impl From<Amount> for Val<'_> {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Whole(whole) => Self::Whole(whole),
            Amount::Exact(exact) => Self::Exact(exact),
        }
    }
}

impl<'a> Val<'a> {
    pub fn made(items: Vec<Val<'a>>) -> Self {
        Self::Made(items.into())
    }

    pub fn data(text: String) -> Self {
        Self::Text(Text::made(text))
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    #[inline]
    pub fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// Whether it equals `empty`.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Made(items) => items.is_empty(),
            Self::Object(object) => object.is_empty(),
            Self::Empty => true,
            _ => false,
        }
    }

    /// Whether it equals `blank`.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) | Self::Blank => true,
            Self::Text(text) => text.is_whitespace(),
            other => other.is_empty() && !matches!(other, Self::Empty),
        }
    }

    /// The exact number, if it is a number that 28 digits hold.
    pub fn number(&self) -> Option<Amount> {
        match self {
            Self::Whole(whole) => Some(Amount::Whole(*whole)),
            Self::Exact(exact) => Some(Amount::Exact(*exact)),
            Self::Written(text) => written(text).map(Amount::Exact),
            _ => None,
        }
    }

    /// The number a mathematical filter takes it for: text is read, anything else is 0.
    pub fn amount(&self) -> Result<Amount, String> {
        match self {
            Self::Text(text) => Amount::read(&text.plain()),
            Self::Written(text) => {
                written(text).map(Amount::Exact).ok_or_else(|| "a number of more than 28 digits".to_owned())
            }
            other => Ok(other.number().unwrap_or(Amount::ZERO)),
        }
    }

    /// A whole number, as `limit`, `slice` and their like ask for.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(whole) => Some(*whole),
            Self::Text(text) => text.plain().trim().parse().ok(),
            _ => None,
        }
    }

    /// How many items a loop finds in it.
    pub fn count(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Made(items) => items.len(),
            Self::Object(object) => object.len(),
            Self::Pair(..) => 2,
            Self::Range(first, last) if last >= first => {
                usize::try_from(last.abs_diff(*first)).unwrap_or(usize::MAX).saturating_add(1)
            }
            Self::Text(text) if !text.is_empty() => 1,
            _ => 0,
        }
    }

    /// The item of a loop at a place below [`count`](Self::count).
    #[inline]
    pub fn item(&self, index: usize) -> Val<'a> {
        match self {
            Self::List(items) => items.get(index).map_or(Self::Nil, Self::from),
            Self::Made(items) => items.get(index).cloned().unwrap_or(Self::Nil),
            Self::Object(object) => object.at(index).map_or(Self::Nil, |(key, value)| Self::Pair(key, value)),
            Self::Pair(key, value) => match index {
                0 => Self::Text(Text::data(key)),
                1 => Self::from(*value),
                _ => Self::Nil,
            },
            Self::Range(first, _) => i64::try_from(index).map_or(Self::Nil, |i| Self::Whole(first.saturating_add(i))),
            Self::Text(_) => self.clone(),
            _ => Self::Nil,
        }
    }

    /// Whether `join`, `map` and their like go through its items.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::List(_) | Self::Made(_) | Self::Pair(..) | Self::Range(..))
    }

    /// What an error calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nothing",
            Self::Bool(_) => "true or false",
            Self::Whole(_) | Self::Exact(_) | Self::Written(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) | Self::Made(_) | Self::Pair(..) => "a list",
            Self::Object(_) => "an object",
            Self::Range(..) => "a range",
            Self::Empty => "empty",
            Self::Blank => "blank",
            Self::Loop(_) => "a loop",
        }
    }

    /// The steps that it takes to read it once, where it is text.
    pub fn reading(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64 / 64,
            Self::Written(text) => text.len() as u64 / 64,
            _ => 0,
        }
    }

    /// A bound of how many bytes [`write_plain`](Self::write_plain) writes, cheap for all but nested values.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            // Items without text take their time, too.
            Self::Made(items) => items.iter().map(|item| item.weight().max(1)).sum(),
            Self::List(items) => items.iter().map(weight).sum(),
            Self::Object(object) => object.iter().map(|(key, value)| key.len() + weight(value) + 4).sum(),
            Self::Pair(key, value) => key.len() + weight(value),
            Self::Written(text) => text.len(),
            Self::Whole(_) | Self::Exact(_) | Self::Range(..) => 30,
            _ => 5,
        }
    }

    /// Writes it as Liquid prints it: lists without separators, objects as JSON.
    pub fn write_plain(&self, out: &mut String) {
        match self {
            Self::Nil | Self::Empty | Self::Blank | Self::Loop(_) => {}
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Whole(whole) => push_whole(out, *whole),
            Self::Exact(exact) => push_exact(out, exact),
            Self::Written(text) => out.push_str(text),
            Self::Text(text) => text.write_plain(out),
            Self::List(items) => items.iter().for_each(|item| Val::from(item).write_plain(out)),
            Self::Made(items) => items.iter().for_each(|item| item.write_plain(out)),
            Self::Object(object) => json::write_object(out, object),
            Self::Pair(key, value) => {
                out.push_str(key);
                Val::from(*value).write_plain(out);
            }
            Self::Range(first, last) => {
                let _ = write!(out, "{first}..{last}");
            }
        }
    }

    /// Writes it as JSON. A range must have passed [`Meter::count`](super::limits::Meter::count).
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Nil | Self::Empty | Self::Blank | Self::Loop(_) => out.push_str("null"),
            Self::Text(text) => json::quote(out, &text.plain()),
            Self::List(items) => json::write_list(out, items),
            Self::Object(object) => json::write_object(out, object),
            Self::Made(_) | Self::Pair(..) | Self::Range(..) => {
                out.push('[');
                for index in 0..self.count() {
                    if index > 0 {
                        out.push(',');
                    }
                    self.item(index).write_json(out);
                }
                out.push(']');
            }
            other => other.write_plain(out),
        }
    }

    pub fn plain(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Text(text) => text.plain(),
            other => {
                let mut out = String::new();
                other.write_plain(&mut out);
                out.into()
            }
        }
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() + 2,
        Value::Number(Number::Written(text)) => text.len() + 1,
        Value::List(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + weight(value) + 4).sum(),
        _ => 8,
    }
}

pub(crate) fn push_exact(out: &mut String, exact: &Decimal) {
    let scale = exact.scale() as usize;
    match u64::try_from(exact.mantissa().unsigned_abs()) {
        Ok(mantissa) if scale < DIGITS => push_digits(out, mantissa, exact.is_sign_negative(), scale),
        _ => {
            let _ = write!(out, "{exact}");
        }
    }
}

pub(crate) fn push_whole(out: &mut String, whole: i64) {
    push_digits(out, whole.unsigned_abs(), whole < 0, 0);
}

/// The digits of 64 bits, and a point.
const DIGITS: usize = 20;

/// Writes a number with `places` behind its point; formatting costs several times as much.
fn push_digits(out: &mut String, mut rest: u64, negative: bool, places: usize) {
    let mut digits = [0u8; DIGITS + 2];
    let mut at = digits.len();
    let mut written = 0;
    while rest > 0 || written <= places {
        if written == places && places > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        // One digit, below 10.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    if negative {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}
