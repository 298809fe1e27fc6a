//! Running a template: one pass over its tree, into one string.

mod call;
mod evaluate;
mod loops;
mod output;
mod partials;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::compare;
use super::error::{Error, Problem};
use super::expression::{Comparison, Condition, Join};
use super::lexer::Fault;
use super::limits::{Limits, Meter};
use super::tree::{Block, Kind, Node, Test, When};
use super::val::{LoopState, Val};
use super::value::Value;
use super::{Mode, Template};
use crate::call::Calls;
use output::Sink;
pub(super) use output::Trace;

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// What a name stands for, the innermost first.
#[derive(Clone, Default)]
struct Slot<'a> {
    /// By a loop or an argument of a partial.
    scoped: Option<Val<'a>>,
    /// By `assign` or `capture`.
    assigned: Option<Val<'a>>,
    /// By `increment` or `decrement`.
    counter: Option<i64>,
    /// By what the template is given.
    given: Option<&'a Value>,
}

/// The source that runs, for the place of an error.
#[derive(Clone, Copy)]
struct File<'a> {
    name: &'a Arc<str>,
    source: &'a Arc<str>,
}

/// One rendering.
struct Run<'a> {
    template: &'a Template,
    given: Given<'a>,
    calls: &'a dyn Calls,
    /// How many calls were made.
    called: usize,
    meter: Meter,
    sink: Sink<'a>,
    slots: Vec<Slot<'a>>,
    /// The nearest loop.
    inner: Option<Rc<LoopState<'a>>>,
    /// Where `for` loops of each name ended.
    ended: Vec<usize>,
    cycles: HashMap<String, usize>,
    /// What `ifchanged` wrote last.
    changed: Option<String>,
    /// Inside `render`, where `include` is not allowed.
    isolated: bool,
    file: File<'a>,
}

/// What a rendering reads.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub data: &'a Value,
    /// What calls were answered with, in their order; kept for as long as the rendering runs.
    pub answers: &'a Answers,
}

/// Answers that stay where they are while more are added.
pub(super) type Answers = elsa::FrozenVec<Box<Value>>;

type Outcome<T> = Result<T, Box<Error>>;

/// Renders a template; with a trace, tells what each stretch of the output came from.
pub(super) fn render<'a>(
    template: &'a Template,
    given: Given<'a>,
    mode: Mode,
    limits: &Limits,
    calls: &'a dyn Calls,
    trace: bool,
) -> Result<(String, Option<Trace>), Error> {
    let mut slots = vec![Slot::default(); template.names.len()];
    if let Value::Object(object) = given.data {
        for (slot, found) in slots.iter_mut().enumerate() {
            found.given = object.get(template.names.name(slot));
        }
    }
    let mut run = Run {
        template,
        given,
        calls,
        called: 0,
        meter: Meter::new(limits),
        sink: Sink::new(mode, trace),
        slots,
        inner: None,
        ended: vec![0; template.loops],
        cycles: HashMap::new(),
        changed: None,
        isolated: false,
        file: File { name: &template.name, source: &template.source },
    };
    run.block(&template.body).map_err(|error| *error)?;
    Ok(run.sink.finish())
}

impl<'a> Run<'a> {
    fn fault(&self, problem: Problem, place: usize) -> Box<Error> {
        Box::new(problem.at(self.file.name, self.file.source, place))
    }

    fn at<T>(&self, result: Result<T, Problem>, place: usize) -> Outcome<T> {
        result.map_err(|problem| self.fault(problem, place))
    }

    fn placed<T>(&self, result: Result<T, Fault>) -> Outcome<T> {
        result.map_err(|(place, problem)| self.fault(problem, place))
    }

