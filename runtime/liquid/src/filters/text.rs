//! Text: those that work on segments keep what the author wrote structure, the others yield data.

use super::{Given, Why};
use crate::text::{Segment, Text, author};
use crate::val::Val;

type Answer<'a> = Result<Val<'a>, Why>;

pub(super) fn append<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (first, second) = (given.input.clone(), given.arg(0));
    glue(given, first, second)
}

pub(super) fn prepend<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (first, second) = (given.arg(0), given.input.clone());
    glue(given, first, second)
}

fn glue<'a>(given: &mut Given<'a, '_>, first: Val<'a>, second: Val<'a>) -> Answer<'a> {
    given.meter.text(first.weight().saturating_add(second.weight()))?;
    let has_author =
        |value: &Val| matches!(value, Val::Text(text) if text.is_author() || matches!(text, Text::Built(_)));
    if given.json && (has_author(&first) || has_author(&second)) {
        let mut segments = Vec::new();
        add(&mut segments, first);
        add(&mut segments, second);
        given.meter.made(segments.len() * size_of::<Segment>())?;
        return Ok(Val::Text(Text::built(segments)));
    }
    let mut out = String::new();
    first.write_plain(&mut out);
    second.write_plain(&mut out);
    Ok(Val::data(out))
}

/// Adds a value to the segments of a text, in which nothing is nothing, not null.
pub(super) fn add<'a>(segments: &mut Vec<Segment<'a>>, value: Val<'a>) {
    match value {
        Val::Text(text) => text.into_segments(segments),
        other => segments.push(Segment::Value(Val::data(other.plain().into_owned()))),
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\0')
}

pub(super) fn strip<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    trim(given, true, true)
}

pub(super) fn lstrip<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    trim(given, true, false)
}

pub(super) fn rstrip<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    trim(given, false, true)
}

fn trim<'a>(given: &mut Given<'a, '_>, left: bool, right: bool) -> Answer<'a> {
    let cut = |text: &str, left: bool, right: bool| {
        let text = if left { text.trim_start_matches(is_space) } else { text };
        if right { text.trim_end_matches(is_space) } else { text }.to_owned()
    };
    let Val::Text(Text::Built(built)) = &given.input else { return given.map_segments(|text| cut(text, left, right)) };
    let mut segments = built.segments.clone();
    given.meter.made(segments.len() * size_of::<Segment>())?;
    let trimmed = |segment: &Segment<'a>, left, right| match segment {
        Segment::Author(text) => author(cut(text, left, right)),
        Segment::Value(Val::Text(text)) => Segment::Value(Val::Text(text.map(&mut |text| cut(text, left, right)))),
        other => other.clone(),
    };
    let is_gone =
        |segment: &Segment| matches!(segment, Segment::Value(Val::Text(text)) if text.is_author() && text.is_empty());
    if left {
        let mut gone = 0;
        for segment in &mut segments {
            *segment = trimmed(segment, true, false);
            if !is_gone(segment) {
                break;
            }
            gone += 1;
        }
        segments.drain(..gone);
    }
    while right && !segments.is_empty() {
        let last = segments.len() - 1;
        segments[last] = trimmed(&segments[last], false, true);
        if !is_gone(&segments[last]) {
            break;
        }
        segments.pop();
    }
    Ok(Val::Text(Text::built(segments)))
}

pub(super) fn strip_newlines<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_segments(|text| text.replace("\r\n", "").replace('\n', ""))
}

pub(super) fn upcase<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_segments(|text| if text.is_ascii() { text.to_ascii_uppercase() } else { text.to_uppercase() })
}

pub(super) fn downcase<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_segments(|text| if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() })
}

pub(super) fn capitalize<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_whole(|text| {
        let mut chars = text.chars();
        match chars.next() {
            Some(first) => first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect(),
            None => String::new(),
        }
    })
}

/// The text to look for and the one to put in its place, and whether the result may be too long.
fn replacing(given: &mut Given) -> Result<(String, String), Why> {
    let (old, new) = (given.arg(0), given.arg(1));
    let wanted = old.weight().saturating_add(new.weight());
    given.meter.text(wanted)?;
    let (old, new) = (old.plain().into_owned(), new.plain().into_owned());
    let longest = given.input.weight() / old.len().max(1) + 1;
    if new.len() > old.len() && longest.saturating_mul(new.len()) > given.meter.limits.text_bytes {
        let found = given.text()?.matches(old.as_str()).count();
        let grown = found.saturating_mul(new.len()).saturating_add(given.input.weight());
        given.meter.text(grown)?;
    }
    Ok((old, new))
}

