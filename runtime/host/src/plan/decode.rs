//! Plans for answers: from JSON to a component's values.

use std::collections::HashMap;

use tradewire_surface::{Enum, EnumWire, Field, Need, Scalar, Surface, Type as Wire, TypeDef, wit};
use wasmtime::component::types::{self, Type};

use super::abi::{Layout, discriminant_size};
use super::mismatch::{Mismatch, describe};

/// How a JSON value becomes a value of the component.
#[derive(Debug)]
pub(crate) struct Decode {
    /// How many bytes the value takes in the component's memory.
    pub size: u32,
    /// Its alignment there.
    pub align: u32,
    /// What it is.
    pub kind: DecodeKind,
}

#[derive(Debug)]
pub(crate) enum DecodeKind {
    Bool,
    Number(Number),
    /// Text; a number or a boolean arrives as its own text.
    Text,
    /// A number's own text, also where it arrives inside a string.
    Decimal,
    /// Any JSON, as its own text.
    Json,
    Option {
        payload: u32,
        value: Box<Decode>,
    },
    List(Box<Decode>),
    /// An object with free keys: a list of pairs.
    Map {
        value_offset: u32,
        pair: Layout,
        value: Box<Decode>,
    },
    Record {
        fields: Vec<RecordField>,
        by_name: HashMap<Box<str>, usize>,
        /// The field that holds children of the record's own type: they follow it in its list.
        children: Option<Box<str>>,
    },
    /// One word of several.
    Words {
        discriminant: u32,
        by_word: HashMap<Box<str>, u32>,
        /// The case that takes an unknown word, and where its text goes.
        other: Option<(u32, u32)>,
    },
    /// An object whose one member is named by the type of an event and holds its data.
    Event {
        discriminant: u32,
        payload: u32,
        by_type: HashMap<Box<str>, (u32, Decode)>,
        /// The case that takes the text of what is unknown, or not as it should be.
        other: u32,
    },
}

/// The numbers that JSON's become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    S32,
    S64,
    U16,
    F64,
}

#[derive(Debug)]
pub(crate) struct RecordField {
    pub wire: Box<str>,
    pub offset: u32,
    pub value: Decode,
    /// Whether the record cannot be without it. A list that is missing or null is empty.
    pub required: bool,
}

/// Where a plan is being built.
pub(crate) struct Site<'a> {
    pub surface: &'a Surface,
    pub operation: &'a str,
}

impl Site<'_> {
    pub fn mismatch(&self, place: &str, plugin: impl Into<String>, catalog: impl Into<String>) -> Mismatch {
        Mismatch {
            operation: self.operation.to_owned(),
            place: place.to_owned(),
            plugin: plugin.into(),
            catalog: catalog.into(),
        }
    }
}

/// Builds the plan for a type of the catalog and the component's type in its place.
pub(crate) fn decode(site: &Site<'_>, place: &str, wire: &Wire, ty: &Type) -> Result<Decode, Mismatch> {
    let Layout { size, align } = Layout::of(ty);
    let fault = || site.mismatch(place, describe(ty), format!("`{wire}`"));
    let kind = match (wire, ty) {
        (Wire::Option(inner), Type::Option(option)) => return optional(site, place, inner, option, ty),
        (_, Type::Option(option)) => return optional(site, place, wire, option, ty),
        (Wire::Scalar(scalar), _) => scalar_kind(*scalar, ty).ok_or_else(fault)?,
        (Wire::List(item), Type::List(list)) => {
            DecodeKind::List(Box::new(decode(site, &format!("{place}[]"), item, &list.ty())?))
        }
        (Wire::Map(value), Type::List(list)) => map(site, place, value, &list.ty()).ok_or_else(fault)??,
        (Wire::Named(name), _) => match (site.surface.named(name), ty) {
            (Some(TypeDef::Record(fields)), Type::Record(record)) => record_kind(site, place, fields, record)?,
            (Some(TypeDef::Enum(values)), Type::Variant(variant)) => words(values, variant)
                .ok_or_else(|| site.mismatch(place, "a variant without `other(string)`", format!("`{wire}`")))?,
            _ => return Err(fault()),
        },
        _ => return Err(fault()),
    };
    Ok(Decode { size, align, kind })
}

fn optional(
    site: &Site<'_>,
    place: &str,
    wire: &Wire,
    option: &types::OptionType,
    ty: &Type,
) -> Result<Decode, Mismatch> {
    let value = decode(site, place, wire, &option.ty())?;
    Ok(some_of(value, Layout::of(ty)))
}

fn some_of(value: Decode, layout: Layout) -> Decode {
    let (_, payload) = Layout::variant(2, [Layout { size: value.size, align: value.align }]);
    let kind = DecodeKind::Option { payload, value: Box::new(value) };
    Decode { size: layout.size, align: layout.align, kind }
}

fn scalar_kind(scalar: Scalar, ty: &Type) -> Option<DecodeKind> {
    Some(match (scalar, ty) {
        (Scalar::Bool, Type::Bool) => DecodeKind::Bool,
        (Scalar::S32, Type::S32) => DecodeKind::Number(Number::S32),
        (Scalar::S32 | Scalar::S64, Type::S64) => DecodeKind::Number(Number::S64),
        (Scalar::F64, Type::Float64) => DecodeKind::Number(Number::F64),
        (Scalar::Decimal, Type::String) => DecodeKind::Decimal,
        (Scalar::Json, Type::String) => DecodeKind::Json,
        (Scalar::Bool | Scalar::S32 | Scalar::S64 | Scalar::F64, _) => return None,
        (_, Type::String) => DecodeKind::Text,
        _ => return None,
    })
}

