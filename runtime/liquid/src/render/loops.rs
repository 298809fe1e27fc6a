//! Loops. Their items are looked up one by one, so that a long range takes no memory.

use std::cell::Cell;
use std::rc::Rc;

use super::super::tree::{Cycle, For, Offset, TableRow};
use super::super::val::{LoopState, Val};
use super::super::{FORLOOP, TABLEROWLOOP};
use super::{Flow, Outcome, Run};

impl<'a> Run<'a> {
    pub(super) fn for_loop(&mut self, tag: &'a For, place: usize) -> Outcome<Flow> {
        let collection = self.value(&tag.collection);
        let collection = self.at(collection, place)?;
        let offset = match &tag.offset {
            Offset::None => 0,
            Offset::Continue => self.ended[tag.id],
            Offset::Of(expr) => {
                let offset = self.whole(expr, "offset");
                self.at(offset, place)?.unwrap_or(0)
            }
        };
        let limit = match &tag.limit {
            Some(expr) => {
                let limit = self.whole(expr, "limit");
                self.at(limit, place)?
            }
            None => None,
        };
        let count = collection.count();
        // A text is one item, which offset and limit do not cut.
        let (offset, length) = match collection {
            Val::Text(_) => (0, count),
            _ => (offset, count.saturating_sub(offset).min(limit.unwrap_or(usize::MAX))),
        };
        self.ended[tag.id] = offset + length;
        if length == 0 {
            return self.inside(&tag.otherwise, place);
        }
        let counted = self.meter.count(length as u64);
        self.at(counted, place)?;
        let item = |turn: usize| {
            let index = if tag.reversed { length - 1 - turn } else { turn };
            collection.item(offset + index)
        };
        self.turns(tag.slot, &tag.name, length, item, |run| run.inside(&tag.body, place), place)
    }

    /// Runs a body for each item, with `forloop` about it.
    pub(super) fn turns(
        &mut self,
        slot: usize,
        name: &'a str,
        length: usize,
        item: impl Fn(usize) -> Val<'a>,
        mut body: impl FnMut(&mut Self) -> Outcome<Flow>,
        place: usize,
    ) -> Outcome<Flow> {
        let outer = self.inner.take();
        let state = Rc::new(LoopState { name, length, index0: Cell::new(0), outer: outer.clone(), columns: None });
        self.inner = Some(state.clone());
        let shadowed = self.slots[slot].scoped.take();
        let outer_forloop = self.slots[FORLOOP].scoped.replace(Val::Loop(state.clone()));
        for turn in 0..length {
            let counted = self.meter.turn();
            self.at(counted, place)?;
            state.index0.set(turn);
            self.slots[slot].scoped = Some(item(turn));
            if body(self)? == Flow::Break {
                break;
            }
        }
        self.slots[slot].scoped = shadowed;
        self.slots[FORLOOP].scoped = outer_forloop;
        self.inner = outer;
        Ok(Flow::On)
    }

    pub(super) fn table_row(&mut self, tag: &'a TableRow, place: usize) -> Outcome<Flow> {
        let collection = self.value(&tag.collection);
        let collection = self.at(collection, place)?;
        if collection.is_nil() {
            return Ok(Flow::On);
        }
        let mut asked = [None; 3];
        for (found, (expr, name)) in
            asked.iter_mut().zip([(&tag.offset, "offset"), (&tag.limit, "limit"), (&tag.columns, "cols")])
        {
            if let Some(expr) = expr {
                let whole = self.whole(expr, name);
                *found = self.at(whole, place)?;
            }
        }
        let [offset, limit, columns] = asked;
        let offset = offset.unwrap_or(0);
        let length = collection.count().saturating_sub(offset).min(limit.unwrap_or(usize::MAX));
        let counted = self.meter.count(length as u64);
        self.at(counted, place)?;
        let columns = columns.unwrap_or(length).max(1);
        let outer = self.inner.take();
        let state = Rc::new(LoopState {
            name: &tag.name,
            length,
            index0: Cell::new(0),
            outer: outer.clone(),
            columns: Some(columns),
        });
        self.inner = Some(state.clone());
        let shadowed = self.slots[tag.slot].scoped.take();
        let outer_loop = self.slots[TABLEROWLOOP].scoped.replace(Val::Loop(state.clone()));
        self.markup("<tr class=\"row1\">\n", place)?;
        for turn in 0..length {
            let counted = self.meter.turn();
            self.at(counted, place)?;
            state.index0.set(turn);
            self.slots[tag.slot].scoped = Some(collection.item(offset + turn));
            self.markup("<td class=\"col", place)?;
            self.markup_number(turn % columns + 1, place)?;
            self.markup("\">", place)?;
            let flow = self.inside(&tag.body, place)?;
            self.markup("</td>", place)?;
            if flow == Flow::Break {
                break;
            }
            if (turn + 1) % columns == 0 && turn + 1 < length {
                self.markup("</tr>\n<tr class=\"row", place)?;
                self.markup_number(turn / columns + 2, place)?;
                self.markup("\">", place)?;
            }
        }
        self.markup("</tr>\n", place)?;
        self.slots[tag.slot].scoped = shadowed;
        self.slots[TABLEROWLOOP].scoped = outer_loop;
        self.inner = outer;
        Ok(Flow::On)
    }

    fn markup(&mut self, text: &'static str, place: usize) -> Outcome<()> {
        let written = self.sink.fixed(text, self.file, place, &mut self.meter);
        self.at(written, place)
    }

    fn markup_number(&mut self, number: usize, place: usize) -> Outcome<()> {
        self.write(&Val::Whole(i64::try_from(number).unwrap_or(i64::MAX)), place)
    }

    pub(super) fn cycle(&mut self, tag: &'a Cycle, place: usize) -> Outcome<()> {
        let key = match &tag.name {
            Some(name) => {
                let name = self.value(name);
                format!("{}", self.at(name, place)?.plain())
            }
            None => format!("\0{}", tag.key),
        };
        let made = self.meter.text(key.len());
        self.at(made, place)?;
        let index = *self.cycles.get(&key).unwrap_or(&0);
        let next = if index + 1 >= tag.values.len() { 0 } else { index + 1 };
        self.cycles.insert(key, next);
        let Some(value) = tag.values.get(index) else { return Ok(()) };
        let value = self.value(value);
        let value = self.at(value, place)?;
        self.write(&value, place)
    }
}
