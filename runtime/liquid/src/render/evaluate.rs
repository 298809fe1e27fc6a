//! Expressions: names, paths and filters. Nothing that is missing is an error.

use super::super::error::Problem;
use super::super::expression::{Call, Command, Expr, Filtered, Path, Root, Step};
use super::super::filters::Given;
use super::super::lexer::Fault;
use super::super::text::Text;
use super::super::val::{LoopState, Val};
use super::super::value::Number;
use super::Run;
use crate::filters;

impl<'a> Run<'a> {
    /// Each expression is a step: whoever writes a tag chooses how many there are in it.
    pub(super) fn value(&mut self, expr: &'a Expr) -> Result<Val<'a>, Problem> {
        self.meter.step(1)?;
        Ok(match expr {
            Expr::Path(path) => return self.path(path),
            Expr::Text(text) => Val::Text(Text::author(text)),
            Expr::Number(Number::Whole(whole)) => Val::Whole(*whole),
            Expr::Number(Number::Exact(exact)) => Val::Exact(*exact),
            Expr::Number(Number::Written(text)) => Val::Written(text),
            Expr::Nil => Val::Nil,
            Expr::Bool(value) => Val::Bool(*value),
            Expr::Empty => Val::Empty,
            Expr::Blank => Val::Blank,
            Expr::Range(ends) => {
                let (first, last) = (self.value(&ends.0)?, self.value(&ends.1)?);
                self.meter.step(first.reading() + last.reading())?;
                Val::Range(bound(&first)?, bound(&last)?)
            }
        })
    }

    #[inline]
    fn name(&self, slot: usize) -> Val<'a> {
        let slot = &self.slots[slot];
        if let Some(value) = slot.scoped.as_ref().or(slot.assigned.as_ref()) {
            return value.clone();
        }
        match (slot.counter, slot.given) {
            (Some(counter), _) => Val::Whole(counter),
            (None, Some(value)) => value.into(),
            (None, None) => Val::Nil,
        }
    }

    fn path(&mut self, path: &'a Path) -> Result<Val<'a>, Problem> {
        let mut value = match &path.root {
            Root::Name(slot) => self.name(*slot),
            Root::Computed(name) => {
                let name = self.value(name)?;
                self.meter.step(name.reading())?;
                // A name that no expression mentions is given, if anything.
                match self.template.names.find(&name.plain()) {
                    Some(slot) => self.name(slot),
                    None if self.isolated => Val::Nil,
                    None => self.given.data.get(&name.plain()).map_or(Val::Nil, Val::from),
                }
            }
        };
        for step in &path.steps {
            if let Step::Key(name, command) = step {
                let counted = if *command == Command::None { 0 } else { value.reading() };
                self.meter.step(1 + name.len() as u64 / 64 + counted)?;
            }
            value = match (step, value) {
                (Step::Key(name, command), Val::Object(object)) => match object.get(name) {
                    Some(found) => found.into(),
                    None => ask(&Val::Object(object), *command),
                },
                (Step::Key(name, command), value) => key(&value, name, *command),
                (Step::Index(index), value) => {
                    let index = self.value(index)?;
                    self.meter.step(index.reading())?;
                    at(&value, &index)
                }
            };
        }
        Ok(value)
    }

    pub(super) fn filtered(&mut self, filtered: &'a Filtered) -> Result<Val<'a>, Fault> {
        let mut value = self.value(&filtered.expr).map_err(|problem| (filtered.place, problem))?;
        for call in &filtered.filters {
            value = self.call(value, call).map_err(|problem| (call.place, problem))?;
        }
        Ok(value)
    }

    fn call(&mut self, input: Val<'a>, call: &'a Call) -> Result<Val<'a>, Problem> {
        self.meter.step(1)?;
        let mut args = [Val::Nil, Val::Nil];
        let mut authored = true;
        for (arg, expr) in args.iter_mut().zip(&call.args) {
            *arg = self.value(expr)?;
            authored &= expr.is_literal() || matches!(arg, Val::Text(text) if text.is_author());
        }
        let named = match &call.named {
            Some(expr) => Some(self.value(expr)?),
            None => None,
        };
        let args = &args[..call.args.len().min(2)];
        self.meter.step(input.reading() + args.iter().chain(&named).map(Val::reading).sum::<u64>())?;
        let json = self.sink.is_json();
        let mut given = Given { input, args, named, authored, json, meter: &mut self.meter };
        (call.filter.run)(&mut given).map_err(|why| why.problem(call.filter.name))
    }

    /// A whole number of a tag's argument; none if there is nothing.
    pub(super) fn whole(&mut self, expr: &'a Expr, what: &str) -> Result<Option<usize>, Problem> {
        let value = self.value(expr)?;
        if value.is_nil() {
            return Ok(None);
        }
        self.meter.step(value.reading())?;
        let whole = value.whole().or_else(|| match value.number() {
            Some(number) => Val::from(number.floor()).whole(),
            None => None,
        });
        match whole {
            Some(whole) => Ok(Some(usize::try_from(whole).unwrap_or(0))),
            None => Err(Problem::value(format!("`{what}` takes a whole number, not {}", value.kind()))),
        }
    }
}

/// An end of a range: text is read, the places of a decimal are cut.
fn bound(value: &Val) -> Result<i64, Problem> {
    let amount = value.amount().map_err(Problem::Value)?;
    match Val::from(amount) {
        Val::Whole(whole) => Ok(whole),
        Val::Exact(exact) => {
            i64::try_from(exact.trunc()).map_err(|_| Problem::value("an end of a range is out of range"))
        }
        _ => Ok(0),
    }
}

fn key<'a>(value: &Val<'a>, name: &str, command: Command) -> Val<'a> {
    match value {
        Val::Pair(key, member) => match name {
            "Key" | "key" => Val::Text(Text::data(key)),
            "Value" | "value" => Val::from(*member),
            _ => ask(value, command),
        },
        Val::Loop(state) => field(state, name),
        Val::Object(object) => object.get(name).map_or_else(|| ask(value, command), Val::from),
        value => ask(value, command),
    }
}

