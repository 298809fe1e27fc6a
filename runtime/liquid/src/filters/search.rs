//! Filters that look for items by a property: `where`, `reject`, `find`, `find_index`, `has`.

use super::lists::items;
use super::{Given, Why};
use crate::compare;
use crate::limits::Meter;
use crate::text::Text;
use crate::val::Val;

type Answer<'a> = Result<Val<'a>, Why>;

/// `item[property]`; none if the item has no members of any kind. As in Ruby, a text's member is the part of it that
/// equals the property.
pub(super) fn member<'a>(meter: &mut Meter, item: &Val<'a>, property: &Val<'a>) -> Result<Option<Val<'a>>, Why> {
    meter.step(1 + item.reading() + property.reading())?;
    match (item, property) {
        (Val::Object(object), Val::Text(name)) => Ok(Some(object.get(&name.plain()).map_or(Val::Nil, Val::from))),
        (Val::Object(_), _) => Ok(Some(Val::Nil)),
        (Val::Pair(key, value), Val::Text(name)) => Ok(Some(match &*name.plain() {
            "Key" | "key" => Val::Text(Text::data(key)),
            "Value" | "value" => Val::from(*value),
            _ => Val::Nil,
        })),
        (Val::Text(text), Val::Text(part)) => {
            Ok(Some(if text.plain().contains(&*part.plain()) { property.clone() } else { Val::Nil }))
        }
        (Val::Nil | Val::Bool(_) | Val::Exact(_) | Val::Empty | Val::Blank | Val::Loop(_), _) => Ok(None),
        (Val::Whole(_), Val::Whole(_)) => Ok(Some(Val::Nil)),
        (list, Val::Whole(index)) if list.is_list() => {
            Ok(Some(usize::try_from(*index).map_or(Val::Nil, |index| list.item(index))))
        }
        (item, property) => {
            Err(format!("{} has no property `{}`", item.kind(), super::quoted(&property.plain()).trim_matches('`'))
                .into())
        }
    }
}

/// An item, its place, and whether it fits.
type Match<'a> = (usize, bool, Val<'a>);

/// The places and items whose property is true, or equals the second argument. None if an item cannot have properties,
/// which makes the whole answer nothing.
fn matches<'a>(given: &mut Given<'a, '_>, most: usize) -> Result<Option<Vec<Match<'a>>>, Why> {
    let (property, wanted) = (given.arg(0), given.arg(1));
    let mut out = Vec::new();
    let mut found = 0;
    for (index, item) in items(given)?.into_iter().enumerate() {
        let Some(value) = member(given.meter, &item, &property)? else { return Ok(None) };
        let fits = if wanted.is_nil() { value.is_true() } else { compare::equal(&value, &wanted, given.meter)? };
        out.push((index, fits, item));
        found += usize::from(fits);
        if found >= most {
            break;
        }
    }
    Ok(Some(out))
}

/// `where`
pub(super) fn filter<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    select(given, true)
}

pub(super) fn reject<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    select(given, false)
}

fn select<'a>(given: &mut Given<'a, '_>, wanted: bool) -> Answer<'a> {
    let Some(items) = matches(given, usize::MAX)? else { return Ok(Val::Nil) };
    Ok(Val::made(items.into_iter().filter(|(_, fits, _)| *fits == wanted).map(|(_, _, item)| item).collect()))
}

pub(super) fn find<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let found = matches(given, 1)?.and_then(|items| items.into_iter().find(|(_, fits, _)| *fits));
    Ok(found.map_or(Val::Nil, |(_, _, item)| item))
}

pub(super) fn find_index<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let found = matches(given, 1)?.and_then(|items| items.into_iter().find(|(_, fits, _)| *fits));
    Ok(found.map_or(Val::Nil, |(index, _, _)| Val::Whole(i64::try_from(index).unwrap_or(i64::MAX))))
}

pub(super) fn has<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    Ok(matches(given, 1)?.map_or(Val::Nil, |items| Val::Bool(items.iter().any(|(_, fits, _)| *fits))))
}
