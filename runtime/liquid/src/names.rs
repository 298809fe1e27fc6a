//! The names of a template and its partials, each with a slot that a rendering finds without hashing.

use std::collections::HashMap;

/// Numbers names from 0.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    slots: HashMap<Box<str>, usize>,
    names: Vec<Box<str>>,
}

impl Names {
    pub fn slot(&mut self, name: &str) -> usize {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        let slot = self.names.len();
        self.slots.insert(name.into(), slot);
        self.names.push(name.into());
        slot
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.slots.get(name).copied()
    }

    pub fn name(&self, slot: usize) -> &str {
        self.names.get(slot).map_or("", |name| name)
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }
}
