//! A page of customers, of the shape that the catalog gives them.

use serde_json::{Map, Value, json};
use tradewire_surface::{Catalog, Scalar, Surface, Type, TypeDef};

/// Whom a page is for.
#[derive(Clone, Copy, PartialEq)]
pub enum For {
    /// As ServiceTitan sends it.
    Wire,
    /// For derived parsers of generated types: with the field names of Rust, and decimals as text.
    Derived,
}

/// A page of so many records.
pub fn customers(records: usize, reader: For) -> Vec<u8> {
    let surface = &Catalog::get().surfaces["crm"];
    let page = Type::Named("customer".to_owned());
    let data: Vec<Value> = (0..records).map(|n| value(surface, &page, n, reader)).collect();
    let envelope = [("page", json!(1)), ("pageSize", json!(records)), ("hasMore", json!(true)), ("data", json!(data))];
    let envelope: Map<String, Value> = envelope.into_iter().map(|(k, v)| (name(k, reader), v)).collect();
    serde_json::to_vec(&envelope).unwrap()
}

fn value(surface: &Surface, ty: &Type, n: usize, reader: For) -> Value {
    match ty {
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => json!(n.is_multiple_of(3)),
            Scalar::S32 => json!(n % 1000),
            Scalar::S64 => json!(100_000_000 + n),
            Scalar::F64 => json!(n as f64 / 7.0),
            Scalar::Decimal if reader == For::Derived => json!("1234.56"),
            Scalar::Decimal => json!(1234.56),
            Scalar::Date => json!("2025-10-13"),
            Scalar::DateTime => json!("2025-10-13T14:15:16.1234567Z"),
            _ => json!(format!("Some text {n}")),
        },
        Type::List(item) => Value::Array((0..n % 2).map(|_| value(surface, item, n, reader)).collect()),
        Type::Option(inner) => value(surface, inner, n, reader),
        Type::Map(_) | Type::Tree(_) => json!({}),
        Type::Named(named) => match &surface.types[named] {
            TypeDef::Record(fields) => fields
                .iter()
                .map(|field| {
                    let null = field.nullable && n.is_multiple_of(4);
                    let value = if null { Value::Null } else { value(surface, &field.ty, n, reader) };
                    (name(&field.wire, reader), value)
                })
                .collect(),
            TypeDef::Enum(values) => json!(values.cases[n % values.cases.len()].wire),
        },
    }
}

fn name(wire: &str, reader: For) -> String {
    match (reader, wire) {
        (For::Wire, _) => wire.to_owned(),
        (For::Derived, "type") => "type_".to_owned(),
        (For::Derived, _) => tradewire_surface::names::kebab(wire).replace('-', "_"),
    }
}
