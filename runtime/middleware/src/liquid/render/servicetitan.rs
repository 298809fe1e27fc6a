//! Calls to ServiceTitan.

use std::time::Instant;

use bytes::Bytes;
use tradewire_client::Arguments;

use super::super::error::Problem;
use super::super::tree::ServiceTitan;
use super::super::val::Val;
use super::super::{Mode, json};
use super::{Outcome, Run, Sink};
use crate::servicetitan::{Asked, Place};

impl<'a> Run<'a> {
    pub(super) fn servicetitan(&mut self, tag: &'a ServiceTitan, place: usize) -> Outcome<()> {
        let mut arguments = Arguments::default();
        for (to, expr, at) in &tag.args {
            let value = self.value(expr);
            let value = self.at(value, *at)?;
            if value.is_nil() {
                let what = format!("`{}` is nothing: give it a value, or leave the argument out", to.name());
                return Err(self.fault(Problem::Value(what), *at));
            }
            if *to != Place::Body && matches!(value, Val::Object(_)) {
                let what = format!("`{}` is an object, which no address can hold", to.name());
                return Err(self.fault(Problem::Value(what), *at));
            }
            match to {
                Place::Path(name) => arguments.path.push(((*name).to_owned(), value.plain().into_owned())),
                Place::Query(name) => {
                    let items = self.items(&value, *at)?;
                    arguments.query.push(((*name).to_owned(), items.join(",")));
                }
                Place::Repeated(name) => {
                    let items = self.items(&value, *at)?;
                    arguments.query.extend(items.into_iter().map(|item| ((*name).to_owned(), item)));
                }
                Place::Body => arguments.body = Some(self.body(&value, *at)?),
            }
        }
        let most = self.meter.call();
        let most_bytes = self.at(most, place)?;
        let answers = self.given.answers;
        let answer = match answers.get(self.called) {
            Some(answer) => answer,
            None => {
                let operation = tag.target.operation;
                let start = Instant::now();
                let asked = Asked { operation, pages: tag.target.pages, arguments, most_bytes };
                let answered = self.calls.call(&asked);
                self.meter.waited(start.elapsed());
                let answered = answered
                    .map_err(|error| Problem::ServiceTitan { operation: operation.id(), error: Box::new(error) });
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