    fn block(&mut self, block: &'a Block) -> Outcome<Flow> {
        for node in &block.nodes {
            let flow = self.node(node)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    /// Runs a block that is inside another.
    fn inside(&mut self, block: &'a Block, place: usize) -> Outcome<Flow> {
        let entered = self.meter.enter();
        self.at(entered, place)?;
        let flow = self.block(block)?;
        self.meter.leave();
        Ok(flow)
    }

    fn node(&mut self, node: &'a Node) -> Outcome<Flow> {
        let place = node.place;
        if let Kind::Author(literal) = &node.kind {
            let written = self.sink.author(literal, self.file, place, &mut self.meter);
            self.at(written, place)?;
            return Ok(Flow::On);
        }
        let step = self.meter.step(1);
        self.at(step, place)?;
        match &node.kind {
            Kind::Author(_) => {}
            Kind::Output(value) => {
                let value = self.filtered(value);
                let value = self.placed(value)?;
                self.write(&value, place)?;
            }
            Kind::Assign { slot, value } => {
                let value = self.filtered(value);
                let value = self.placed(value)?;
                self.slots[*slot].assigned = Some(value);
            }
            Kind::Capture { slot, body } => {
                let (text, flow) = self.captured(body, place)?;
                self.slots[*slot].assigned = Some(text);
                return Ok(flow);
            }
            Kind::If(branches) => {
                for (test, body) in branches {
                    if self.test(test, place)? {
                        return self.inside(body, place);
                    }
                }
            }
            Kind::Case { subject, branches } => return self.case(subject, branches, place),
            Kind::For(tag) => return self.for_loop(tag, place),
            Kind::TableRow(tag) => return self.table_row(tag, place),
            Kind::Cycle(tag) => self.cycle(tag, place)?,
            Kind::Count { slot, up } => self.count(*slot, *up, place)?,
            Kind::IfChanged(body) => return self.if_changed(body, place),
            Kind::Include(tag) => return self.include(tag, place),
            Kind::Render(tag) => self.render_partial(tag, place)?,
            Kind::Call(tag) => self.call_tag(tag, place)?,
            Kind::Delimiter => {
                let goes_on = self.inner.as_ref().is_some_and(|state| state.index0.get() + 1 < state.length);
                if goes_on {
                    let written = self.sink.fixed(",", self.file, place, &mut self.meter);
                    self.at(written, place)?;
                }
            }
            Kind::Break => return Ok(Flow::Break),
            Kind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn write(&mut self, value: &Val<'a>, place: usize) -> Outcome<()> {
        let written = self.sink.value(value, self.file, place, &mut self.meter);
        self.at(written, place)
    }

    fn captured(&mut self, body: &'a Block, place: usize) -> Outcome<(Val<'a>, Flow)> {
        let outer = self.sink.open();
        let flow = self.inside(body, place)?;
        let text = self.sink.close(outer, &mut self.meter);
        Ok((self.at(text, place)?, flow))
    }

    fn test(&mut self, test: &'a Test, place: usize) -> Outcome<bool> {
        match test {
            Test::Else => Ok(true),
            Test::If(condition) => self.condition(condition, place),
            Test::Unless(condition) => self.condition(condition, place).map(|holds| !holds),
        }
    }

    /// Read from the right: `a and b or c` is `a and (b or c)`.
    fn condition(&mut self, condition: &'a Condition, place: usize) -> Outcome<bool> {
        let mut holds = self.comparison(&condition.first, place)?;
        for (join, next) in &condition.rest {
            if (*join == Join::Or) == holds {
                return Ok(holds);
            }
            holds = self.comparison(next, place)?;
        }
        Ok(holds)
    }

    fn comparison(&mut self, comparison: &'a Comparison, place: usize) -> Outcome<bool> {
        let left = self.value(&comparison.left);
        let left = self.at(left, place)?;
        let Some((operator, right)) = &comparison.right else { return Ok(left.is_true()) };
        let right = self.value(right);
        let right = self.at(right, comparison.place)?;
        let step = self.meter.step(1);
        self.at(step, place)?;
        let holds = compare::holds(*operator, &left, &right, &mut self.meter);
        self.at(holds, comparison.place)
    }

    /// Every branch that fits runs, and `else` if none before it did.
    fn case(&mut self, subject: &'a super::expression::Expr, branches: &'a [When], place: usize) -> Outcome<Flow> {
        let subject = self.value(subject);
        let subject = self.at(subject, place)?;
        let mut matched = false;
        for (values, body) in branches {
            let step = self.meter.step(1);
            self.at(step, place)?;
            let Some(values) = values else {
                if !matched {
                    let flow = self.inside(body, place)?;
                    if flow != Flow::On {
                        return Ok(flow);
                    }
                }
                continue;
            };
            for value in values {
                let value = self.value(value);
                let value = self.at(value, place)?;
                let equal = compare::equal(&subject, &value, &mut self.meter);
                if self.at(equal, place)? {
                    matched = true;
                    let flow = self.inside(body, place)?;
                    if flow != Flow::On {
                        return Ok(flow);
                    }
                }
            }
        }
        Ok(Flow::On)
    }

    fn count(&mut self, slot: usize, up: bool, place: usize) -> Outcome<()> {
        let found = &self.slots[slot];
        let given = match found.given {
            Some(Value::Number(super::value::Number::Whole(whole))) => *whole,
            _ => 0,
        };
        let before = found.counter.unwrap_or(given);
        let after = if up { before.saturating_add(1) } else { before.saturating_sub(1) };
        self.slots[slot].counter = Some(after);
        self.write(&Val::Whole(if up { before } else { after }), place)
    }

    fn if_changed(&mut self, body: &'a Block, place: usize) -> Outcome<Flow> {
        let (text, flow) = self.captured(body, place)?;
        let plain = text.plain().into_owned();
        let made = self.meter.text(plain.len());
        self.at(made, place)?;
        if self.changed.as_deref() != Some(&plain) {
            self.changed = Some(plain);
            let written = self.sink.replay(&text, self.file, place, &mut self.meter);
            self.at(written, place)?;
        }
        Ok(flow)
    }
}
