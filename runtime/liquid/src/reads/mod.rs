//! What a template reads of what it is given, found without running it.
//!
//! Names that the template makes itself (variables of loops, `assign`, `capture`, arguments of partials) are followed to
//! what they stand for: in `{% for i in source.body.items %}{{ i.quantity }}{% endfor %}` it is
//! `source.body.items[].quantity` that is read. Where a name may stand for one of several things, all of them are; what
//! a filter made of a value stands for nothing, so that nothing is reported that is not certain.

mod filters;
mod paths;
mod walk;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::Template;
use super::lines::Lines;
use super::value::Value;

/// Something that a template reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The way to it, from a name that the template is given, or from what a call was answered with.
    pub path: Vec<Segment>,
    /// What it is read for.
    pub used: Use,
    /// The template or partial.
    pub name: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A member of an object. `first` and `last` may be an item of a list, too.
    Member(Box<str>),
    /// An item of a list, or a pair of an object that is looped over.
    Item,
    /// What an expression in brackets says.
    Computed,
    /// The answer of a call, always the first step: `inventory.vendors.get-by-id`.
    Answer(Box<str>),
}

/// What a value is read for.
#[derive(Debug, Clone, PartialEq)]
pub enum Use {
    /// To be written, or to go through a filter that takes anything.
    Value,
    /// To be looped over, or counted.
    List,
    /// To calculate with.
    Number,
    /// To be written as a date.
    Date,
    /// To be compared with this.
    Compared(Value),
    /// To see whether it is there.
    Tested,
}

/// Writes a path as a template does: `source.body.items[].quantity`.
#[must_use]
pub fn dotted(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Member(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) => {
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(name);
            }
            Segment::Member(name) => text.push_str(&format!("[\"{name}\"]")),
            Segment::Item => text.push_str("[]"),
            Segment::Computed => text.push_str("[…]"),
            Segment::Answer(operation) => text.push_str(operation),
        }
    }
    text
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.path))
    }
}

impl Read {
    /// The members behind these names, where the path begins with them: `items[].quantity` behind `source.body`.
    #[must_use]
    pub fn behind(&self, names: &[&str]) -> Option<&[Segment]> {
        let begins =
            |(segment, name): (&Segment, &&str)| matches!(segment, Segment::Member(found) if **found == **name);
        (self.path.len() >= names.len() && self.path.iter().zip(names).all(begins)).then(|| &self.path[names.len()..])
    }
}

impl Template {
    /// What the template and the partials that it runs read, in the order of the source.
    #[must_use]
    pub fn reads(&self) -> Vec<Read> {
        let mut reads = Vec::new();
        let mut known = HashSet::new();
        let mut lines: Vec<(&Arc<str>, Lines<'_>)> = Vec::new();
        for found in walk::Walk::through(self) {
            let key = (found.file.name, found.place, dotted(&found.path), format!("{:?}", found.used));
            if !known.insert(key) {
                continue;
            }
            let index = lines.iter().position(|(name, _)| Arc::ptr_eq(name, found.file.name)).unwrap_or_else(|| {
                lines.push((found.file.name, Lines::of(found.file.source)));
                lines.len() - 1
            });
            let (line, column) = lines[index].1.place(found.place);
            reads.push(Read { path: found.path, used: found.used, name: found.file.name.clone(), line, column });
        }
        reads
    }
}

/// A source: the template's own or a partial's.
#[derive(Clone, Copy)]
struct File<'t> {
    name: &'t Arc<str>,
    source: &'t str,
}

#[cfg(test)]
mod tests;
