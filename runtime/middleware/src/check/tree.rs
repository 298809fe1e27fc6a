//! The document that a template reads, as far as its reads tell.

use indexmap::IndexMap;
use tradewire_liquid::Value;
use tradewire_liquid::reads::{Read, Segment, Use};

/// A place in the document.
#[derive(Debug, Default)]
pub(super) struct Tree {
    members: IndexMap<Box<str>, Tree>,
    item: Option<Box<Tree>>,
    uses: Vec<Use>,
}

/// The items of a list that is made up: two, because the comma between them is where templates go wrong.
const ITEMS: usize = 2;

impl Tree {
    /// The document behind `source.body`.
    pub fn of(reads: &[Read]) -> Tree {
        let mut tree = Tree::default();
        for read in reads {
            if let Some(way) = read.behind(&["source", "body"]) {
                tree.add(way, &read.used);
            }
        }
        tree
    }

    fn add(&mut self, way: &[Segment], used: &Use) {
        match way {
            [] => self.uses.push(used.clone()),
            [Segment::Member(name), rest @ ..] => self.members.entry(name.clone()).or_default().add(rest, used),
            [Segment::Item | Segment::Computed | Segment::Answer(_), rest @ ..] => {
                self.item.get_or_insert_default().add(rest, used)
            }
        }
    }

    fn is_list(&self) -> bool {
        self.item.is_some() || self.uses.contains(&Use::List)
    }

    /// An object that is looped over, whose pairs are read.
    fn is_dictionary(&self) -> bool {
        let pair = |name: &str| matches!(name, "Key" | "key" | "Value" | "value");
        self.item.as_ref().is_some_and(|item| !item.members.is_empty() && item.members.keys().all(|name| pair(name)))
    }

    /// Places that hold a value of their own, by the way to each.
    pub fn leaves(&self) -> IndexMap<String, &[Use]> {
        let mut leaves = IndexMap::new();
        self.gather("", &mut leaves);
        leaves
    }

    fn gather<'t>(&'t self, way: &str, leaves: &mut IndexMap<String, &'t [Use]>) {
        for (name, member) in &self.members {
            member.gather(&format!("{way}/{name}"), leaves);
        }
        if let Some(item) = &self.item {
            item.gather(&format!("{way}/*"), leaves);
        }
        if self.members.is_empty() && self.item.is_none() {
            leaves.insert(way.to_owned(), &self.uses);
        }
    }

    /// Places that hold others and are tested as a whole, by the way to each.
    pub fn tested(&self) -> Vec<String> {
        let mut tested = Vec::new();
        self.gather_tested("", &mut tested);
        tested
    }

    fn gather_tested(&self, way: &str, tested: &mut Vec<String>) {
        let has_inner = self.item.is_some() || !self.members.is_empty();
        if has_inner && self.uses.contains(&Use::Tested) {
            tested.push(way.to_owned());
        }
        for (name, member) in &self.members {
            member.gather_tested(&format!("{way}/{name}"), tested);
        }
        if let Some(item) = &self.item {
            item.gather_tested(&format!("{way}/*"), tested);
        }
    }

    /// A document with these values at its leaves; a leaf that has none is left out. A value at a place that holds others
    /// takes their place.
    pub fn fill(&self, values: &IndexMap<String, Value>) -> Value {
        self.filled("", values).unwrap_or_else(|| Value::object::<&str>([]))
    }

    fn filled(&self, way: &str, values: &IndexMap<String, Value>) -> Option<Value> {
        if let Some(value) = values.get(way).filter(|_| self.item.is_some() || !self.members.is_empty()) {
            return Some(value.clone());
        }
        let named = |name: &str| !self.is_list() || !matches!(name, "first" | "last");
        if self.is_dictionary() {
            let value = ["Value", "value"].iter().find_map(|name| values.get(&format!("{way}/*/{name}")));
            let value = value.cloned().unwrap_or_else(|| "value".into());
            return Some(Value::object([("key1", value.clone()), ("key2", value)]));
        }
        if self.members.keys().any(|name| named(name)) {
            let members = self.members.iter();
            return Some(Value::object(
                members.filter_map(|(name, tree)| Some((&**name, tree.filled(&format!("{way}/{name}"), values)?))),
            ));
        }
        if self.item.is_none() && !self.uses.contains(&Use::List) && self.members.is_empty() {
            return values.get(way).cloned();
        }
        // `items.first` is an item like the others.
        let mut items: Vec<Value> = Vec::new();
        for (name, tree) in &self.members {
            items.extend(tree.filled(&format!("{way}/{name}"), values));
        }
        match &self.item {
            Some(item) => {
                let item = item.filled(&format!("{way}/*"), values)?;
                items.iter_mut().for_each(|first| merge(first, &item));
                items.resize(ITEMS, item);
            }
            None if items.is_empty() => {
                let only = values.get(way)?.clone();
                return Some(if matches!(only, Value::List(_)) { only } else { Value::List(vec![only; ITEMS]) });
            }
            None => {}
        }
        Some(Value::List(items))
    }
}

/// Adds the members of one object that the other lacks.
fn merge(into: &mut Value, from: &Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (name, value) in from.iter() {
            if into.get(name).is_none() {
                into.insert(name, value.clone());
            }
        }
    }
}
