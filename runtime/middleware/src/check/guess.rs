//! A vendor's answer as a template expects it.
//!
//! Nobody describes a vendor's answers, so one is derived from what the template reads. What a value should look like is
//! found by rendering once with a mark in place of each: where the mark lands, the contract says what belongs there. A
//! value that is compared with literals is each of them in turn, one that is tested is once missing, so that every branch
//! is walked.

use indexmap::IndexMap;
use tradewire_liquid::reads::{Read, Use};
use tradewire_liquid::{Value, pointer};

use super::tree::Tree;
use crate::contract::Side;

/// More variants than these are not tried.
const MOST_VARIANTS: usize = 48;

/// A made-up document, and others that lead through other branches.
#[derive(Debug)]
pub(crate) struct Guess {
    /// What the template most probably gets.
    pub plausible: Value,
    /// The others, each with what is different about it.
    pub others: Vec<(String, Value)>,
}

impl Guess {
    /// Derives documents from what a template reads. `render` gives the body that the template makes of one.
    pub fn of(reads: &[Read], side: Option<&Side>, render: impl Fn(&Value) -> Option<Value>) -> Guess {
        let tree = Tree::of(reads);
        let leaves = tree.leaves();
        let mut marks: IndexMap<String, Value> = IndexMap::new();
        let mut landed: IndexMap<String, Value> = IndexMap::new();
        for (index, (way, uses)) in leaves.iter().enumerate() {
            marks.insert(way.clone(), first(uses).unwrap_or_else(|| mark(index).into()));
        }
        let variants = variants(&tree, &leaves);
        let mut look = |values: &IndexMap<String, Value>| {
            let Some(body) = render(&tree.fill(values)) else { return };
            let mut found = Vec::new();
            landings(&body, String::new(), &mut found);
            for (index, pointer) in found {
                let value = side.and_then(|side| side.sample_at(&pointer)).filter(|value| *value != Value::Nil);
                if let (Some((way, _)), Some(value)) = (leaves.get_index(index), value) {
                    // What lands in several places has to fit the narrowest.
                    match landed.get(way) {
                        Some(known) if narrowness(known) >= narrowness(&value) => {}
                        _ => drop(landed.insert(way.clone(), value)),
                    }
                }
            }
        };
        look(&marks);
        for (_, way, value) in &variants {
            look(&with(&marks, way, value.clone()));
        }
        let value = |(way, uses): (&String, &&[Use])| {
            let value = first(uses).or_else(|| landed.get(way).cloned()).unwrap_or_else(|| by_name(way, uses));
            (way.clone(), value)
        };
        let values: IndexMap<String, Value> = leaves.iter().map(value).collect();
        let others = variants.into_iter().map(|(what, way, value)| (what, tree.fill(&with(&values, &way, value))));
        Guess { plausible: tree.fill(&values), others: others.collect() }
    }
}

/// A number can stand for a text, and a date for any other; not the other way round.
fn narrowness(value: &Value) -> u8 {
    match value {
        Value::Nil => 0,
        Value::Text(text) if text.starts_with(|c: char| c.is_ascii_digit()) => 2,
        Value::Text(_) => 1,
        Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Object(_) => 3,
    }
}

fn with(values: &IndexMap<String, Value>, way: &str, value: Option<Value>) -> IndexMap<String, Value> {
    let mut values = values.clone();
    match value {
        Some(value) => drop(values.insert(way.to_owned(), value)),
        None => drop(values.shift_remove(way)),
    }
    values
}

/// The literals that a value is compared with.
fn literals(uses: &[Use]) -> Vec<&Value> {
    let mut literals: Vec<&Value> = Vec::new();
    for used in uses {
        if let Use::Compared(value) = used
            && !literals.contains(&value)
        {
            literals.push(value);
        }
    }
    literals
}

/// The value that is known without looking where it lands.
fn first(uses: &[Use]) -> Option<Value> {
    let literal = literals(uses).first().map(|value| (*value).clone());
    literal.or_else(|| uses.contains(&Use::Number).then(|| Value::from(2)))
}

/// What else a value may be: what is different then, which leaf, and its value.
type Variant = (String, String, Option<Value>);

fn variants(tree: &Tree, leaves: &IndexMap<String, &[Use]>) -> Vec<Variant> {
    let name = |way: &str| way.trim_start_matches('/').replace("/*", "[]").replace('/', ".");
    let missing = |way: String| (format!("no `{}`", name(&way)), way, Some(Value::Nil));
    let mut variants: Vec<Variant> = tree.tested().into_iter().map(missing).collect();
    for (way, uses) in leaves {
        let name = name(way);
        let literals = literals(uses);
        for value in literals.iter().skip(1) {
            variants.push((format!("`{name}` {value}"), way.clone(), Some((*value).clone())));
        }
        match literals.first() {
            Some(Value::Bool(value)) => {
                variants.push((format!("`{name}` {}", !value), way.clone(), Some(Value::Bool(!value))));
            }
            Some(Value::Text(_)) => variants.push((format!("another `{name}`"), way.clone(), Some("other".into()))),
            _ => {}
        }
        if uses.contains(&Use::Tested) {
            variants.push((format!("no `{name}`"), way.clone(), None));
        }
    }
    variants.truncate(MOST_VARIANTS);
    variants
}

const OPEN: char = '\u{27e6}';
const CLOSE: char = '\u{27e7}';

fn mark(index: usize) -> String {
    format!("{OPEN}{index}{CLOSE}")
}

/// Where marks stand alone.
fn landings(value: &Value, pointer: String, found: &mut Vec<(usize, String)>) {
    match value {
        Value::Text(text) => {
            let index = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)).and_then(|n| n.parse().ok());
            found.extend(index.map(|index| (index, pointer)));
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                landings(item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter() {
                landings(member, format!("{pointer}/{}", pointer::step(name)), found);
            }
        }
        Value::Nil | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a value looks like that lands nowhere.
fn by_name(way: &str, uses: &[Use]) -> Value {
    let name = way.rsplit('/').find(|step| *step != "*" && !step.is_empty()).unwrap_or("value");
    let is_date = ["date", "On", "At", "Utc", "Date"].iter().any(|end| name.ends_with(end));
    if is_date || uses.contains(&Use::Date) { "2026-03-04T14:39:07Z".into() } else { name.into() }
}
