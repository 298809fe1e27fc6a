//! Where output goes: into the text, or into a capture.
//!
//! In JSON the sink follows the state over the author's text and writes every value by it. A capture keeps segments,
//! since where they land is not known before they are written out.

use std::sync::Arc;

use super::super::error::Problem;
use super::super::json;
use super::super::limits::Meter;
use super::super::structure::{Literal, Shape, State, shape};
use super::super::text::{Origin, Segment, Text};
use super::super::val::Val;
use super::super::{Error, Mode};
use super::File;

pub(super) struct Sink<'a> {
    json: bool,
    out: String,
    state: State,
    /// The segments of the capture that is open, in JSON.
    capture: Option<Vec<Segment<'a>>>,
    /// In a capture of plain text.
    nested: usize,
    trace: Option<Vec<Stretch>>,
}

/// Where a stretch of the output came from.
struct Stretch {
    start: usize,
    name: Arc<str>,
    source: Arc<str>,
    place: usize,
    /// Whether each byte of it is one of the source, too.
    copied: bool,
}

/// Where all of the output came from.
pub(in super::super) struct Trace(Vec<Stretch>);

impl Trace {
    /// Gives a problem at a byte of the output its place in the template.
    pub fn locate(&self, offset: usize, problem: Problem) -> Option<Error> {
        let index = self.0.partition_point(|stretch| stretch.start <= offset).checked_sub(1)?;
        let stretch = &self.0[index];
        let place = stretch.place + if stretch.copied { offset - stretch.start } else { 0 };
        Some(problem.at(&stretch.name, &stretch.source, place))
    }
}

/// What an open capture interrupted.
pub(super) enum Outer<'a> {
    Text(String),
    Segments(Option<Vec<Segment<'a>>>),
}

