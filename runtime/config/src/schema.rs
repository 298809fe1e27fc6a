//! The JSON Schema of `tradewire.toml`, for editors.
//!
//! It is made of what the reader asks for while it reads `sample.toml`, so the two cannot disagree about keys, their kinds
//! and their words. What only the reader knows, such as whether a name is known or a cron expression is one, is left to
//! `tradewire check`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::sections;
use super::shape::{Asked, Keys, Kind, below};

/// A configuration that has every key; also what the documentation shows.
pub(super) const SAMPLE: &str = include_str!("sample.toml");

/// What each key is for.
const DESCRIPTIONS: &str = include_str!("descriptions.toml");

const NAMES: &str = "^[A-Za-z0-9_.-]{1,64}$";
const SIZE: &str = "^\\s*[0-9]+(\\.[0-9]+)?\\s*([kKmMgGtTpP]([iI]?[bB])?|[bB])?$";
const TIME: &str = "^\\s*([0-9]+\\s*(nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|\
                    hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y)\\s*)+$";

/// The schema.
pub fn schema() -> Value {
    let tables = sections::shape(SAMPLE);
    let descriptions: toml::Table = DESCRIPTIONS.parse().unwrap_or_default();
    let mut schema = Describing { tables: &tables, descriptions: &descriptions }.table("");
    let head = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Tradewire's configuration",
        "definitions": { "reference": reference(&tables, &descriptions) },
    });
    if let (Value::Object(schema), Value::Object(head)) = (&mut schema, head) {
        schema.extend(head);
    }
    schema
}

/// `{ env = "NAME" }`: exactly one place.
fn reference(tables: &BTreeMap<String, Keys>, descriptions: &toml::Table) -> Value {
    let mut reference = Describing { tables, descriptions }.table(sections::REFERENCE);
    reference["minProperties"] = 1.into();
    reference["maxProperties"] = 1.into();
    reference
}

struct Describing<'a> {
    tables: &'a BTreeMap<String, Keys>,
    descriptions: &'a toml::Table,
}

impl Describing<'_> {
    fn table(&self, table: &str) -> Value {
        let keys = self.tables.get(table);
        let keys = || keys.into_iter().flatten();
        let properties: Map<String, Value> =
            keys().map(|(key, asked)| ((*key).to_owned(), self.key(table, key, asked))).collect();
        let needed: Vec<&str> = keys().filter(|(_, asked)| asked.is_needed).map(|(key, _)| *key).collect();
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !needed.is_empty() {
            schema["required"] = needed.into();
        }
        schema
    }

    fn key(&self, table: &str, key: &str, asked: &Asked) -> Value {
        let mut kinds: Vec<Value> = asked.kinds.iter().map(|kind| self.kind(table, key, kind)).collect();
        let mut schema = match kinds.len() {
            1 => kinds.remove(0),
            _ => json!({ "anyOf": kinds }),
        };
        if let Some(text) = self.descriptions.get(table).and_then(|keys| keys.get(key)?.as_str()) {
            schema["description"] = text.into();
        }
        schema
    }

    fn kind(&self, table: &str, key: &str, kind: &Kind) -> Value {
        let own_names = |each: Value| json!({ "type": "object", "additionalProperties": each });
        // Beside a `$ref` nothing else counts, a description neither.
        let reference = json!({ "allOf": [{ "$ref": "#/definitions/reference" }] });
        let text_or_reference = json!({ "anyOf": [{ "type": "string" }, reference] });
        match kind {
            Kind::Text => json!({ "type": "string" }),
            Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Kind::Choice(words) => json!({ "enum": words }),
            Kind::Size { least, most } => json!({ "anyOf": [
                { "type": "string", "pattern": SIZE },
                { "type": "integer", "minimum": least, "maximum": most },
            ] }),
            Kind::Time => json!({ "type": "string", "pattern": TIME }),
            Kind::Count { most } => json!({ "type": "integer", "minimum": 1, "maximum": most }),
            Kind::Table => self.table(&below(table, key)),
            Kind::Tables => {
                let mut tables = own_names(self.table(&below(&below(table, key), "*")));
                tables["propertyNames"] = json!({ "pattern": NAMES });
                tables
            }
            Kind::Settings => own_names(json!({ "type": ["string", "number", "boolean"] })),
            Kind::Reference => reference,
            Kind::References => own_names(reference),
            Kind::TextsAndReferences => own_names(text_or_reference),
            Kind::Keys => json!({ "type": "array", "items": text_or_reference, "minItems": 1 }),
            Kind::Truth => json!({ "type": "boolean" }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Config;

    /// Every kind of table with its keys, as `table: key`.
    fn asked() -> Vec<String> {
        let tables = sections::shape(SAMPLE);
        let keys =
            |(table, keys): (&String, &Keys)| keys.keys().map(|key| format!("{table}: {key}")).collect::<Vec<_>>();
        tables.iter().flat_map(keys).collect()
    }

    #[test]
    fn the_sample_is_without_faults() {
        // Certificates are read, and are not there.
        let sample: Vec<&str> = SAMPLE.lines().filter(|line| !line.starts_with("ca = ")).collect();
        Config::parse("tradewire.toml", &sample.join("\n")).unwrap();
    }

    #[test]
    fn what_a_key_may_be_is_known_of_each() {
        let tables = sections::shape(SAMPLE);
        for (table, keys) in &tables {
            for (key, asked) in keys {
                assert!(!asked.kinds.is_empty(), "write `{key}` of [{table}] into sample.toml, so that it is read");
                for kind in &asked.kinds {
                    let inner = match kind {
                        Kind::Table => below(table, key),
                        Kind::Tables => below(&below(table, key), "*"),
                        _ => continue,
                    };
                    assert!(
                        tables.contains_key(&inner),
                        "write a table [{inner}] into sample.toml, so that it is read"
                    );
                }
            }
        }
    }

    #[test]
    fn each_key_is_described_and_nothing_else_is() {
        let descriptions: toml::Table = DESCRIPTIONS.parse().unwrap();
        let mut described = Vec::new();
        for (table, keys) in &descriptions {
            let keys = keys.as_table().unwrap();
            assert!(keys.values().all(|text| text.as_str().is_some_and(|text| !text.is_empty())), "{table}");
            described.extend(keys.keys().map(|key| format!("{table}: {key}")));
        }
        let (mut asked, mut described) = (asked(), described);
        asked.sort();
        described.sort();
        assert_eq!(described, asked, "left is descriptions.toml, right what the reader asks for");
    }

    #[test]
    fn words_sizes_and_times_are_those_that_the_reader_takes() {
        let tables = sections::shape(SAMPLE);
        let kinds = |table: &str, key: &str| tables[table][key].kinds.clone();
        assert_eq!(kinds("export.*", "missed"), [Kind::Choice(vec!["skip", "latest", "all"])]);
        assert_eq!(kinds("plugin.*.limits", "memory"), [Kind::Size { least: 64 << 10, most: 4 << 30 }]);
        assert_eq!(kinds("tenant.*", "client_id"), [Kind::Text, Kind::Reference]);
        assert!(tables["tenant.*"]["timezone"].is_needed && !tables["export.*"]["cron"].is_needed);
    }
}
