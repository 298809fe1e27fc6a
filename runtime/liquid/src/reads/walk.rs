//! One walk over a template's tree, with what each name stands for at each place.

use std::collections::HashMap;

use super::super::expression::Expr;
use super::super::tree::{Block, Kind, Node, Offset, Partial, Test};
use super::super::{PartialSource, Template};
use super::paths::{Stands, against};
use super::{File, Segment, Use};

/// Nodes that one walk looks at: partials that run partials could otherwise go on without end.
const MOST_NODES: usize = 500_000;
/// Partials inside each other.
const MOST_PARTIALS: usize = 16;

/// Something read, and where.
pub(super) struct Found<'t> {
    pub path: Vec<Segment>,
    pub used: Use,
    pub file: File<'t>,
    pub place: usize,
}

pub(super) struct Walk<'t> {
    pub template: &'t Template,
    pub file: File<'t>,
    pub found: Vec<Found<'t>>,
    /// What each name stands for here; none for those that nothing has set.
    pub names: Vec<Option<Stands>>,
    /// Names that the template sets somewhere.
    pub own: Vec<bool>,
    /// Inside `render`, which sees nothing of its caller's names.
    pub isolated: bool,
    /// What the names stood for that the branch that is walked has set.
    changed: HashMap<usize, Option<Stands>>,
    nodes: usize,
    partials: usize,
}

