//! Which interface a type lives in.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Answer, Body, Operation, Surface};
use crate::types::{Type, TypeDef};

/// The types of each interface: a resource's own, and under `types` those that several share.
pub(super) struct Placement<'a> {
    homes: BTreeMap<&'a str, &'a str>,
}

/// The interface of shared types.
pub(super) const SHARED: &str = "types";

impl<'a> Placement<'a> {
    pub fn of(surface: &'a Surface) -> Self {
        let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (resource, operations) in &surface.resources {
            for root in operations.iter().flat_map(roots) {
                reach(surface, root, &mut |name| users.entry(name).or_default().insert(resource.as_str()));
            }
        }
        for event in &surface.events {
            reach(surface, &event.payload, &mut |name| users.entry(name).or_default().insert("events"));
        }
        let homes = users
            .into_iter()
            .map(|(name, users)| {
                (name, if users.len() == 1 { users.first().copied().unwrap_or(SHARED) } else { SHARED })
            })
            .collect();
        Placement { homes }
    }

    /// The types that live in an interface, by name.
    pub fn of_interface(&self, interface: &str) -> Vec<&'a str> {
        self.homes.iter().filter(|(_, home)| **home == interface).map(|(name, _)| *name).collect()
    }

    /// The shared types that these types refer to.
    pub fn shared_among(&self, names: &BTreeSet<&str>) -> Vec<&'a str> {
        self.homes
            .iter()
            .filter(|(name, home)| **home == SHARED && names.contains(**name))
            .map(|(name, _)| *name)
            .collect()
    }
}

/// The types that an operation names itself.
pub(super) fn roots(operation: &Operation) -> Vec<&Type> {
    let mut roots: Vec<&Type> = operation.params.iter().map(|p| &p.ty).collect();
    if let Some(Body::Json(ty)) = &operation.body {
        roots.push(ty);
    }
    if let Answer::Json(ty) = &operation.answer {
        roots.push(ty);
    }
    roots
}

/// Calls `visit` with every type that is reached from `root`; goes on below a type only the first time.
fn reach<'a>(surface: &'a Surface, root: &'a Type, visit: &mut dyn FnMut(&'a str) -> bool) {
    let mut names = Vec::new();
    root.names(&mut |name| names.push(name));
    for name in names {
        if let (true, Some(TypeDef::Record(fields))) = (visit(name), surface.types.get(name)) {
            for field in fields {
                reach(surface, &field.ty, visit);
            }
        }
    }
}