fn ask<'a>(value: &Val<'a>, command: Command) -> Val<'a> {
    match command {
        Command::None => Val::Nil,
        _ if !(value.is_list() || matches!(value, Val::Object(_) | Val::Text(_))) => Val::Nil,
        Command::Size => Val::Whole(i64::try_from(filters::length(value)).unwrap_or(i64::MAX)),
        Command::First => filters::edge(value, false),
        Command::Last => filters::edge(value, true),
    }
}

fn at<'a>(value: &Val<'a>, index: &Val<'a>) -> Val<'a> {
    match index {
        Val::Text(name) => match value {
            Val::Object(object) => object.get(&name.plain()).map_or(Val::Nil, Val::from),
            other => key(other, &name.plain(), Command::None),
        },
        Val::Whole(index) if value.is_list() => {
            let index = if *index < 0 {
                value.count().checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
            } else {
                usize::try_from(*index).ok()
            };
            index.filter(|index| *index < value.count()).map_or(Val::Nil, |index| value.item(index))
        }
        _ => Val::Nil,
    }
}

/// A field of `forloop` or `tablerowloop`.
fn field<'a>(state: &LoopState<'a>, name: &str) -> Val<'a> {
    let whole = |value: usize| Val::Whole(i64::try_from(value).unwrap_or(i64::MAX));
    let index0 = state.index0.get();
    let columns = state.columns.map(|columns| columns.max(1));
    match (name, columns) {
        ("index", _) => whole(index0 + 1),
        ("index0", _) => whole(index0),
        ("rindex", _) => whole(state.length.saturating_sub(index0)),
        ("rindex0", _) => whole(state.length.saturating_sub(index0 + 1)),
        ("first", _) => Val::Bool(index0 == 0),
        ("last", _) => Val::Bool(index0 + 1 == state.length),
        ("length", _) => whole(state.length),
        ("name", None) => Val::Text(Text::author(state.name)),
        ("parentloop", None) => state.outer.clone().map_or(Val::Nil, Val::Loop),
        ("col", Some(columns)) => whole(index0 % columns + 1),
        ("col0", Some(columns)) => whole(index0 % columns),
        ("row", Some(columns)) => whole(index0 / columns + 1),
        ("col_first", Some(columns)) => Val::Bool(index0.is_multiple_of(columns)),
        ("col_last", Some(columns)) => Val::Bool(index0 % columns + 1 == columns),
        _ => Val::Nil,
    }
}