fn map(site: &Site<'_>, place: &str, value: &Wire, pair: &Type) -> Option<Result<DecodeKind, Mismatch>> {
    let Type::Tuple(tuple) = pair else { return None };
    let mut types = tuple.types();
    let (Some(Type::String), Some(value_type), None) = (types.next(), types.next(), types.next()) else { return None };
    let value = match decode(site, &format!("{place}{{}}"), value, &value_type) {
        Ok(value) => value,
        Err(mismatch) => return Some(Err(mismatch)),
    };
    let (_, offsets) = Layout::fields([Layout::of(&Type::String), Layout::of(&value_type)]);
    let pair = Layout::of(pair);
    Some(Ok(DecodeKind::Map { value_offset: offsets[1], pair, value: Box::new(value) }))
}

fn record_kind(site: &Site<'_>, place: &str, known: &[Field], record: &types::Record) -> Result<DecodeKind, Mismatch> {
    let named = wit::fields(known);
    let (_, offsets) = Layout::fields(record.fields().map(|f| Layout::of(&f.ty)));
    let mut fields = Vec::new();
    let mut by_name = HashMap::new();
    for (wanted, offset) in record.fields().zip(offsets) {
        let place = format!("{place}.{}", wanted.name);
        let Some((_, field)) = named.iter().find(|(name, _)| name == wanted.name) else {
            if matches!(wanted.ty, Type::Option(_)) {
                continue; // gone, and optional: stays none
            }
            return Err(site.mismatch(&place, describe(&wanted.ty), "no such field"));
        };
        let required = !matches!(wanted.ty, Type::Option(_));
        if required && field.need != Need::Required {
            return Err(site.mismatch(&place, describe(&wanted.ty), format!("optionally `{}`", field.ty)));
        }
        let value = decode(site, &place, &field.ty, &wanted.ty)?;
        let required = required && !matches!(value.kind, DecodeKind::List(_));
        by_name.insert(field.wire.as_str().into(), fields.len());
        fields.push(RecordField { wire: field.wire.as_str().into(), offset, value, required });
    }
    let children = known.iter().find(|f| matches!(f.ty, Wire::Tree(_))).map(|f| f.wire.as_str().into());
    Ok(DecodeKind::Record { fields, by_name, children })
}

fn words(values: &Enum, variant: &types::Variant) -> Option<DecodeKind> {
    let cases = variant.cases().len();
    let (_, payload) = Layout::variant(cases, variant.cases().filter_map(|c| c.ty).map(|t| Layout::of(&t)));
    let mut by_word = HashMap::new();
    let mut other = None;
    for (index, case) in variant.cases().enumerate() {
        let index = u32::try_from(index).ok()?;
        match case.ty {
            None => {
                // A case that the catalog no longer has never arrives.
                if let Some(known) = values.cases.iter().find(|c| c.name == case.name) {
                    by_word.insert(known.wire.as_str().into(), index);
                    // Values declared as numbers are seen as words, and the other way round.
                    if values.wire == EnumWire::Number {
                        by_word.insert(known.name.as_str().into(), index);
                    }
                }
            }
            Some(Type::String) if case.name == "other" => other = Some((index, payload)),
            Some(_) => return None,
        }
    }
    other?;
    Some(DecodeKind::Words { discriminant: discriminant_size(cases), by_word, other })
}

/// A plan for one of our own types, whose fields are plain names on both sides (errors, raw answers): the JSON that
/// the host writes uses the names of WIT.
pub(crate) fn result_of(ty: &Type) -> Option<Decode> {
    let Layout { size, align } = Layout::of(ty);
    let kind = match ty {
        Type::Bool => DecodeKind::Bool,
        Type::U16 => DecodeKind::Number(Number::U16),
        Type::S32 => DecodeKind::Number(Number::S32),
        Type::S64 => DecodeKind::Number(Number::S64),
        Type::Float64 => DecodeKind::Number(Number::F64),
        Type::String => DecodeKind::Text,
        Type::Option(option) => return Some(some_of(result_of(&option.ty())?, Layout { size, align })),
        Type::List(list) => DecodeKind::List(Box::new(result_of(&list.ty())?)),
        Type::Record(record) => {
            let (_, offsets) = Layout::fields(record.fields().map(|f| Layout::of(&f.ty)));
            let mut fields = Vec::new();
            let mut by_name = HashMap::new();
            for (field, offset) in record.fields().zip(offsets) {
                by_name.insert(field.name.into(), fields.len());
                let required = !matches!(field.ty, Type::Option(_));
                fields.push(RecordField { wire: field.name.into(), offset, value: result_of(&field.ty)?, required });
            }
            DecodeKind::Record { fields, by_name, children: None }
        }
        Type::Variant(variant) => {
            let cases = variant.cases().len();
            let (_, payload) = Layout::variant(cases, variant.cases().filter_map(|c| c.ty).map(|t| Layout::of(&t)));
            let mut by_word = HashMap::new();
            let mut other = None;
            for (index, case) in variant.cases().enumerate() {
                let index = u32::try_from(index).ok()?;
                match case.ty {
                    None => drop(by_word.insert(case.name.into(), index)),
                    Some(Type::String) if case.name == "other" => other = Some((index, payload)),
                    Some(_) => return None,
                }
            }
            DecodeKind::Words { discriminant: discriminant_size(cases), by_word, other }
        }
        _ => return None,
    };
    Some(Decode { size, align, kind })
}
