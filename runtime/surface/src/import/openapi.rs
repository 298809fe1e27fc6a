//! The part of OpenAPI 3.1 that ServiceTitan's documents use.

use indexmap::IndexMap;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub info: Info,
    #[serde(default)]
    pub servers: Vec<Server>,
    pub paths: IndexMap<String, IndexMap<String, Operation>>,
    pub components: Components,
    #[serde(default, rename = "x-events")]
    pub events: IndexMap<String, Schema>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub title: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Server {
    pub url: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Components {
    pub schemas: IndexMap<String, Schema>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub tags: Vec<String>,
    pub operation_id: String,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    pub request_body: Option<Content>,
    pub responses: IndexMap<String, Content>,
    #[serde(default)]
    pub security: Vec<IndexMap<String, Vec<String>>>,
    #[serde(default)]
    pub deprecated: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Parameter {
    pub name: String,
    #[serde(rename = "in")]
    pub place: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub description: String,
    pub schema: Schema,
}

#[derive(Debug, Deserialize)]
pub(super) struct Content {
    #[serde(default)]
    pub content: IndexMap<String, Media>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Media {
    pub schema: Option<Schema>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "type")]
    pub types: Types,
    pub format: Option<String>,
    pub properties: IndexMap<String, Schema>,
    pub required: Vec<String>,
    pub items: Option<Box<Schema>>,
    pub additional_properties: Option<Additional>,
    pub one_of: Vec<Schema>,
    pub any_of: Vec<Schema>,
    #[serde(rename = "enum")]
    pub values: Vec<serde_json::Value>,
    #[serde(rename = "x-enumNames")]
    pub value_names: Vec<String>,
    pub nullable: bool,
    pub max_length: Option<u32>,
}

/// `"type": "string"` or `"type": ["string", "null"]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Types {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Types {
    /// The type that is not `null`.
    pub fn main(&self) -> Option<&str> {
        match self {
            Types::None => None,
            Types::One(t) => Some(t.as_str()).filter(|t| *t != "null"),
            Types::Many(types) => types.iter().map(String::as_str).find(|t| *t != "null"),
        }
    }

    pub fn allow_null(&self) -> bool {
        match self {
            Types::None => false,
            Types::One(t) => t == "null",
            Types::Many(types) => types.iter().any(|t| t == "null"),
        }
    }
}

/// `additionalProperties: false` or a schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Additional {
    Allowed(#[allow(dead_code)] bool),
    Schema(Box<Schema>),
}

impl Schema {
    /// The name in a `$ref`, and whether `null` is allowed beside it.
    pub fn named(&self) -> Option<(&str, bool)> {
        if let Some(reference) = &self.reference {
            return Some((reference.rsplit('/').next().unwrap_or(reference), self.nullable));
        }
        let null = |s: &Schema| matches!(&s.types, Types::One(t) if t == "null");
        let mut rest = self.one_of.iter().filter(|s| !null(s));
        match (rest.next(), rest.next()) {
            (Some(one), None) => one.named().map(|(n, nullable)| {
                let nullable = nullable || self.nullable || self.types.allow_null() || self.one_of.iter().any(null);
                (n, nullable)
            }),
            _ => None,
        }
    }

    /// Whether it describes nothing at all.
    pub fn is_open(&self) -> bool {
        self.types.main().is_none() && self.named().is_none() && self.any_of.is_empty()
    }
}
