//! What a new import changes, and which of it breaks plugins.
//!
//! A change breaks plugins where the host would refuse a component that was built before it (see the host's plans): an
//! operation or parameter that is gone, a field that must now be sent or may now be missing, another type. What only
//! adds is skipped by the plugins that never heard of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::catalog::{Answer, Body, Catalog, Operation, Surface};
use crate::types::{Enum, Field, Need, Type, TypeDef};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Where: `payroll/gross-pay-items.get-list`, `payroll: gross-pay-item.amount`.
    pub place: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Whether plugins that use it are refused until they are built again.
    pub breaks: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It was that and is this.
    Changed(String, String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.kind {
            ChangeKind::Added => write!(f, "+ {place}")?,
            ChangeKind::Removed => write!(f, "- {place}")?,
            ChangeKind::Changed(from, to) => write!(f, "~ {place}: {from} -> {to}")?,
        }
        if self.breaks { write!(f, "  (breaks plugins that use it)") } else { Ok(()) }
    }
}

/// All changes from one catalog to another, by place.
pub fn difference(old: &Catalog, new: &Catalog) -> Vec<Change> {
    let mut changes = Changes::default();
    let names: BTreeSet<&String> = old.surfaces.keys().chain(new.surfaces.keys()).collect();
    for name in names {
        match (old.surfaces.get(name), new.surfaces.get(name)) {
            (Some(old), Some(new)) => changes.surface(old, new),
            (None, Some(_)) => changes.add(name.clone(), ChangeKind::Added, false),
            _ => changes.add(name.clone(), ChangeKind::Removed, true),
        }
    }
    let endpoints: BTreeSet<&String> = old.contracts.keys().chain(new.contracts.keys()).collect();
    for endpoint in endpoints {
        let place = format!("middleware contract {endpoint}");
        match (old.contracts.get(endpoint), new.contracts.get(endpoint)) {
            (Some(old), Some(new)) if old != new => changes.changed(place, "one schema", "another", false),
            (None, Some(_)) => changes.add(place, ChangeKind::Added, false),
            (Some(_), None) => changes.add(place, ChangeKind::Removed, false),
            _ => {}
        }
    }
    changes.found.sort();
    changes.found
}

#[derive(Default)]
struct Changes {
    found: Vec<Change>,
}

impl Changes {
    fn add(&mut self, place: String, kind: ChangeKind, breaks: bool) {
        self.found.push(Change { place, kind, breaks });
    }

    fn changed(&mut self, place: String, from: impl ToString, to: impl ToString, breaks: bool) {
        self.add(place, ChangeKind::Changed(from.to_string(), to.to_string()), breaks);
    }

    fn surface(&mut self, old: &Surface, new: &Surface) {
        let (was, is) = (operations(old), operations(new));
        for (name, operation) in &is {
            match was.get(name) {
                None => self.add(format!("{}/{name}", new.name), ChangeKind::Added, false),
                Some(before) => self.operation(&format!("{}/{name}", new.name), before, operation),
            }
        }
        for name in was.keys().filter(|name| !is.contains_key(*name)) {
            self.add(format!("{}/{name}", old.name), ChangeKind::Removed, true);
        }
        let sent = sent_types(new);
        for (name, before) in &old.types {
            let place = format!("{}: {name}", new.name);
            match (before, new.types.get(name)) {
                (TypeDef::Record(old), Some(TypeDef::Record(new))) => {
                    self.record(&place, old, new, sent.contains(name.as_str()))
                }
                (TypeDef::Enum(old), Some(TypeDef::Enum(new))) => {
                    self.cases(&place, old, new, sent.contains(name.as_str()))
                }
                (_, None) => self.add(place, ChangeKind::Removed, false),
                _ => self.changed(place, "a record or an enumeration", "the other", true),
            }
        }
        for name in new.types.keys().filter(|name| !old.types.contains_key(*name)) {
            self.add(format!("{}: {name}", new.name), ChangeKind::Added, false);
        }
        let events = |s: &Surface| s.events.iter().map(|e| e.wire.clone()).collect::<BTreeSet<_>>();
        let (was, is) = (events(old), events(new));
        is.difference(&was).for_each(|event| self.add(format!("event {event}"), ChangeKind::Added, false));
        was.difference(&is).for_each(|event| self.add(format!("event {event}"), ChangeKind::Removed, false));
    }

