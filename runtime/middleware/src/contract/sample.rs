//! A document as a contract describes it: to try templates with, and to begin a pack with.
//!
//! Texts are called after their fields, so that a rendered sample shows what came from where. Of alternatives the first
//! that is not null is taken. A list outside of lists has two items, because a comma between items is where templates
//! go wrong; a list within one has one.

use serde_json::{Map, Value as Json, json};
use tradewire_liquid::{Value, pointer};

use super::Side;
use crate::shape::Member;

/// How much of a contract a sample fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Every field, and an item in every list.
    Everything,
    /// Only what the contract requires.
    Required,
}

/// Definitions within each other beyond this are left out, as are those within themselves.
const DEEPEST: usize = 16;

impl Side {
    /// A document that the contract has nothing to say against.
    pub fn sample(&self, fill: Fill) -> Value {
        let writer = Writer { root: self.schema, fill };
        let document = writer.value(self.schema, &Place::default()).unwrap_or(Json::Null);
        // What serde writes is JSON.
        Value::from_json(&document.to_string()).unwrap_or_default()
    }

    /// What the contract might have at a place of a document, such as `/purchaseOrder/items/0/quantity`; none where it
    /// says nothing of such a place.
    pub fn sample_at(&self, pointer: &str) -> Option<Value> {
        let steps = pointer::steps(pointer);
        let mut shape = self.shape();
        for step in &steps {
            shape = match (shape.item(), step.parse::<usize>()) {
                (Some(item), Ok(_)) => item,
                _ => match shape.member(step) {
                    Member::Known(member) => member,
                    Member::Free | Member::Unknown => return None,
                },
            };
        }
        let writer = Writer { root: self.schema, fill: Fill::Everything };
        let name = steps.last().map_or("", String::as_str);
        let value = writer.value(shape.form()?, &Place { name, ..Place::default() })?;
        Value::from_json(&value.to_string()).ok()
    }
}

/// Where in the document the writer is.
#[derive(Clone, Default)]
struct Place<'s> {
    /// The field's name, which texts repeat.
    name: &'s str,
    /// The number of the item of the outermost list.
    item: Option<usize>,
    /// The definitions that it is in.
    within: Vec<&'s str>,
}

struct Writer<'s> {
    root: &'s Json,
    fill: Fill,
}

impl<'s> Writer<'s> {
    /// None where the schema only leads back into itself.
    fn value(&self, schema: &'s Json, place: &Place<'s>) -> Option<Json> {
        if let Some(reference) = schema["$ref"].as_str() {
            if place.within.contains(&reference) || place.within.len() == DEEPEST {
                return None;
            }
            let within = place.within.iter().copied().chain([reference]).collect();
            let found = self.root.pointer(reference.trim_start_matches('#'))?;
            return self.value(found, &Place { within, ..place.clone() });
        }
        if let Some(first) = schema["enum"].as_array().and_then(|cases| cases.first()) {
            return Some(first.clone());
        }
        let kind = kind(schema);
        if kind.is_none()
            && let Some(alternatives) = ["oneOf", "anyOf", "allOf"].iter().find_map(|word| schema[word].as_array())
        {
            return alternatives.iter().filter(|one| one["type"] != "null").find_map(|one| self.value(one, place));
        }
        match kind.unwrap_or("string") {
            "object" => Some(self.object(schema, place)),
            "array" => Some(self.list(schema, place)),
            "boolean" => Some(json!(true)),
            "integer" => Some(json!(schema["minimum"].as_i64().unwrap_or(1).max(1))),
            "number" => Some(json!(schema["minimum"].as_f64().unwrap_or(1.0).max(1.25))),
            "null" => Some(Json::Null),
            _ => Some(json!(text(schema, place))),
        }
    }

    fn object(&self, schema: &'s Json, place: &Place<'s>) -> Json {
        let mut demands = Demands::default();
        demands.read(schema);
        let mut members = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let needed = demands.needed.contains(&name.as_str());
            // `$schema` says where the contract is; it is no field of the document's.
            let wanted = self.fill == Fill::Everything && !name.starts_with('$');
            if needed || wanted && !demands.barred.contains(&name.as_str()) {
                let value = self.value(member, &Place { name, ..place.clone() });
                members.extend(value.map(|value| (name.clone(), value)));
            }
        }
        let free = &schema["additionalProperties"];
        if self.fill == Fill::Everything && members.is_empty() && free.is_object() {
            let value = self.value(free, place);
            members.extend(value.map(|value| ("field".to_owned(), value)));
        }
        Json::Object(members)
    }

    fn list(&self, schema: &'s Json, place: &Place<'s>) -> Json {
        let least = schema["minItems"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0);
        let usual = match (self.fill, place.item) {
            (Fill::Required, _) => 0,
            (Fill::Everything, None) => 2,
            (Fill::Everything, Some(_)) => 1,
        };
        let items = 1..=usual.max(least);
        let item = |number| self.value(&schema["items"], &Place { item: place.item.or(Some(number)), ..place.clone() });
        Json::Array(items.filter_map(item).collect())
    }
}

