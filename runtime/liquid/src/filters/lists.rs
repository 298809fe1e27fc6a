//! Lists. A text or a number is a list of one, an object too; lists in lists are flattened.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::search::member;
use super::{Given, Why};
use crate::compare;
use crate::limits::Meter;
use crate::number::Amount;
use crate::text::{Origin, Segment, Text};
use crate::val::Val;

type Answer<'a> = Result<Val<'a>, Why>;

/// The items that a filter goes through.
pub(super) fn items<'a>(given: &mut Given<'a, '_>) -> Result<Vec<Val<'a>>, Why> {
    let mut out = Vec::new();
    flatten(&given.input, &mut out, given.meter)?;
    Ok(out)
}

fn flatten<'a>(value: &Val<'a>, out: &mut Vec<Val<'a>>, meter: &mut Meter) -> Result<(), Why> {
    if !value.is_list() {
        if !value.is_nil() {
            meter.made(size_of::<Val>())?;
            out.push(flat(value.clone(), meter)?);
        }
        return Ok(());
    }
    meter.count(value.count() as u64)?;
    meter.made(value.count().saturating_mul(size_of::<Val>()))?;
    for index in 0..value.count() {
        let item = value.item(index);
        if item.is_list() { flatten(&item, out, meter)? } else { out.push(flat(item, meter)?) }
    }
    Ok(())
}

/// A text of segments in a list is data: segments that hold lists that hold segments have no end.
fn flat<'a>(value: Val<'a>, meter: &mut Meter) -> Result<Val<'a>, Why> {
    match value {
        Val::Text(text @ Text::Built(_)) => {
            meter.made(text.len())?;
            Ok(Val::data(text.plain().into_owned()))
        }
        other => Ok(other),
    }
}

pub(super) fn compact<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let property = given.arg(0);
    let mut kept = Vec::new();
    for item in items(given)? {
        let value = if property.is_nil() { Some(item.clone()) } else { member(given.meter, &item, &property)? };
        if value.is_some_and(|value| !value.is_nil()) {
            kept.push(item);
        }
    }
    Ok(Val::made(kept))
}

pub(super) fn concat<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let more = given.arg(0);
    if !more.is_list() {
        return Err(format!("here should be a list, not {}", more.kind()).into());
    }
    let mut out = items(given)?;
    given.meter.count(more.count() as u64)?;
    given.meter.made((out.len() + more.count()).saturating_mul(size_of::<Val>()))?;
    out.extend((0..more.count()).map(|index| more.item(index)));
    Ok(Val::made(out))
}

pub(super) fn first<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(edge(&given.input, false))
}

pub(super) fn last<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(edge(&given.input, true))
}

/// The first or last item of a list, or character of a text.
pub(crate) fn edge<'a>(value: &Val<'a>, last: bool) -> Val<'a> {
    match value {
        Val::Text(text) => {
            let text = text.plain();
            let found = if last { text.chars().next_back() } else { text.chars().next() };
            found.map_or(Val::Nil, |c| Val::data(c.to_string()))
        }
        list if list.count() == 0 => Val::Nil,
        list => list.item(if last { list.count() - 1 } else { 0 }),
    }
}

/// What `size` counts: items, members, characters.
pub(crate) fn length(value: &Val) -> usize {
    match value {
        Val::Text(text) => text.plain().chars().count(),
        list => list.count(),
    }
}

pub(super) fn size<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(Val::Whole(i64::try_from(length(&given.input)).unwrap_or(i64::MAX)))
}

pub(super) fn join<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let glue = if given.args.is_empty() { Val::Text(Text::author(" ")) } else { given.arg(0) };
    let items = items(given)?;
    let gaps = items.len().saturating_sub(1);
    let bytes = items.iter().map(Val::weight).sum::<usize>();
    given.meter.text(bytes.saturating_add(gaps.saturating_mul(glue.weight())))?;
    // The author's commas between values are structure, as they would be in a loop; his words are not.
    let separates =
        matches!(&glue, Val::Text(text) if text.is_author() && text.plain().contains(['"', ',', ':', '\\']));
    let pieces = items.iter().any(|item| matches!(item, Val::Text(text) if text.is_piece()));
    if given.json && separates && !pieces {
        given.meter.made(items.len().saturating_mul(2 * size_of::<Segment>()))?;
        let mut segments = Vec::with_capacity(items.len() * 2);
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                segments.push(Segment::Value(glue.clone()));
            }
            segments.push(Segment::Value(item));
        }
        return Ok(Val::Text(Text::built(segments)));
    }
    let glue = glue.plain();
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(&glue);
        }
        item.write_plain(&mut out);
    }
    Ok(Val::data(out))
}

