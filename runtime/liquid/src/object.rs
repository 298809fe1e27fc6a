//! Objects: members in the order they were written in. Most have a handful, which are found faster by looking at each
//! than by a hash, and take a third of the memory.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;

use super::value::{Replace, Value};

/// From so many members on they are found by a hash.
const MANY: usize = 24;

type Index = IndexMap<Box<str>, Value, foldhash::fast::RandomState>;

/// An object whose members keep the order they were written in.
#[derive(Clone)]
pub struct Object(Held);

#[derive(Clone)]
enum Held {
    Few(Vec<(Box<str>, Value)>),
    Many(Box<Index>),
}

impl Default for Object {
    fn default() -> Self {
        Self(Held::Few(Vec::new()))
    }
}

impl Object {
    /// A member.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.0 {
            Held::Few(members) => members.iter().find(|(name, _)| **name == *key).map(|(_, value)| value),
            Held::Many(members) => members.get(key),
        }
    }

    /// An empty object that takes so many members without growing.
    pub(crate) fn with_room(members: usize) -> Self {
        Self(Held::Few(Vec::with_capacity(members)))
    }

    /// Sets a member; one that exists keeps its place.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: Value) {
        let key = key.into();
        match &mut self.0 {
            Held::Many(members) => drop(members.insert(key, value)),
            Held::Few(members) => match members.iter().position(|(name, _)| *name == key) {
                Some(at) => members[at].1 = value,
                None if members.len() < MANY => members.push((key, value)),
                None => {
                    let mut index: Index = std::mem::take(members).into_iter().collect();
                    index.insert(key, value);
                    self.0 = Held::Many(Box::new(index));
                }
            },
        }
    }

    /// Removes a member, the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match &mut self.0 {
            Held::Many(members) => members.shift_remove(key),
            Held::Few(members) => {
                let at = members.iter().position(|(name, _)| **name == *key)?;
                Some(members.remove(at).1)
            }
        }
    }

    /// The members in order.
    pub fn iter(&self) -> Members<'_> {
        match &self.0 {
            Held::Few(members) => Members::Few(members.iter()),
            Held::Many(members) => Members::Many(members.iter()),
        }
    }

    /// The member at a place.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<(&str, &Value)> {
        match &self.0 {
            Held::Few(members) => members.get(index).map(|(key, value)| (&**key, value)),
            Held::Many(members) => members.get_index(index).map(|(key, value)| (&**key, value)),
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::Few(members) => members.len(),
            Held::Many(members) => members.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// See [`Value::replace_texts`].
    pub(crate) fn replace_texts(&mut self, replaced: Replace<'_>) {
        match &mut self.0 {
            Held::Few(members) => members.iter_mut().for_each(|(_, value)| value.replace_texts(replaced)),
            Held::Many(members) => members.values_mut().for_each(|value| value.replace_texts(replaced)),
        }
        if self.iter().any(|(name, _)| matches!(replaced(name), Cow::Owned(_))) {
            let members = std::mem::take(self);
            *self = members.iter().map(|(name, value)| (replaced(name).into(), value.clone())).collect();
        }
    }

    /// Gives back what room is left over.
    pub(crate) fn fit(&mut self) {
        match &mut self.0 {
            Held::Few(members) if members.capacity() > members.len() + 2 => members.shrink_to_fit(),
            Held::Few(_) => {}
            Held::Many(members) => members.shrink_to_fit(),
        }
    }
}

/// Objects are equal where their members are, in whatever order.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

/// The members of an object in order.
#[derive(Debug, Clone)]
pub enum Members<'a> {
    #[doc(hidden)]
    Few(std::slice::Iter<'a, (Box<str>, Value)>),
    #[doc(hidden)]
    Many(indexmap::map::Iter<'a, Box<str>, Value>),
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(members) => members.next().map(|(key, value)| (&**key, value)),
            Self::Many(members) => members.next().map(|(key, value)| (&**key, value)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(members) => members.size_hint(),
            Self::Many(members) => members.size_hint(),
        }
    }
}

impl ExactSizeIterator for Members<'_> {}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromIterator<(Box<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Value)>>(members: I) -> Self {
        let members = members.into_iter();
        let mut object = Self::with_room(members.size_hint().0.min(MANY));
        members.for_each(|(key, value)| object.insert(key, value));
        object
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn members_keep_their_order_and_are_found_however_many_there_are() {
        for many in [0, 1, MANY - 1, MANY, MANY + 1, 1_000] {
            let names: Vec<String> = (0..many).map(|n| format!("m{}", (n * 7919) % 1_000_003)).collect();
            let mut object = Object::default();
            for (at, name) in names.iter().enumerate() {
                object.insert(name.as_str(), Value::from(at as i64));
            }
            assert_eq!(object.iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
            assert_eq!((object.len(), object.iter().len()), (many, many));
            for (at, name) in names.iter().enumerate() {
                assert_eq!(object.get(name), Some(&Value::from(at as i64)));
                assert_eq!(object.at(at).unwrap().0, name);
            }
            assert_eq!(object.get("none"), None);
            let turned: Object =
                names.iter().rev().map(|n| (n.as_str().into(), object.get(n).unwrap().clone())).collect();
            assert_eq!(turned, object);
            if let Some(first) = names.first() {
                object.insert(first.as_str(), Value::Nil);
                assert_eq!(object.at(0).unwrap(), (first.as_str(), &Value::Nil));
                assert_ne!(turned, object);
                assert_eq!(object.remove(first), Some(Value::Nil));
                assert_eq!((object.len(), object.get(first)), (many - 1, None));
            }
        }
    }
}