/// The type of a schema; of several the first that is not null.
fn kind(schema: &Json) -> Option<&str> {
    match &schema["type"] {
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null").or(Some("null")),
        kind => kind.as_str(),
    }
}

fn text(schema: &Json, place: &Place<'_>) -> String {
    if let Some(default) = schema["default"].as_str() {
        return default.to_owned();
    }
    match schema["format"].as_str() {
        Some("date-time") => "2026-03-04T14:39:07Z".to_owned(),
        Some("date") => "2026-03-04".to_owned(),
        _ => match place.item {
            Some(number) => format!("{}-{number}", place.name),
            None => place.name.to_owned(),
        },
    }
}

/// Which members an object must and must not have, beyond what `properties` says.
#[derive(Default)]
struct Demands<'s> {
    needed: Vec<&'s str>,
    barred: Vec<&'s str>,
}

impl<'s> Demands<'s> {
    fn read(&mut self, schema: &'s Json) {
        let list = |word: &str| schema[word].as_array().into_iter().flatten();
        self.needed.extend(list("required").filter_map(Json::as_str));
        list("allOf").for_each(|part| self.read(part));
        list("anyOf").take(1).chain(list("oneOf").take(1)).for_each(|part| self.read(part));
        if schema["not"].is_object() {
            let mut not = Demands::default();
            let all = schema["not"]["anyOf"].as_array().into_iter().flatten();
            std::iter::once(&schema["not"]).chain(all).for_each(|part| not.read(part));
            self.barred.extend(not.needed);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_surface::Catalog;

    use super::*;
    use crate::contract::Contract;

    #[test]
    fn samples_of_every_contract_are_what_it_says() {
        for endpoint in Catalog::get().contracts.keys() {
            let contract = Contract::of(endpoint).unwrap();
            for (side, which) in [(&contract.request, "request"), (&contract.response, "response")] {
                for fill in [Fill::Everything, Fill::Required] {
                    let sample = side.sample(fill);
                    assert_eq!(side.breaches(&sample), [], "{endpoint} {which} {fill:?}: {sample}");
                }
            }
        }
    }

    #[test]
    fn everything_is_filled_in_and_named_after_its_field() {
        let sample = Contract::of("purchaseorder").unwrap().request.sample(Fill::Everything);
        let order = sample.get("purchaseOrder").unwrap();
        assert_eq!(sample.get("accountId").and_then(Value::as_text), Some("accountId"));
        let Some(Value::List(items)) = order.get("items") else { panic!("{order}") };
        assert_eq!(items.len(), 2);
        assert_eq!(items[1].get("vendorPartNumber").and_then(Value::as_text), Some("vendorPartNumber-2"));
        let Some(Value::Object(product)) = items[0].get("catalogData") else { panic!("{order}") };
        assert!(product.get("assets").is_some_and(|assets| *assets != Value::List(Vec::new())));
    }

    #[test]
    fn of_fields_that_exclude_each_other_one_is_filled_in() {
        let sample = Contract::of("stock-level").unwrap().response.sample(Fill::Everything);
        let Some(Value::List(levels)) = sample.get("stockLevels") else { panic!("{sample}") };
        assert!(levels[0].get("availability").is_some() && levels[0].get("stockLevel").is_none());
    }

    #[test]
    fn a_place_of_its_own_can_be_filled_in() {
        let response = Contract::of("pricing").unwrap().response;
        assert_eq!(response.sample_at("/vendorCosts/0/stockLevel"), Some(Value::from(1)));
        assert_eq!(response.sample_at("/errorCode"), Some("errorCode".into()));
        assert_eq!(response.sample_at("/vendorCosts/0/nothing"), None);
    }

    #[test]
    fn what_is_not_required_is_left_out() {
        let sample = Contract::of("purchaseorder").unwrap().request.sample(Fill::Required);
        assert_eq!(sample, Value::object::<&str>([]));
    }
}
