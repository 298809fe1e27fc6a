//! Text and where it came from.
//!
//! In JSON only what the author wrote is structure. Every text therefore carries its origin, and a text that mixes
//! origins (a `capture`, `append`, `join`, `as_header`) stays a sequence of segments until it is written: a value in it
//! is escaped or quoted where it lands, and no filter can turn it into the author's. A filter that does not know how to
//! work on segments yields data.

use std::borrow::Cow;
use std::rc::Rc;

use super::val::Val;

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The template's author: structure.
    Author,
    /// A value: never structure.
    Data,
    /// A part that `split` cut from a value: data, and joined again it is data as a whole, since the value decided how
    /// many parts there are.
    Piece,
    /// A filter that made one complete JSON value of it.
    Json,
    /// A value that the author let through with `raw`.
    Raw,
}

/// Text of one or more origins.
#[derive(Clone)]
pub(crate) enum Text<'a> {
    Slice(&'a str, Origin),
    Shared(Rc<str>, Origin),
    Built(Rc<Built<'a>>),
}

/// Text of several origins.
pub(crate) struct Built<'a> {
    pub segments: Vec<Segment<'a>>,
    bytes: usize,
}

/// A part of a [`Built`] text.
#[derive(Clone)]
pub(crate) enum Segment<'a> {
    Author(&'a str),
    /// Any other value, written by the rules of where it lands.
    Value(Val<'a>),
}

impl Segment<'_> {
    /// At least 1, so that segments without text count too.
    pub fn weight(&self) -> usize {
        match self {
            Self::Author(text) => text.len().max(1),
            Self::Value(value) => value.weight().max(1),
        }
    }
}

impl<'a> Text<'a> {
    pub fn data(text: &'a str) -> Self {
        Self::Slice(text, Origin::Data)
    }

    pub fn author(text: &'a str) -> Self {
        Self::Slice(text, Origin::Author)
    }

    pub fn made(text: String) -> Self {
        Self::Shared(text.into(), Origin::Data)
    }

    pub fn of(text: Cow<'_, str>, origin: Origin) -> Self {
        Self::Shared(Rc::from(text), origin)
    }

    pub fn built(segments: Vec<Segment<'a>>) -> Self {
        let bytes = segments.iter().map(Segment::weight).sum();
        Self::Built(Rc::new(Built { segments, bytes }))
    }

    /// The text as Liquid prints it.
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Slice(text, _) => Cow::Borrowed(text),
            Self::Shared(text, _) => Cow::Borrowed(text),
            Self::Built(_) => {
                let mut out = String::with_capacity(self.len());
                self.write_plain(&mut out);
                Cow::Owned(out)
            }
        }
    }

    pub fn write_plain(&self, out: &mut String) {
        match self {
            Self::Slice(text, _) => out.push_str(text),
            Self::Shared(text, _) => out.push_str(text),
            Self::Built(built) => {
                for segment in &built.segments {
                    match segment {
                        Segment::Author(text) => out.push_str(text),
                        Segment::Value(value) => value.write_plain(out),
                    }
                }
            }
        }
    }

    /// Bytes of the text; of a built one, a bound.
    pub fn len(&self) -> usize {
        match self {
            Self::Slice(text, _) => text.len(),
            Self::Shared(text, _) => text.len(),
            Self::Built(built) => built.bytes,
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Built(_) => self.plain().is_empty(),
            _ => self.len() == 0,
        }
    }

    pub fn is_whitespace(&self) -> bool {
        self.plain().chars().all(char::is_whitespace)
    }

    pub fn is_author(&self) -> bool {
        matches!(self, Self::Slice(_, Origin::Author) | Self::Shared(_, Origin::Author))
    }

    pub fn is_piece(&self) -> bool {
        matches!(self, Self::Shared(_, Origin::Piece))
    }

    /// Adds its segments to those of another text.
    pub fn into_segments(self, segments: &mut Vec<Segment<'a>>) {
        match self {
            Self::Built(built) => segments.extend(built.segments.iter().cloned()),
            Self::Slice(text, Origin::Author) => segments.push(Segment::Author(text)),
            other => segments.push(Segment::Value(Val::Text(other))),
        }
    }

    /// Applies a function that never needs to see more than a segment: what it makes of the author's text is the
    /// author's, and what it makes of a value is data.
    pub fn map(&self, function: &mut dyn FnMut(&str) -> String) -> Text<'a> {
        match self {
            Self::Slice(text, origin) => Self::Shared(function(text).into(), kept(*origin)),
            Self::Shared(text, origin) => Self::Shared(function(text).into(), kept(*origin)),
            Self::Built(built) => Self::built(
                built
                    .segments
                    .iter()
                    .map(|segment| match segment {
                        Segment::Author(text) => author(function(text)),
                        Segment::Value(Val::Text(text)) => Segment::Value(Val::Text(text.map(function))),
                        other => other.clone(),
                    })
                    .collect(),
            ),
        }
    }
}

/// What is left of an origin once a filter has changed the text: JSON that was cut is no longer JSON.
fn kept(origin: Origin) -> Origin {
    match origin {
        Origin::Author => Origin::Author,
        Origin::Raw => Origin::Raw,
        Origin::Piece => Origin::Piece,
        Origin::Data | Origin::Json => Origin::Data,
    }
}

/// Text that a filter made of the author's.
pub(crate) fn author<'a>(text: String) -> Segment<'a> {
    Segment::Value(Val::Text(Text::Shared(text.into(), Origin::Author)))
}