impl<'a> Sink<'a> {
    pub fn new(mode: Mode, trace: bool) -> Self {
        Self {
            json: mode == Mode::Json,
            out: String::with_capacity(1024),
            state: State::Outside,
            capture: None,
            nested: 0,
            trace: trace.then(Vec::new),
        }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    pub fn finish(self) -> (String, Option<Trace>) {
        (self.out, self.trace.map(Trace))
    }

    #[inline]
    fn mark(&mut self, file: File<'a>, place: usize, copied: bool) {
        if let Some(trace) = &mut self.trace
            && self.capture.is_none()
        {
            let (name, source) = (file.name.clone(), file.source.clone());
            trace.push(Stretch { start: self.out.len(), name, source, place, copied });
        }
    }

    /// Writes the template's own text.
    #[inline]
    pub fn author(
        &mut self,
        literal: &'a Literal,
        file: File<'a>,
        place: usize,
        meter: &mut Meter,
    ) -> Result<(), Problem> {
        if self.capture.is_some() || self.nested > 0 {
            return self.fixed(&literal.text, file, place, meter);
        }
        self.mark(file, place, true);
        self.out.push_str(&literal.text);
        self.state = literal.leads(self.state);
        meter.output(self.out.len())
    }

    /// Writes text that is structure.
    pub fn fixed(&mut self, text: &'a str, file: File<'a>, place: usize, meter: &mut Meter) -> Result<(), Problem> {
        if let Some(capture) = &mut self.capture {
            meter.made(size_of::<Segment>())?;
            capture.push(Segment::Author(text));
            return Ok(());
        }
        if self.nested > 0 {
            meter.made(text.len())?;
        }
        self.mark(file, place, true);
        self.out.push_str(text);
        if self.json {
            self.state = self.state.after(text);
        }
        meter.output(self.out.len())
    }

    /// Writes a value.
    pub fn value(&mut self, value: &Val<'a>, file: File<'a>, place: usize, meter: &mut Meter) -> Result<(), Problem> {
        if let Some(capture) = &mut self.capture {
            meter.made(size_of::<Segment>())?;
            match value {
                Val::Text(text @ Text::Built(built)) => {
                    meter.made(built.segments.len() * size_of::<Segment>())?;
                    text.clone().into_segments(capture);
                }
                other => capture.push(Segment::Value(other.clone())),
            }
            return Ok(());
        }
        if !matches!(value, Val::Whole(_) | Val::Bool(_) | Val::Nil) {
            let weight = value.weight();
            meter.output(self.out.len().saturating_add(weight))?;
            meter.step(weight as u64 / 64)?;
            if self.nested > 0 {
                meter.made(weight)?;
            }
        }
        self.mark(file, place, false);
        if self.json {
            self.json_value(value, meter)?
        } else {
            value.write_plain(&mut self.out)
        }
        meter.output(self.out.len())
    }

    fn json_value(&mut self, value: &Val<'a>, meter: &mut Meter) -> Result<(), Problem> {
        if self.state == State::Outside { self.outside(value, meter) } else { self.inside(value, meter) }
    }

    fn outside(&mut self, value: &Val<'a>, meter: &mut Meter) -> Result<(), Problem> {
        match value {
            Val::Text(text @ Text::Slice(plain, origin)) => self.outside_text(plain, *origin, text),
            Val::Text(text @ Text::Shared(plain, origin)) => self.outside_text(plain, *origin, text),
            Val::Text(text @ Text::Built(built)) => match shape(&built.segments) {
                Shape::Structure => self.segments(&built.segments, meter)?,
                Shape::Single => {
                    for segment in &built.segments {
                        if let Segment::Value(value) = segment
                            && !matches!(value, Val::Text(text) if text.is_author())
                        {
                            self.outside(value, meter)?;
                        }
                    }
                }
                Shape::Words => json::quote(&mut self.out, &text.plain()),
            },
            Val::Range(..) => {
                meter.count(value.count() as u64)?;
                meter.made(value.count().saturating_mul(20))?;
                value.write_json(&mut self.out);
            }
            other => other.write_json(&mut self.out),
        }
        Ok(())
    }

    fn outside_text(&mut self, plain: &str, origin: Origin, text: &Text<'a>) {
        match origin {
            Origin::Data | Origin::Piece => json::quote(&mut self.out, plain),
            Origin::Json | Origin::Raw => self.out.push_str(plain),
            Origin::Author if shape(&[Segment::Value(Val::Text(text.clone()))]) == Shape::Words => {
                json::quote(&mut self.out, plain);
            }
            Origin::Author => {
                self.out.push_str(plain);
                self.state = self.state.after(plain);
            }
        }
    }

    fn segments(&mut self, segments: &[Segment<'a>], meter: &mut Meter) -> Result<(), Problem> {
        for segment in segments {
            match segment {
                Segment::Author(text) => self.structure(text),
                Segment::Value(Val::Text(text)) if text.is_author() => self.structure(&text.plain()),
                Segment::Value(value) => self.json_value(value, meter)?,
            }
            meter.output(self.out.len())?;
        }
        Ok(())
    }

    fn structure(&mut self, text: &str) {
        self.out.push_str(text);
        self.state = self.state.after(text);
    }

    fn inside(&mut self, value: &Val<'a>, meter: &mut Meter) -> Result<(), Problem> {
        let origin = match value {
            Val::Text(Text::Built(built)) => return self.segments(&built.segments, meter),
            Val::Text(Text::Slice(_, origin) | Text::Shared(_, origin)) => *origin,
            _ => Origin::Data,
        };
        if origin == Origin::Author {
            self.structure(&value.plain());
            return Ok(());
        }
        if self.state == State::Escape {
            // The author's lone backslash must not take with it the value's first character, nor the closing quote.
            self.out.push('\\');
            self.state = State::Inside;
        }
        match value {
            Val::Text(Text::Slice(plain, origin)) => self.inside_text(plain, *origin),
            Val::Text(Text::Shared(plain, origin)) => self.inside_text(plain, *origin),
            Val::List(_) | Val::Made(_) | Val::Object(_) | Val::Pair(..) => {
                let mut text = String::new();
                value.write_json(&mut text);
                meter.made(text.len())?;
                json::escape(&mut self.out, &text);
            }
            other => other.write_plain(&mut self.out),
        }
        Ok(())
    }

    fn inside_text(&mut self, plain: &str, origin: Origin) {
        if origin == Origin::Raw { self.out.push_str(plain) } else { json::escape(&mut self.out, plain) }
    }

    /// Begins a capture.
    pub fn open(&mut self) -> Outer<'a> {
        if self.json {
            return Outer::Segments(self.capture.replace(Vec::new()));
        }
        self.nested += 1;
        Outer::Text(std::mem::take(&mut self.out))
    }

    /// Ends a capture and yields what was captured.
    pub fn close(&mut self, outer: Outer<'a>, meter: &mut Meter) -> Result<Val<'a>, Problem> {
        match outer {
            Outer::Segments(outer) => {
                let segments = std::mem::replace(&mut self.capture, outer).unwrap_or_default();
                let text = Text::built(segments);
                meter.text(text.len())?;
                Ok(Val::Text(text))
            }
            Outer::Text(outer) => {
                self.nested -= 1;
                let text = std::mem::replace(&mut self.out, outer);
                meter.text(text.len())?;
                Ok(Val::data(text))
            }
        }
    }

    /// Writes what was captured as if it had not been.
    pub fn replay(
        &mut self,
        captured: &Val<'a>,
        file: File<'a>,
        place: usize,
        meter: &mut Meter,
    ) -> Result<(), Problem> {
        match captured {
            Val::Text(Text::Built(built)) if self.capture.is_none() => {
                self.mark(file, place, false);
                self.segments(&built.segments, meter)
            }
            other => self.value(other, file, place, meter),
        }
    }
}
