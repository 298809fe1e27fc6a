//! What an expression stands for.

use super::super::compare::Operator;
use super::super::expression::{Command, Comparison, Condition, Expr, Path, Root, Step};
use super::super::value::Value;
use super::super::{FORLOOP, TABLEROWLOOP};
use super::walk::{Found, Walk};
use super::{Segment, Use};

/// More ways than these are not followed.
const MOST_WAYS: usize = 16;
/// Nor are longer ones.
const LONGEST: usize = 64;

/// The ways to what a name or an expression may stand for; none for what the template made itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stands(Vec<Vec<Segment>>);

impl Stands {
    /// For one thing.
    pub fn for_one(segment: Segment) -> Stands {
        Stands(vec![vec![segment]])
    }

    pub fn ways(&self) -> &[Vec<Segment>] {
        &self.0
    }

    /// The same ways, each a step further.
    pub fn then(&self, segment: &Segment) -> Stands {
        let further = |way: &Vec<Segment>| [&way[..], std::slice::from_ref(segment)].concat();
        Stands(self.0.iter().filter(|way| way.len() < LONGEST).map(further).collect())
    }

    /// One or the other.
    pub fn or(mut self, other: Stands) -> Stands {
        for way in other.0 {
            if self.0.len() < MOST_WAYS && !self.0.contains(&way) {
                self.0.push(way);
            }
        }
        self
    }
}

impl<'t> Walk<'t> {
    pub(super) fn found(&mut self, stands: &Stands, used: &Use, place: usize) {
        for way in stands.ways() {
            self.found.push(Found { path: way.clone(), used: used.clone(), file: self.file, place });
        }
    }

    /// An expression that is read.
    pub(super) fn read(&mut self, expr: &'t Expr, used: &Use) -> Stands {
        match expr {
            Expr::Path(path) => self.path(path, used),
            Expr::Range(ends) => {
                self.read(&ends.0, &Use::Number);
                self.read(&ends.1, &Use::Number);
                Stands::default()
            }
            Expr::Nil | Expr::Bool(_) | Expr::Empty | Expr::Blank | Expr::Number(_) | Expr::Text(_) => {
                Stands::default()
            }
        }
    }

    fn path(&mut self, path: &'t Path, used: &Use) -> Stands {
        let mut stands = match &path.root {
            Root::Name(FORLOOP | TABLEROWLOOP) => Stands::default(),
            Root::Name(slot) => self.stands(*slot),
            Root::Computed(name) => {
                self.read(name, &Use::Value);
                Stands::default()
            }
        };
        for step in &path.steps {
            stands = match step {
                Step::Key(_, Command::Size) => {
                    self.found(&stands, &Use::List, path.place);
                    return Stands::default();
                }
                Step::Key(name, _) => stands.then(&Segment::Member(name.clone())),
                Step::Index(Expr::Text(name)) => stands.then(&Segment::Member(name.clone())),
                Step::Index(Expr::Number(_)) => stands.then(&Segment::Item),
                Step::Index(index) => {
                    self.read(index, &Use::Value);
                    stands.then(&Segment::Computed)
                }
            };
        }
        self.found(&stands, used, path.place);
        stands
    }

    /// What a name stands for here.
    fn stands(&self, slot: usize) -> Stands {
        let is_global = || !self.isolated || self.template.globals.contains(&slot);
        match &self.names[slot] {
            Some(stands) => stands.clone(),
            // One that is set somewhere was given by nobody.
            None if self.own[slot] || !is_global() => Stands::default(),
            None => Stands::for_one(Segment::Member(self.template.names.name(slot).into())),
        }
    }

    pub(super) fn condition(&mut self, condition: &'t Condition) {
        self.comparison(&condition.first);
        condition.rest.iter().for_each(|(_, comparison)| self.comparison(comparison));
    }

    fn comparison(&mut self, comparison: &'t Comparison) {
        let Some((operator, right)) = &comparison.right else {
            self.read(&comparison.left, &Use::Tested);
            return;
        };
        let _: &Operator = operator;
        self.read(&comparison.left, &against(right));
        self.read(right, &against(&comparison.left));
    }
}

/// What a value is read for that is compared with this.
pub(super) fn against(other: &Expr) -> Use {
    match other {
        Expr::Nil | Expr::Empty | Expr::Blank => Use::Tested,
        other => literal(other).map_or(Use::Value, Use::Compared),
    }
}

/// A value that stands in the template itself.
pub(super) fn literal(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::Text(text) => Some(Value::Text(text.clone())),
        Expr::Number(number) => Some(Value::Number(number.clone())),
        Expr::Bool(value) => Some(Value::Bool(*value)),
        Expr::Nil | Expr::Empty | Expr::Blank | Expr::Path(_) | Expr::Range(_) => None,
    }
}