pub(super) fn map<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let property = given.arg(0);
    let items = items(given)?;
    let values = items.iter().map(|item| Ok(member(given.meter, item, &property)?.unwrap_or(Val::Nil)));
    Ok(Val::made(values.collect::<Result<_, Why>>()?))
}

pub(super) fn reverse<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let mut items = items(given)?;
    items.reverse();
    Ok(Val::made(items))
}

pub(super) fn sort<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    sorted(given, |a, b| match (a, b) {
        (Val::Nil, Val::Nil) => Some(Ordering::Equal),
        (Val::Nil, _) => Some(Ordering::Greater),
        (_, Val::Nil) => Some(Ordering::Less),
        (a, b) => compare::order(a, b),
    })
}

pub(super) fn sort_natural<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    sorted(given, |a, b| {
        Some(match (a, b) {
            (Val::Nil, Val::Nil) => Ordering::Equal,
            (Val::Nil, _) => Ordering::Greater,
            (_, Val::Nil) => Ordering::Less,
            (a, b) => {
                let (a, b) = (a.plain(), b.plain());
                let lower = |text: &str| text.bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>();
                lower(&a).cmp(&lower(&b))
            }
        })
    })
}

fn sorted<'a>(given: &mut Given<'a, '_>, compare: fn(&Val, &Val) -> Option<Ordering>) -> Answer<'a> {
    let property = given.arg(0);
    let mut keyed = Vec::new();
    for item in items(given)? {
        let key =
            if property.is_nil() { item.clone() } else { member(given.meter, &item, &property)?.unwrap_or(Val::Nil) };
        keyed.push((key, item));
    }
    let work = keyed.iter().map(|(key, _)| key.weight() as u64 / 16 + 1).sum::<u64>();
    given.meter.step(work.saturating_mul(keyed.len().max(1).ilog2().into()))?;
    let mut mixed = false;
    keyed.sort_by(|a, b| {
        compare(&a.0, &b.0).unwrap_or_else(|| {
            mixed = true;
            // An order of any kind that holds, as sorting asks for.
            a.0.kind().cmp(b.0.kind())
        })
    });
    if mixed {
        return Err("values of different kinds have no order".into());
    }
    Ok(Val::made(keyed.into_iter().map(|(_, item)| item).collect()))
}

pub(super) fn split<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let pattern = given.arg(0);
    given.meter.text(pattern.weight())?;
    let pattern = pattern.plain();
    let author = given.authored && matches!(&given.input, Val::Text(text) if text.is_author());
    let origin = if author { Origin::Author } else { Origin::Piece };
    let parts: Vec<String> = {
        let text = given.text()?;
        let count = match &*pattern {
            "" => text.len(),
            " " => text.split_ascii_whitespace().count(),
            pattern => text.matches(pattern).count() + 1,
        };
        // Each part is a text of its own.
        given.meter.made(count.saturating_mul(2 * size_of::<Val>() + 16))?;
        match &*pattern {
            "" => given.input.plain().chars().map(String::from).collect(),
            " " => given.input.plain().split_ascii_whitespace().map(str::to_owned).collect(),
            pattern => given.input.plain().split(pattern).map(str::to_owned).collect(),
        }
    };
    let mut parts = parts;
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Ok(Val::made(parts.into_iter().map(|part| Val::Text(Text::of(part.into(), origin))).collect()))
}

pub(super) fn sum<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let property = given.arg(0);
    let mut total = Amount::ZERO;
    for item in items(given)? {
        let value = if property.is_nil() { item } else { member(given.meter, &item, &property)?.unwrap_or(Val::Nil) };
        let mut inner = Vec::new();
        flatten(&value, &mut inner, given.meter)?;
        for value in inner {
            total = total.plus(value.amount()?)?;
        }
    }
    Ok(total.into())
}

pub(super) fn uniq<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let property = given.arg(0);
    let mut seen: HashSet<String> = HashSet::new();
    let mut kept = Vec::new();
    for item in items(given)? {
        let key =
            if property.is_nil() { item.clone() } else { member(given.meter, &item, &property)?.unwrap_or(Val::Nil) };
        given.meter.made(key.weight())?;
        let mut text = String::new();
        key.write_json(&mut text);
        if seen.insert(text) {
            kept.push(item);
        }
    }
    Ok(Val::made(kept))
}
