//! Calls of what is outside of a template.

use std::time::Instant;

use bytes::Bytes;

use super::super::error::Problem;
use super::super::tree::CallTag;
use super::super::val::Val;
use super::super::{Mode, json};
use super::{Outcome, Run, Sink};
use crate::call::{Argument, Call, Shape};

impl<'a> Run<'a> {
    pub(super) fn call_tag(&mut self, tag: &'a CallTag, place: usize) -> Outcome<()> {
        let mut arguments = Vec::with_capacity(tag.args.len());
        for (parameter, expr, at) in &tag.args {
            let value = self.value(expr);
            let value = self.at(value, *at)?;
            let name = &*parameter.name;
            if value.is_nil() {
                let what = format!("`{name}` is nothing: give it a value, or leave the argument out");
                return Err(self.fault(Problem::Value(what), *at));
            }
            if parameter.shape != Shape::Json && matches!(value, Val::Object(_)) {
                let what = format!("`{name}` is an object, which no address can hold");
                return Err(self.fault(Problem::Value(what), *at));
            }
            let argument = match parameter.shape {
                Shape::Text => Argument::Text(value.plain().into_owned()),
                Shape::List => Argument::List(self.items(&value, *at)?),
                Shape::Json => Argument::Json(self.body(&value, *at)?),
            };
            arguments.push((name.to_owned(), argument));
        }
        let most = self.meter.call();
        let most_bytes = self.at(most, place)?;
        let answers = self.given.answers;
        let answer = match answers.get(self.called) {
            Some(answer) => answer,
            None => {
                let start = Instant::now();
                let answered = self.calls.call(&Call { callee: tag.callee.to_string(), arguments, most_bytes });
                self.meter.waited(start.elapsed());
                let answered = answered.map_err(|fault| Problem::Call { callee: tag.callee.to_string(), fault });
                let answer = self.at(answered, place)?;
                let made = self.meter.made(answer.bytes);
                self.at(made, place)?;
                answers.push_get(Box::new(answer.value))
            }
        };
        self.called += 1;
        self.slots[tag.slot].assigned = Some(Val::from(answer));
        Ok(())
    }

    /// The items of a list as texts, or the one that a value is.
    fn items(&mut self, value: &Val<'a>, at: usize) -> Outcome<Vec<String>> {
        if !value.is_list() {
            return Ok(vec![value.plain().into_owned()]);
        }
        let counted = self.meter.count(value.count() as u64);
        self.at(counted, at)?;
        let made = self.meter.made(value.weight());
        self.at(made, at)?;
        Ok((0..value.count()).map(|index| value.item(index).plain().into_owned()).collect())
    }

    /// A value as the JSON of a body, by the rules by which the template's own JSON is written.
    fn body(&mut self, value: &Val<'a>, at: usize) -> Outcome<Bytes> {
        let mut sink = Sink::new(Mode::Json, false);
        let written = sink.value(value, self.file, at, &mut self.meter);
        self.at(written, at)?;
        let (text, _) = sink.finish();
        let made = self.meter.made(text.len());
        self.at(made, at)?;
        let settled = json::settle(&text).map_err(|(_, why)| Problem::Json(format!("the body is not JSON: {why}")));
        self.at(settled, at).map(|text| Bytes::from(text.into_bytes()))
    }
}
