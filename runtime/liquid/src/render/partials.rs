//! `include`, which shares the names of its caller, and `render`, which has its own.

use super::super::error::{Problem, quoted};
use super::super::tree::Partial;
use super::super::val::Val;
use super::super::{FORLOOP, PartialSource};
use super::{File, Flow, Outcome, Run, Slot};

impl<'a> Run<'a> {
    fn partial(&mut self, tag: &'a Partial, place: usize) -> Outcome<&'a PartialSource> {
        let name = self.value(&tag.template);
        let name = self.at(name, place)?;
        let step = self.meter.step(name.reading());
        self.at(step, place)?;
        self.template.partials.get(&*name.plain()).ok_or_else(|| {
            let what = format!("there is no partial {}", quoted(&name.plain()));
            self.fault(Problem::Value(what), place)
        })
    }

    fn run_partial(&mut self, partial: &'a PartialSource, place: usize) -> Outcome<Flow> {
        let entered = self.meter.enter();
        self.at(entered, place)?;
        let caller = std::mem::replace(&mut self.file, File { name: &partial.name, source: &partial.source });
        let flow = self.block(&partial.body)?;
        self.file = caller;
        self.meter.leave();
        Ok(flow)
    }

    fn args(&mut self, tag: &'a Partial, place: usize) -> Outcome<Vec<(usize, Val<'a>)>> {
        let mut args = Vec::with_capacity(tag.args.len());
        for (slot, expr) in &tag.args {
            let value = self.value(expr);
            args.push((*slot, self.at(value, place)?));
        }
        Ok(args)
    }

    /// The value that the partial is run with, or each item of.
    fn with(&mut self, tag: &'a Partial, place: usize) -> Outcome<Option<Val<'a>>> {
        let Some(expr) = &tag.with else { return Ok(None) };
        let value = self.value(expr);
        self.at(value, place).map(Some)
    }

    pub(super) fn include(&mut self, tag: &'a Partial, place: usize) -> Outcome<Flow> {
        if self.isolated {
            let what = "`include` cannot be in a partial that `render` runs; use `render`";
            return Err(self.fault(Problem::value(what), place));
        }
        let partial = self.partial(tag, place)?;
        let slot = tag.alias.unwrap_or(partial.slot);
        let with = self.with(tag, place)?;
        let args = self.args(tag, place)?;
        let mut shadowed = Vec::with_capacity(args.len() + 1);
        for (slot, value) in args {
            shadowed.push((slot, self.slots[slot].scoped.replace(value)));
        }
        let flow = match with {
            Some(list) if list.is_list() => {
                let counted = self.meter.count(list.count() as u64);
                self.at(counted, place)?;
                shadowed.push((slot, self.slots[slot].scoped.take()));
                let mut flow = Flow::On;
                for index in 0..list.count() {
                    let counted = self.meter.turn();
                    self.at(counted, place)?;
                    self.slots[slot].scoped = Some(list.item(index));
                    flow = self.run_partial(partial, place)?;
                    if flow != Flow::On {
                        break;
                    }
                }
                flow
            }
            with => {
                if let Some(value) = with {
                    shadowed.push((slot, self.slots[slot].scoped.replace(value)));
                }
                self.run_partial(partial, place)?
            }
        };
        for (slot, before) in shadowed.into_iter().rev() {
            self.slots[slot].scoped = before;
        }
        Ok(flow)
    }

    pub(super) fn render_partial(&mut self, tag: &'a Partial, place: usize) -> Outcome<()> {
        let partial = self.partial(tag, place)?;
        let slot = tag.alias.unwrap_or(partial.slot);
        let with = self.with(tag, place)?;
        let args = self.args(tag, place)?;
        let step = self.meter.step(self.slots.len() as u64 / 4);
        self.at(step, place)?;
        match with {
            Some(list) if tag.each && list.is_list() => {
                let length = list.count();
                let counted = self.meter.count(length as u64);
                self.at(counted, place)?;
                let outer = self.own_names(&args);
                let inner = self.inner.take();
                let item = |turn| list.item(turn);
                let name = &*partial.name;
                self.turns(slot, name, length, item, |run| run.turn(partial, &args, place), place)?;
                self.inner = inner;
                self.callers_names(outer);
            }
            with => {
                let outer = self.own_names(&args);
                let inner = self.inner.take();
                if let Some(value) = with {
                    self.slots[slot].assigned = Some(value);
                }
                self.run_partial(partial, place)?;
                self.inner = inner;
                self.callers_names(outer);
            }
        }
        Ok(())
    }

    /// One turn of `render … for`, which sees nothing of the turn before it.
    fn turn(&mut self, partial: &'a PartialSource, args: &[(usize, Val<'a>)], place: usize) -> Outcome<Flow> {
        for slot in &mut self.slots {
            slot.assigned = None;
            slot.counter = None;
        }
        for (slot, value) in args {
            self.slots[*slot].assigned = Some(value.clone());
        }
        let step = self.meter.step(self.slots.len() as u64 / 16 + args.len() as u64);
        self.at(step, place)?;
        self.run_partial(partial, place).map(|_| Flow::On)
    }

    /// Hides the caller's names, but for those that are global.
    fn own_names(&mut self, args: &[(usize, Val<'a>)]) -> (Vec<Slot<'a>>, bool) {
        let mut own = vec![Slot::default(); self.slots.len()];
        for slot in &self.template.globals {
            own[*slot].given = self.slots[*slot].given;
        }
        for (slot, value) in args {
            own[*slot].assigned = Some(value.clone());
        }
        debug_assert!(own[FORLOOP].scoped.is_none());
        (std::mem::replace(&mut self.slots, own), std::mem::replace(&mut self.isolated, true))
    }

    fn callers_names(&mut self, (slots, isolated): (Vec<Slot<'a>>, bool)) {
        self.slots = slots;
        self.isolated = isolated;
    }
}
