//! The words of ServiceTitan's dialect, and what decides how a value is written.

use super::{Given, Why};
use crate::json;
use crate::text::{Origin, Segment, Text};
use crate::val::Val;

/// `"Name": "escaped value"` of a pair, of a list of two, or of an object with a key and a value.
pub(super) fn as_header<'a>(given: &mut Given<'a, '_>) -> Result<Val<'a>, Why> {
    let (name, value) = match &given.input {
        Val::Pair(name, value) => (Val::Text(Text::data(name)), Val::from(*value)),
        Val::Object(object) => {
            let member = |names: [&str; 3]| names.iter().find_map(|name| object.get(name)).map_or(Val::Nil, Val::from);
            (member(["Key", "key", "name"]), member(["Value", "value", "value"]))
        }
        list if list.count() == 2 && !matches!(list, Val::Range(..)) => (list.item(0), list.item(1)),
        other => {
            return Err(
                format!("here should be a header, as a loop over headers yields it, not {}", other.kind()).into()
            );
        }
    };
    given.meter.text(name.weight().saturating_add(value.weight()).saturating_add(6))?;
    if given.json {
        return Ok(Val::Text(Text::built(vec![
            Segment::Author("\""),
            Segment::Value(name),
            Segment::Author("\": \""),
            Segment::Value(value),
            Segment::Author("\""),
        ])));
    }
    let mut out = String::new();
    json::quote(&mut out, &name.plain());
    out.push_str(": ");
    json::quote(&mut out, &value.plain());
    Ok(Val::data(out))
}

/// Joins two parts of an address with exactly one slash. An empty part leaves the other as it is.
pub(super) fn append_url<'a>(given: &mut Given<'a, '_>) -> Result<Val<'a>, Why> {
    let part = given.arg(0);
    given.meter.text(part.weight())?;
    let part = part.plain();
    let part = part.trim_start_matches('/');
    given.map_whole(|base| match (base, part) {
        ("", part) => part.to_owned(),
        (base, "") => base.to_owned(),
        (base, part) => format!("{}/{part}", base.trim_end_matches('/')),
    })
}

/// The value as one JSON value.
pub(super) fn json<'a>(given: &mut Given<'a, '_>) -> Result<Val<'a>, Why> {
    given.meter.count(given.input.count() as u64)?;
    given.meter.text(given.input.weight())?;
    let mut out = String::new();
    given.input.write_json(&mut out);
    given.meter.text(out.len())?;
    Ok(Val::Text(Text::of(out.into(), Origin::Json)))
}

/// Lets a value through as it is: it may become structure. The checker reports each use.
pub(super) fn raw<'a>(given: &mut Given<'a, '_>) -> Result<Val<'a>, Why> {
    if matches!(&given.input, Val::Text(text) if text.is_author()) {
        return Ok(given.input.clone());
    }
    let text = given.text()?.into_owned();
    Ok(Val::Text(Text::of(text.into(), Origin::Raw)))
}

pub(super) fn default<'a>(given: &mut Given<'a, '_>) -> Result<Val<'a>, Why> {
    let allow_false = given.named.as_ref().is_some_and(Val::is_true);
    let input = &given.input;
    let missing = if allow_false { input.is_nil() } else { !input.is_true() };
    if !missing && !input.is_empty() {
        return Ok(input.clone());
    }
    Ok(if given.args.is_empty() { Val::Text(Text::author("")) } else { given.arg(0) })
}