impl<'t> Walk<'t> {
    pub fn through(template: &'t Template) -> Vec<Found<'t>> {
        let mut own = vec![false; template.names.len()];
        sets(&template.body, &mut own);
        template.partials.values().for_each(|partial| sets(&partial.body, &mut own));
        let mut walk = Walk {
            template,
            file: File { name: &template.name, source: &template.source },
            found: Vec::new(),
            names: vec![None; template.names.len()],
            own,
            isolated: false,
            changed: HashMap::new(),
            nodes: 0,
            partials: 0,
        };
        walk.block(&template.body);
        walk.found
    }

    fn block(&mut self, block: &'t Block) {
        for node in &block.nodes {
            self.nodes += 1;
            if self.nodes > MOST_NODES {
                return;
            }
            self.node(node);
        }
    }

    fn node(&mut self, node: &'t Node) {
        match &node.kind {
            Kind::Author(_) | Kind::Delimiter | Kind::Break | Kind::Continue => {}
            Kind::Output(value) => drop(self.filtered(value)),
            Kind::Assign { slot, value } => {
                let stands = self.filtered(value);
                self.set(*slot, Some(stands));
            }
            Kind::Capture { slot, body } => {
                self.block(body);
                self.set(*slot, Some(Stands::default()));
            }
            Kind::If(branches) => {
                let mut ways: Vec<(bool, &Block)> = Vec::new();
                for (test, body) in branches {
                    match test {
                        Test::If(condition) | Test::Unless(condition) => self.condition(condition),
                        Test::Else => {}
                    }
                    ways.push((matches!(test, Test::Else), body));
                }
                let complete = ways.iter().any(|(is_else, _)| *is_else);
                self.branches(complete, ways.into_iter().map(|(_, body)| body));
            }
            Kind::Case { subject, branches } => {
                self.read(subject, &Use::Value);
                for value in branches.iter().filter_map(|(values, _)| values.as_deref()).flatten() {
                    self.read(subject, &against(value));
                    self.read(value, &against(subject));
                }
                let complete = branches.iter().any(|(values, _)| values.is_none());
                self.branches(complete, branches.iter().map(|(_, body)| body));
            }
            Kind::For(tag) => {
                let items = self.read(&tag.collection, &Use::List).then(&Segment::Item);
                let offset = if let Offset::Of(offset) = &tag.offset { Some(offset) } else { None };
                self.numbers([tag.limit.as_ref(), offset]);
                self.scoped(vec![(tag.slot, items)], |walk| {
                    walk.branches(false, [&tag.body, &tag.otherwise].into_iter());
                });
            }
            Kind::TableRow(tag) => {
                let items = self.read(&tag.collection, &Use::List).then(&Segment::Item);
                self.numbers([tag.columns.as_ref(), tag.limit.as_ref(), tag.offset.as_ref()]);
                self.scoped(vec![(tag.slot, items)], |walk| walk.branches(false, [&tag.body].into_iter()));
            }
            Kind::Cycle(tag) => {
                for value in tag.name.iter().chain(&tag.values) {
                    self.read(value, &Use::Value);
                }
            }
            Kind::Count { slot, .. } => self.set(*slot, Some(Stands::default())),
            Kind::IfChanged(body) => self.block(body),
            Kind::Include(tag) => self.partial(tag, false),
            Kind::Render(tag) => self.partial(tag, true),
            Kind::Call(tag) => {
                for (_, value, _) in &tag.args {
                    self.read(value, &Use::Value);
                }
                let answer = Segment::Answer(tag.callee.clone());
                self.set(tag.slot, Some(Stands::for_one(answer)));
            }
        }
    }

    fn numbers<const N: usize>(&mut self, expressions: [Option<&'t Expr>; N]) {
        for expression in expressions.into_iter().flatten() {
            self.read(expression, &Use::Number);
        }
    }

    fn set(&mut self, slot: usize, stands: Option<Stands>) {
        let before = std::mem::replace(&mut self.names[slot], stands);
        self.changed.entry(slot).or_insert(before);
    }

    /// Names that stand for something while this is walked.
    fn scoped(&mut self, names: Vec<(usize, Stands)>, walk: impl FnOnce(&mut Self)) {
        let shadowed: Vec<_> =
            names.into_iter().map(|(slot, stands)| (slot, self.names[slot].replace(stands))).collect();
        walk(self);
        for (slot, before) in shadowed.into_iter().rev() {
            self.names[slot] = before;
        }
    }

    /// Ways of which at most one is gone, and one for certain if they are complete. Behind them a name may stand for
    /// what any of them set it to.
    fn branches(&mut self, complete: bool, bodies: impl Iterator<Item = &'t Block>) {
        let outer = std::mem::take(&mut self.changed);
        let mut ends: HashMap<usize, (usize, Stands)> = HashMap::new();
        let mut count = 0;
        for body in bodies {
            count += 1;
            self.block(body);
            for (slot, before) in self.changed.drain() {
                let after = std::mem::replace(&mut self.names[slot], before).unwrap_or_default();
                let end = ends.entry(slot).or_default();
                *end = (end.0 + 1, std::mem::take(&mut end.1).or(after));
            }
        }
        self.changed = outer;
        for (slot, (times, stands)) in ends {
            let before = self.names[slot].clone().unwrap_or_default();
            let stays = !complete || times < count;
            self.set(slot, Some(if stays { before.or(stands) } else { stands }));
        }
    }

    fn partial(&mut self, tag: &'t Partial, is_render: bool) {
        self.read(&tag.template, &Use::Value);
        let mut names = Vec::with_capacity(tag.args.len() + 1);
        for (slot, value) in &tag.args {
            names.push((*slot, self.read(value, &Use::Value)));
        }
        let with = tag.with.as_ref().map(|with| self.read(with, if tag.each { &Use::List } else { &Use::Value }));
        let Expr::Text(name) = &tag.template else { return };
        let Some(partial) = self.template.partials.get(name) else { return };
        if self.partials == MOST_PARTIALS {
            return;
        }
        if let Some(with) = with {
            let with = if tag.each { with.then(&Segment::Item) } else { with };
            names.push((tag.alias.unwrap_or(partial.slot), with));
        }
        self.partials += 1;
        if is_render {
            let nothing = vec![None; self.names.len()];
            let (outer, changed) = (std::mem::replace(&mut self.names, nothing), std::mem::take(&mut self.changed));
            let isolated = std::mem::replace(&mut self.isolated, true);
            self.scoped(names, |walk| walk.source(partial));
            (self.names, self.changed, self.isolated) = (outer, changed, isolated);
        } else {
            self.scoped(names, |walk| walk.source(partial));
        }
        self.partials -= 1;
    }

    fn source(&mut self, partial: &'t PartialSource) {
        let caller = std::mem::replace(&mut self.file, File { name: &partial.name, source: &partial.source });
        self.block(&partial.body);
        self.file = caller;
    }
}

/// Notes the names that a block sets.
fn sets(block: &Block, own: &mut [bool]) {
    for node in &block.nodes {
        match &node.kind {
            Kind::Assign { slot, .. } | Kind::Count { slot, .. } => own[*slot] = true,
            Kind::Call(tag) => own[tag.slot] = true,
            Kind::Capture { slot, body } => {
                own[*slot] = true;
                sets(body, own);
            }
            Kind::If(branches) => branches.iter().for_each(|(_, body)| sets(body, own)),
            Kind::Case { branches, .. } => branches.iter().for_each(|(_, body)| sets(body, own)),
            Kind::For(tag) => {
                sets(&tag.body, own);
                sets(&tag.otherwise, own);
            }
            Kind::TableRow(tag) => sets(&tag.body, own),
            Kind::IfChanged(body) => sets(body, own),
            Kind::Author(_)
            | Kind::Output(_)
            | Kind::Cycle(_)
            | Kind::Include(_)
            | Kind::Render(_)
            | Kind::Delimiter
            | Kind::Break
            | Kind::Continue => {}
        }
    }
}