pub(super) fn replace<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (old, new) = replacing(given)?;
    given.map_segments(|text| text.replace(&old, &new))
}

pub(super) fn remove<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (old, _) = replacing(given)?;
    given.map_segments(|text| if old.is_empty() { text.to_owned() } else { text.replace(&old, "") })
}

pub(super) fn replace_first<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (old, new) = replacing(given)?;
    once(given, false, |text| text.find(&old).map(|at| spliced(text, at, &old, &new)))
}

pub(super) fn replace_last<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (old, new) = replacing(given)?;
    once(given, true, |text| text.rfind(&old).map(|at| spliced(text, at, &old, &new)))
}

pub(super) fn remove_first<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (old, _) = replacing(given)?;
    once(given, false, |text| text.find(&old).map(|at| spliced(text, at, &old, "")))
}

pub(super) fn remove_last<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let (old, _) = replacing(given)?;
    once(given, true, |text| text.rfind(&old).map(|at| spliced(text, at, &old, "")))
}

fn spliced(text: &str, at: usize, old: &str, new: &str) -> String {
    [&text[..at], new, &text[at + old.len()..]].concat()
}

/// Changes one place. In a text of segments only the author's are looked at: which of several places it is must not
/// depend on what a value holds.
fn once<'a>(given: &mut Given<'a, '_>, from_end: bool, change: impl Fn(&str) -> Option<String>) -> Answer<'a> {
    let built = match &given.input {
        Val::Text(Text::Built(built)) if given.authored => built.clone(),
        _ => return given.map_whole(|text| change(text).unwrap_or_else(|| text.to_owned())),
    };
    let mut segments = built.segments.clone();
    given.meter.made(segments.len() * size_of::<Segment>())?;
    let changed = |segment: &Segment| match segment {
        Segment::Author(text) => change(text),
        Segment::Value(Val::Text(text)) if text.is_author() => change(&text.plain()),
        Segment::Value(_) => None,
    };
    let places: Box<dyn Iterator<Item = usize>> =
        if from_end { Box::new((0..segments.len()).rev()) } else { Box::new(0..segments.len()) };
    for index in places {
        if let Some(text) = changed(&segments[index]) {
            given.meter.text(text.len())?;
            segments[index] = author(text);
            break;
        }
    }
    Ok(Val::Text(Text::built(segments)))
}

pub(super) fn slice<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let offset = given.whole(0)?;
    let length = if given.arg(1).is_nil() { 1 } else { given.whole(1)? };
    let span = |size: usize| {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let start = if offset < 0 { size.saturating_add(offset) } else { offset };
        if start < 0 || start > size || length < 0 {
            return 0..0;
        }
        let end = start.saturating_add(length).min(size);
        // Both between 0 and the size.
        start as usize..end as usize
    };
    if given.input.is_list() {
        let span = span(given.input.count());
        given.meter.count(span.len() as u64)?;
        given.meter.made(span.len() * size_of::<Val>())?;
        return Ok(Val::made(span.map(|index| given.input.item(index)).collect()));
    }
    given.map_whole(|text| {
        let span = span(text.chars().count());
        text.chars().skip(span.start).take(span.len()).collect()
    })
}

pub(super) fn truncate<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    if given.input.is_nil() {
        return Ok(Val::Nil);
    }
    let length = if given.args.is_empty() { 50 } else { given.whole(0)? };
    let end = ellipsis(given)?;
    let wanted = usize::try_from(length).unwrap_or(0);
    if matches!(&given.input, Val::Text(text) if text.len() <= wanted) {
        return Ok(given.input.clone());
    }
    given.map_whole(|text| {
        if text.chars().nth(wanted).is_none() {
            return text.to_owned();
        }
        let kept = wanted.saturating_sub(end.chars().count());
        let cut = text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at);
        [&text[..cut], &end].concat()
    })
}

pub(super) fn truncatewords<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    if given.input.is_nil() {
        return Ok(Val::Nil);
    }
    let words = if given.args.is_empty() { 15 } else { given.whole(0)? };
    let words = usize::try_from(words).unwrap_or(0).max(1);
    let end = ellipsis(given)?;
    given.map_whole(|text| {
        let mut found = text.split_ascii_whitespace();
        let kept: Vec<&str> = found.by_ref().take(words).collect();
        if found.next().is_none() { text.to_owned() } else { kept.join(" ") + &end }
    })
}

fn ellipsis(given: &mut Given) -> Result<String, Why> {
    if given.args.len() < 2 {
        return Ok("...".to_owned());
    }
    let end = given.arg(1);
    given.meter.text(end.weight())?;
    Ok(end.plain().into_owned())
}
