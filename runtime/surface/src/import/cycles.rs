//! Schemas that lead back to themselves. A tree of records is told elsewhere; everything else of the kind has no type, and
//! whoever follows its references would never come to an end.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::openapi::{Additional, Schema};
use crate::types::{Type, TypeDef};

/// The first schema that leads back to itself without a type on the way.
pub(super) fn of_references(schemas: &IndexMap<String, Schema>, is_type: impl Fn(&Schema) -> bool) -> Option<&str> {
    let next = |name: &str| {
        let mut names = Vec::new();
        if let Some(schema) = schemas.get(name).filter(|schema| !is_type(schema) || schema.named().is_some()) {
            references(schema, &mut names);
        }
        names
    };
    first(schemas.keys().map(String::as_str), next)
}

/// The first record that holds itself.
pub(super) fn of_records(types: &IndexMap<String, TypeDef>) -> Option<&str> {
    let next = |name: &str| {
        let mut names = Vec::new();
        if let Some(TypeDef::Record(fields)) = types.get(name) {
            fields.iter().for_each(|field| named(&field.ty, &mut names));
        }
        names
    };
    first(types.keys().map(String::as_str), next)
}

/// The first name that is among those it leads to. Without recursion: chains may be as long as a document.
fn first<'n>(names: impl Iterator<Item = &'n str>, next: impl Fn(&str) -> Vec<&'n str>) -> Option<&'n str> {
    let mut done = HashSet::new();
    for name in names {
        let mut open = vec![(name, next(name))];
        let mut around = HashSet::from([name]);
        while let Some((name, rest)) = open.last_mut() {
            match rest.pop() {
                Some(other) if around.contains(other) => return Some(other),
                Some(other) if done.contains(other) => {}
                Some(other) => {
                    around.insert(other);
                    open.push((other, next(other)));
                }
                None => {
                    around.remove(name);
                    done.insert(*name);
                    open.pop();
                }
            }
        }
    }
    None
}

/// What a schema refers to, itself and inside. How deep it is nested is bounded by the parser.
fn references<'s>(schema: &'s Schema, names: &mut Vec<&'s str>) {
    if let Some((name, _)) = schema.named() {
        return names.push(name);
    }
    schema.properties.values().chain(schema.items.as_deref()).for_each(|part| references(part, names));
    if let Some(Additional::Schema(value)) = &schema.additional_properties {
        references(value, names);
    }
}

fn named<'t>(ty: &'t Type, names: &mut Vec<&'t str>) {
    match ty {
        Type::Named(name) => names.push(name),
        Type::List(inner) | Type::Option(inner) | Type::Map(inner) => named(inner, names),
        Type::Scalar(_) | Type::Tree(_) => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::import::{Source, Sources, import};

    /// What the importer says to a document with these schemas, whose one operation answers the first.
    fn told(schemas: &str) -> Result<usize, String> {
        let first = schemas.split('"').nth(1).unwrap();
        let text = format!(
            r##"{{ "info": {{ "title": "Things" }}, "components": {{ "schemas": {{ {schemas} }} }},
            "paths": {{ "/things": {{ "get": {{ "tags": ["Things"], "operationId": "Things_Get",
            "security": [{{ "oauth": ["tn.thg.things:r"] }}], "responses": {{ "200": {{ "content": {{
            "application/json": {{ "schema": {{ "$ref": "#/components/schemas/{first}" }} }} }} }} }} }} }} }} }}"##
        );
        let documents = vec![Source { name: "things-v2.json".to_owned(), text }];
        let imported = import(&Sources { documents, ..Sources::default() });
        imported.map(|imported| imported.catalog.surfaces["things"].types.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_leads_back_to_itself_without_a_type_is_refused() {
        for schemas in [
            r##""A": { "$ref": "#/components/schemas/A" }"##,
            r##""A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" }"##,
            r##""A": { "type": "array", "items": { "$ref": "#/components/schemas/A" } }"##,
            r##""A": { "type": "object", "additionalProperties": { "$ref": "#/components/schemas/A" } }"##,
            r##""A": { "$ref": "#/components/schemas/A", "properties": { "b": { "type": "string" } } }"##,
        ] {
            let told = told(schemas).unwrap_err();
            assert_eq!(told, "things-v2.json: A: the schema is nothing but a reference to itself", "{schemas}");
        }
    }

    #[test]
    fn a_record_that_holds_itself_is_refused_unless_it_is_a_tree() {
        let within = |field: &str| told(&format!(r#""A": {{ "properties": {{ "b": {field} }} }}"#));
        assert_eq!(within(r##"{ "type": "array", "items": { "$ref": "#/components/schemas/A" } }"##), Ok(1));
        let told = within(r##"{ "$ref": "#/components/schemas/A" }"##).unwrap_err();
        assert_eq!(told, "things-v2.json: a: the record holds itself, and not as a list of children");
    }
}
