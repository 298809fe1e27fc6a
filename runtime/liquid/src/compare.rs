//! Equality, order and `contains`, as Liquid has them.

use std::cmp::Ordering;

use super::error::{Problem, quoted};
use super::limits::Meter;
use super::val::Val;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

/// Whether a comparison holds.
pub(crate) fn holds(operator: Operator, left: &Val, right: &Val, meter: &mut Meter) -> Result<bool, Problem> {
    match operator {
        Operator::Equal => equal(left, right, meter),
        Operator::NotEqual => equal(left, right, meter).map(|equal| !equal),
        Operator::Contains => contains(left, right, meter),
        Operator::Less => ordered(left, right, Ordering::is_lt, meter),
        Operator::LessOrEqual => ordered(left, right, Ordering::is_le, meter),
        Operator::Greater => ordered(left, right, Ordering::is_gt, meter),
        Operator::GreaterOrEqual => ordered(left, right, Ordering::is_ge, meter),
    }
}

/// Whether two values are equal. A number never equals a text.
pub(crate) fn equal(left: &Val, right: &Val, meter: &mut Meter) -> Result<bool, Problem> {
    Ok(match (left, right) {
        (Val::Nil, Val::Nil) | (Val::Empty, Val::Empty) | (Val::Blank, Val::Blank) => true,
        (Val::Empty | Val::Blank, Val::Empty | Val::Blank) => false,
        (value, Val::Empty) | (Val::Empty, value) => {
            meter.step(value.reading())?;
            value.is_empty()
        }
        (value, Val::Blank) | (Val::Blank, value) => {
            meter.step(value.reading())?;
            value.is_blank()
        }
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Whole(a), Val::Whole(b)) => a == b,
        (Val::Text(a), Val::Text(b)) => {
            meter.step(left.reading() + right.reading())?;
            a.plain() == b.plain()
        }
        (Val::Written(a), Val::Written(b)) if a == b => true,
        (Val::Range(a, b), Val::Range(c, d)) => (a, b) == (c, d),
        (Val::Object(a), Val::Object(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (key, value) in a.iter() {
                meter.step(1)?;
                let Some(other) = b.get(key) else { return Ok(false) };
                if !equal(&value.into(), &other.into(), meter)? {
                    return Ok(false);
                }
            }
            true
        }
        (a, b) if is_sequence(a) && is_sequence(b) => {
            if a.count() != b.count() {
                return Ok(false);
            }
            for index in 0..a.count() {
                meter.step(1)?;
                if !equal(&a.item(index), &b.item(index), meter)? {
                    return Ok(false);
                }
            }
            true
        }
        (a, b) => {
            meter.step(a.reading() + b.reading())?;
            match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.compare(b).is_eq(),
                _ => false,
            }
        }
    })
}

fn is_sequence(value: &Val) -> bool {
    matches!(value, Val::List(_) | Val::Made(_) | Val::Pair(..))
}

/// The order of two values of one kind.
pub(crate) fn order(left: &Val, right: &Val) -> Option<Ordering> {
    match (left, right) {
        (Val::Text(a), Val::Text(b)) => Some(a.plain().cmp(&b.plain())),
        (Val::Bool(a), Val::Bool(b)) if a == b => Some(Ordering::Equal),
        (a, b) => Some(a.number()?.compare(b.number()?)),
    }
}

fn ordered(left: &Val, right: &Val, fits: fn(Ordering) -> bool, meter: &mut Meter) -> Result<bool, Problem> {
    let comparable = |value: &Val| matches!(value, Val::Whole(_) | Val::Exact(_) | Val::Written(_) | Val::Text(_));
    if !comparable(left) || !comparable(right) {
        return Ok(false);
    }
    meter.step(left.reading() + right.reading())?;
    order(left, right).map(fits).ok_or_else(|| {
        Problem::value(format!(
            "{} {} and {} {} have no order; compare two numbers or two texts",
            left.kind(),
            quoted(&left.plain()),
            right.kind(),
            quoted(&right.plain())
        ))
    })
}

fn contains(left: &Val, right: &Val, meter: &mut Meter) -> Result<bool, Problem> {
    if right.is_nil() {
        return Ok(false);
    }
    match left {
        Val::Text(text) => {
            meter.step((text.len() + right.weight()) as u64 / 64)?;
            Ok(text.plain().contains(&*right.plain()))
        }
        Val::Object(object) => {
            meter.step(right.reading())?;
            Ok(matches!(right, Val::Text(key) if object.get(&key.plain()).is_some()))
        }
        Val::Range(first, last) => Ok(right.number().is_some_and(|number| {
            use super::number::Amount::Whole;
            number.compare(Whole(*first)).is_ge() && number.compare(Whole(*last)).is_le()
        })),
        list if is_sequence(list) => {
            for index in 0..list.count() {
                meter.step(1)?;
                if equal(&list.item(index), right, meter)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}