    fn operation(&mut self, place: &str, old: &Operation, new: &Operation) {
        if (old.method, &old.path) != (new.method, &new.path) {
            let (from, to) = (format!("{} {}", old.method, old.path), format!("{} {}", new.method, new.path));
            self.changed(place.to_owned(), from, to, false);
        }
        if old.scope != new.scope {
            self.changed(format!("{place}: scope"), &old.scope, &new.scope, false);
        }
        if old.effect != new.effect {
            self.changed(format!("{place}: effect"), format!("{:?}", old.effect), format!("{:?}", new.effect), false);
        }
        if old.deprecated != new.deprecated {
            let word = |deprecated| if deprecated { "deprecated" } else { "in use" };
            self.changed(place.to_owned(), word(old.deprecated), word(new.deprecated), false);
        }
        for param in &new.params {
            let place = format!("{place}({})", param.wire);
            match old.params.iter().find(|p| (p.place, &p.wire) == (param.place, &param.wire)) {
                None => self.add(place, ChangeKind::Added, param.required),
                Some(before) if before.ty != param.ty => self.changed(place, &before.ty, &param.ty, true),
                Some(before) if before.required != param.required => {
                    let word = |required| if required { "required" } else { "optional" };
                    self.changed(place, word(before.required), word(param.required), param.required);
                }
                Some(_) => {}
            }
        }
        for param in &old.params {
            if !new.params.iter().any(|p| (p.place, &p.wire) == (param.place, &param.wire)) {
                self.add(format!("{place}({})", param.wire), ChangeKind::Removed, true);
            }
        }
        let body = |body: &Option<Body>| match body {
            None => "nothing".to_owned(),
            Some(Body::Json(ty)) => ty.to_string(),
            Some(Body::File(_)) => "a file".to_owned(),
        };
        if old.body != new.body {
            self.changed(format!("{place}: body"), body(&old.body), body(&new.body), true);
        }
        let answer = |answer: &Answer| match answer {
            Answer::Empty => "nothing".to_owned(),
            Answer::Json(ty) => ty.to_string(),
            Answer::File => "a file".to_owned(),
        };
        if old.answer != new.answer {
            self.changed(
                format!("{place}: answer"),
                answer(&old.answer),
                answer(&new.answer),
                old.answer != Answer::Empty,
            );
        }
        if old.paging.is_some() != new.paging.is_some() {
            let word = |paged| if paged { "with pages" } else { "without pages" };
            self.changed(
                place.to_owned(),
                word(old.paging.is_some()),
                word(new.paging.is_some()),
                new.paging.is_none(),
            );
        }
    }

    fn record(&mut self, place: &str, old: &[Field], new: &[Field], sent: bool) {
        for field in new {
            let place = format!("{place}.{}", field.wire);
            match old.iter().find(|f| f.wire == field.wire) {
                None => self.add(place, ChangeKind::Added, sent && field.need == Need::Required),
                Some(before) if before.ty != field.ty => self.changed(place, &before.ty, &field.ty, true),
                Some(before) if before.need != field.need => {
                    // An answer may become surer, a request laxer.
                    let breaks = match (before.need, field.need) {
                        (_, Need::Required) => sent,
                        (Need::Required, _) => !sent,
                        (Need::Patch, _) => true,
                        _ => false,
                    };
                    self.changed(place, format!("{:?}", before.need), format!("{:?}", field.need), breaks);
                }
                Some(_) => {}
            }
        }
        for field in old.iter().filter(|f| !new.iter().any(|n| n.wire == f.wire)) {
            self.add(format!("{place}.{}", field.wire), ChangeKind::Removed, sent || field.need == Need::Required);
        }
    }

