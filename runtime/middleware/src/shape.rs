//! What a contract has at a place: its members, its items, what kind of value it wants.
//!
//! A contract is read through its references and alternatives: `null` or an object is an object that may be null.

use serde_json::Value as Json;
use tradewire_liquid::pointer;

/// References and alternatives inside each other.
const DEPTH: usize = 32;

/// A place in a contract.
#[derive(Debug, Clone)]
pub struct Shape<'c> {
    root: &'c Json,
    /// What may stand there, each with the pointer to it.
    forms: Vec<(&'c Json, String)>,
}

/// What a member is to a contract.
#[derive(Debug, Clone)]
pub enum Member<'c> {
    /// A member that it names.
    Known(Shape<'c>),
    /// One that it does not name and allows.
    Free,
    /// One that it does not allow.
    Unknown,
}

/// What a contract wants somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An object of the members that it names.
    Object,
    /// An object of members of any name.
    Dictionary,
    /// A list.
    List,
    /// Text, a number or a truth value.
    Scalar,
    /// Anything.
    Any,
}

impl<'c> Shape<'c> {
    /// The whole of a contract's side.
    pub fn of(schema: &'c Json) -> Shape<'c> {
        Shape::at(schema, schema, String::new())
    }

    fn at(root: &'c Json, node: &'c Json, pointer: String) -> Shape<'c> {
        let mut shape = Shape { root, forms: Vec::new() };
        shape.gather(node, pointer, 0);
        shape
    }

    fn gather(&mut self, node: &'c Json, pointer: String, depth: usize) {
        if depth > DEPTH {
            return;
        }
        if let Some(reference) = node.get("$ref").and_then(Json::as_str) {
            let target = reference.strip_prefix('#').unwrap_or_default();
            if let Some(found) = self.root.pointer(target) {
                self.gather(found, target.to_owned(), depth + 1);
            }
            return;
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(Json::Array(ways)) = node.get(word) {
                for (index, way) in ways.iter().enumerate() {
                    self.gather(way, format!("{pointer}/{word}/{index}"), depth + 1);
                }
                return;
            }
        }
        if node.get("type").and_then(Json::as_str) != Some("null") {
            self.forms.push((node, pointer));
        }
    }

    /// The pointer to it in the contract: `/definitions/PurchaseOrderDto`.
    pub fn pointer(&self) -> &str {
        self.forms.first().map_or("", |(_, pointer)| pointer)
    }

    /// The contract's own words about it, the first alternative of them.
    pub(crate) fn form(&self) -> Option<&'c Json> {
        self.forms.first().map(|(form, _)| *form)
    }

    fn has_type(form: &Json, wanted: &str) -> bool {
        match form.get("type") {
            Some(Json::String(found)) => found == wanted,
            Some(Json::Array(found)) => found.iter().any(|found| found == wanted),
            _ => false,
        }
    }

    /// What is wanted here.
    pub fn kind(&self) -> Kind {
        let is = |word| self.forms.iter().any(|(form, _)| Self::has_type(form, word));
        if self.forms.iter().any(|(form, _)| form.get("properties").is_some()) {
            return Kind::Object;
        }
        match (is("object"), is("array"), self.forms.iter().any(|(form, _)| form.get("type").is_some())) {
            (true, ..) => Kind::Dictionary,
            (_, true, _) => Kind::List,
            (_, _, true) => Kind::Scalar,
            _ => Kind::Any,
        }
    }

    /// The members that are named here, in the contract's order.
    pub fn members(&self) -> Vec<(&'c str, Shape<'c>)> {
        let mut members = Vec::new();
        for (form, pointer) in &self.forms {
            let Some(Json::Object(properties)) = form.get("properties") else { continue };
            members.extend(properties.iter().map(|(name, node)| {
                (name.as_str(), Shape::at(self.root, node, format!("{pointer}/properties/{}", pointer::step(name))))
            }));
        }
        members
    }

    /// A member.
    pub fn member(&self, name: &str) -> Member<'c> {
        let mut free = self.forms.is_empty();
        for (form, pointer) in &self.forms {
            if let Some(node) = form.get("properties").and_then(|properties| properties.get(name)) {
                let pointer = format!("{pointer}/properties/{}", pointer::step(name));
                return Member::Known(Shape::at(self.root, node, pointer));
            }
            let is_object = Self::has_type(form, "object");
            match form.get("additionalProperties") {
                Some(Json::Bool(false)) => {}
                Some(node @ Json::Object(_)) => {
                    return Member::Known(Shape::at(self.root, node, format!("{pointer}/additionalProperties")));
                }
                _ => free |= is_object || form.get("type").is_none(),
            }
        }
        if free { Member::Free } else { Member::Unknown }
    }

    /// The items of a list.
    pub fn item(&self) -> Option<Shape<'c>> {
        self.forms.iter().find_map(|(form, pointer)| {
            form.get("items").map(|node| Shape::at(self.root, node, format!("{pointer}/items")))
        })
    }

    /// Whether a member must be there.
    pub fn requires(&self, name: &str) -> bool {
        let requires = |form: &Json| {
            form.get("required").and_then(Json::as_array).is_some_and(|names| names.iter().any(|found| found == name))
        };
        self.forms.iter().any(|(form, _)| requires(form))
    }

    /// Members of which exactly one may be there: `availability` or `stockLevel`. The contracts say so by alternatives
    /// that each require one and forbid the others.
    pub fn exclusive(&self) -> Vec<Vec<&'c str>> {
        let rules = self.forms.iter().filter_map(|(form, _)| form.get("allOf").and_then(Json::as_array)).flatten();
        let ways = rules.filter_map(|rule| rule.get("oneOf").and_then(Json::as_array));
        let required = |way: &'c Json| {
            way.get("allOf").and_then(Json::as_array)?.iter().find_map(|rule| rule.get("required")?.get(0)?.as_str())
        };
        ways.map(|ways| ways.iter().filter_map(required).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tradewire_surface::Catalog;

    fn response(endpoint: &str) -> Shape<'static> {
        Shape::of(&Catalog::get().contracts[endpoint].response)
    }

    fn known<'c>(shape: &Shape<'c>, name: &str) -> Shape<'c> {
        match shape.member(name) {
            Member::Known(shape) => shape,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn members_are_found_through_references_and_alternatives() {
        let order = known(&Shape::of(&Catalog::get().contracts["purchaseorder"].request), "purchaseOrder");
        assert_eq!((order.pointer(), order.kind()), ("/definitions/PurchaseOrderDto", Kind::Object));
        let item = known(&order, "items").item().unwrap();
        assert_eq!(known(&item, "quantity").kind(), Kind::Scalar);
        assert!(matches!(item.member("qty"), Member::Unknown));
        assert_eq!(known(&order, "shipToAddressDto").kind(), Kind::Object, "null or an object");
    }

    #[test]
    fn dictionaries_are_free() {
        let fields = known(&Shape::of(&Catalog::get().contracts["purchaseorder"].request), "customIdentifierFields");
        assert_eq!(fields.kind(), Kind::Dictionary);
        assert_eq!(known(&fields, "whatever").kind(), Kind::Scalar);
    }

    #[test]
    fn members_that_exclude_each_other_are_told() {
        let cost = known(&response("pricing"), "vendorCosts").item().unwrap();
        assert_eq!(cost.exclusive(), [["availability", "stockLevel"]]);
        assert!(known(&cost, "costs").item().unwrap().requires("quantity"));
    }
}
