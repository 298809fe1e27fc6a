//! Rust expressions for values of the catalog's types, as the SDK's bindings spell them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heck::ToUpperCamelCase as _;
use serde_json::Value;
use tradewire_surface::{Catalog, Need, Scalar, Surface, Type, TypeDef, wit};
use wit_bindgen_rust::to_rust_ident;

/// A surface, and the interface that each of its types lives in.
pub struct Surroundings<'a> {
    pub surface: &'a Surface,
    homes: BTreeMap<String, String>,
}

impl<'a> Surroundings<'a> {
    pub fn of(surface: &'a Surface) -> Self {
        let mut homes = BTreeMap::new();
        let prefix = format!("{}/", surface.name);
        for (path, text) in wit::files(Catalog::get()) {
            let Some(interface) = path.strip_prefix(&prefix).and_then(|path| path.strip_suffix(".wit")) else {
                continue;
            };
            for line in text.lines() {
                let declared = line.strip_prefix("  record ").or_else(|| line.strip_prefix("  variant "));
                if let Some(name) = declared.and_then(|rest| rest.strip_suffix(" {")) {
                    homes.insert(name.trim_start_matches('%').to_owned(), interface.to_owned());
                }
            }
        }
        Surroundings { surface, homes }
    }

    /// The Rust module of a resource.
    pub fn module(&self, resource: &str) -> String {
        format!("tradewire_plugin::{}::{}", to_rust_ident(&self.surface.name), to_rust_ident(resource))
    }

    fn path(&self, name: &str) -> String {
        let home = self.homes.get(name).map_or("types", String::as_str);
        format!("{}::{}", self.module(home), name.to_upper_camel_case())
    }

    /// The expression of a value. What is not in it is none.
    pub fn value(&self, ty: &Type, value: &Value) -> String {
        match ty {
            Type::Scalar(scalar) => match (scalar, value) {
                (Scalar::Bool, value) => value.to_string(),
                (Scalar::S32 | Scalar::S64 | Scalar::F64, number) => number.to_string(),
                (Scalar::Json, value) => format!("{:?}.to_owned()", value.to_string()),
                (_, Value::String(text)) => format!("{text:?}.to_owned()"),
                (_, other) => format!("{:?}.to_owned()", other.to_string()),
            },
            Type::List(item) => {
                let items = value.as_array().into_iter().flatten().map(|value| self.value(item, value));
                format!("vec![{}]", items.collect::<Vec<_>>().join(", "))
            }
            Type::Map(inner) => {
                let entries = value.as_object().into_iter().flatten();
                let entries = entries.map(|(key, value)| format!("({key:?}.to_owned(), {})", self.value(inner, value)));
                format!("vec![{}]", entries.collect::<Vec<_>>().join(", "))
            }
            Type::Option(inner) => format!("Some({})", self.value(inner, value)),
            Type::Tree(_) => "vec![]".to_owned(),
            Type::Named(name) => self.named(name, value),
        }
    }

    fn named(&self, name: &str, value: &Value) -> String {
        let path = self.path(name);
        match self.surface.named(name) {
            Some(TypeDef::Enum(values)) => {
                let wire = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                match values.cases.iter().find(|case| case.wire == wire) {
                    Some(case) => format!("{path}::{}", case.name.to_upper_camel_case()),
                    None => format!("{path}::Other({wire:?}.to_owned())"),
                }
            }
            Some(TypeDef::Record(fields)) => {
                let mut text = format!("{path} {{ ");
                for (name, field) in wit::fields(fields) {
                    let expression = value.get(&field.wire).map(|value| self.value(&field.ty, value));
                    let expression = match (field.need, expression) {
                        (Need::Required, Some(expression)) => expression,
                        (Need::Optional | Need::Nullable, Some(expression)) => format!("Some({expression})"),
                        (Need::Patch, Some(expression)) => format!("Some(Some({expression}))"),
                        (_, None) => "None".to_owned(),
                    };
                    write!(text, "{}: {expression}, ", to_rust_ident(&name)).unwrap_or_default();
                }
                text + "}"
            }
            None => panic!("`{name}` of {} is not in the catalog", self.surface.name),
        }
    }

    /// Whether the bindings take it by value: numbers, truth values, and records of nothing else.
    pub fn is_copy(&self, ty: &Type) -> bool {
        match ty {
            Type::Scalar(scalar) => matches!(scalar, Scalar::Bool | Scalar::S32 | Scalar::S64 | Scalar::F64),
            Type::Option(inner) => self.is_copy(inner),
            Type::List(_) | Type::Map(_) | Type::Tree(_) => false,
            Type::Named(name) => match self.surface.named(name) {
                Some(TypeDef::Record(fields)) => wit::fields(fields).iter().all(|(_, field)| self.is_copy(&field.ty)),
                _ => false,
            },
        }
    }
}