    fn cases(&mut self, place: &str, old: &Enum, new: &Enum, sent: bool) {
        let words = |e: &Enum| e.cases.iter().map(|c| c.wire.clone()).collect::<BTreeSet<_>>();
        let (was, is) = (words(old), words(new));
        is.difference(&was).for_each(|word| self.add(format!("{place} `{word}`"), ChangeKind::Added, false));
        was.difference(&is).for_each(|word| self.add(format!("{place} `{word}`"), ChangeKind::Removed, sent));
    }
}

fn operations(surface: &Surface) -> BTreeMap<String, &Operation> {
    let mut all = BTreeMap::new();
    for (resource, operations) in &surface.resources {
        all.extend(operations.iter().map(|o| (format!("{resource}.{}", o.name), o)));
    }
    all
}

/// The named types that plugins send.
fn sent_types(surface: &Surface) -> BTreeSet<&str> {
    fn reach<'a>(surface: &'a Surface, ty: &'a Type, found: &mut BTreeSet<&'a str>) {
        let mut names = Vec::new();
        ty.names(&mut |name| names.push(name));
        for name in names {
            if let (true, Some(TypeDef::Record(fields))) = (found.insert(name), surface.types.get(name)) {
                fields.iter().for_each(|field| reach(surface, &field.ty, found));
            }
        }
    }
    let mut found = BTreeSet::new();
    for operation in surface.resources.values().flatten() {
        operation.params.iter().for_each(|p| reach(surface, &p.ty, &mut found));
        if let Some(Body::Json(ty)) = &operation.body {
            reach(surface, ty, &mut found);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A catalog with one surface changed.
    fn with(change: impl FnOnce(&mut Surface)) -> Catalog {
        let mut catalog = Catalog::get().clone();
        change(&mut catalog.surfaces["payroll"]);
        catalog
    }

    fn told(new: &Catalog) -> Vec<String> {
        difference(Catalog::get(), new).iter().map(Change::to_string).collect()
    }

    fn record<'a>(surface: &'a mut Surface, name: &str) -> &'a mut Vec<Field> {
        match &mut surface.types[name] {
            TypeDef::Record(fields) => fields,
            TypeDef::Enum(_) => panic!("{name} is an enumeration"),
        }
    }

    #[test]
    fn nothing_changed_is_nothing_told() {
        assert_eq!(told(Catalog::get()), [""; 0]);
    }

    #[test]
    fn what_is_gone_from_an_answer_breaks_nothing_and_from_a_body_it_does() {
        let new = with(|payroll| {
            record(payroll, "gross-pay-item").retain(|f| f.wire != "memo");
            record(payroll, "gross-pay-item-create-request").retain(|f| f.wire != "memo");
        });
        let expected = [
            "- payroll: gross-pay-item-create-request.memo  (breaks plugins that use it)",
            "- payroll: gross-pay-item.memo",
        ];
        assert_eq!(told(&new), expected);
    }

    #[test]
    fn an_operation_that_is_gone_breaks_and_a_new_one_does_not() {
        let new = with(|payroll| payroll.resources["payrolls"][0].name = "list".to_owned());
        let expected = ["- payroll/payrolls.get-list  (breaks plugins that use it)", "+ payroll/payrolls.list"];
        assert_eq!(told(&new), expected);
    }

    #[test]
    fn another_type_is_told_with_both() {
        let new = with(|payroll| record(payroll, "gross-pay-item")[0].ty = Type::TEXT);
        assert_eq!(told(&new), ["~ payroll: gross-pay-item.id: s64 -> text  (breaks plugins that use it)"]);
    }
}
