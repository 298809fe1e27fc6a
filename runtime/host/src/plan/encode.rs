//! Plans for arguments: from a component's values to the query and body of a request.

use tradewire_surface::{EnumWire, Field, Need, Scalar, Type as Wire, TypeDef, wit};
use wasmtime::component::types::{self, Type};

use super::decode::Site;
use super::mismatch::{Mismatch, describe};

/// How a value of the component becomes JSON. Fields and cases are by position: a lifted value has no names.
#[derive(Debug)]
pub(crate) enum Encode {
    Bool,
    Number,
    Text,
    /// Text that holds a number, sent as a number.
    Decimal,
    /// Text that holds JSON, sent as it is.
    Json,
    Option(Box<Encode>),
    List(Box<Encode>),
    Map(Box<Encode>),
    Record(Vec<EncodeField>),
    /// One word of several: what each case sends; none is the case that holds its own text.
    Words {
        cases: Vec<Option<Box<str>>>,
        wire: EnumWire,
    },
}

#[derive(Debug)]
pub(crate) struct EncodeField {
    pub wire: Box<str>,
    pub value: Encode,
    pub absent: Absent,
}

/// What a none of a field means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// There is none.
    Never,
    /// It is left out.
    LeftOut,
    /// It is sent as null.
    Null,
    /// The outer none is left out, the inner one is null.
    Patch,
}

/// Builds the plan for a type of the catalog and the component's type in its place.
pub(crate) fn encode(site: &Site<'_>, place: &str, wire: &Wire, ty: &Type) -> Result<Encode, Mismatch> {
    let fault = || site.mismatch(place, describe(ty), format!("`{wire}`"));
    Ok(match (wire, ty) {
        (Wire::Option(inner), Type::Option(option)) => {
            Encode::Option(Box::new(encode(site, place, inner, &option.ty())?))
        }
        (Wire::Option(inner), _) => encode(site, place, inner, ty)?,
        (Wire::Scalar(scalar), _) => scalar_plan(*scalar, ty).ok_or_else(fault)?,
        (Wire::List(item), Type::List(list)) => {
            Encode::List(Box::new(encode(site, &format!("{place}[]"), item, &list.ty())?))
        }
        (Wire::Map(value), Type::List(list)) => {
            let Type::Tuple(pair) = list.ty() else { return Err(fault()) };
            let mut types = pair.types();
            let (Some(Type::String), Some(value_type), None) = (types.next(), types.next(), types.next()) else {
                return Err(fault());
            };
            Encode::Map(Box::new(encode(site, &format!("{place}{{}}"), value, &value_type)?))
        }
        (Wire::Named(name), _) => match (site.surface.named(name), ty) {
            (Some(TypeDef::Record(known)), Type::Record(record)) => record_plan(site, place, known, record)?,
            (Some(TypeDef::Enum(values)), Type::Variant(variant)) => {
                let mut cases = Vec::new();
                for case in variant.cases() {
                    cases.push(match (&case.ty, values.cases.iter().find(|c| c.name == case.name)) {
                        (Some(Type::String), _) => None,
                        (None, Some(known)) => Some(known.wire.as_str().into()),
                        _ => {
                            return Err(site.mismatch(place, format!("the value `{}`", case.name), "no such value"));
                        }
                    });
                }
                Encode::Words { cases, wire: values.wire }
            }
            _ => return Err(fault()),
        },
        _ => return Err(fault()),
    })
}

fn scalar_plan(scalar: Scalar, ty: &Type) -> Option<Encode> {
    Some(match (scalar, ty) {
        (Scalar::Bool, Type::Bool) => Encode::Bool,
        (Scalar::S32, Type::S32) | (Scalar::S64, Type::S32 | Type::S64) | (Scalar::F64, Type::Float64) => {
            Encode::Number
        }
        (Scalar::Decimal, Type::String) => Encode::Decimal,
        (Scalar::Json, Type::String) => Encode::Json,
        (Scalar::Bool | Scalar::S32 | Scalar::S64 | Scalar::F64, _) => return None,
        (_, Type::String) => Encode::Text,
        _ => return None,
    })
}

fn record_plan(site: &Site<'_>, place: &str, known: &[Field], record: &types::Record) -> Result<Encode, Mismatch> {
    let named = wit::fields(known);
    let fields: Vec<(&str, Need, &str, &Wire)> =
        named.iter().map(|(name, f)| (name.as_str(), f.need, f.wire.as_str(), &f.ty)).collect();
    fields_plan(site, place, &fields, record)
}

/// The plan for a record whose fields are known by name, need, name on the wire and type.
pub(crate) fn fields_plan(
    site: &Site<'_>,
    place: &str,
    known: &[(&str, Need, &str, &Wire)],
    record: &types::Record,
) -> Result<Encode, Mismatch> {
    let mut fields = Vec::new();
    for given in record.fields() {
        let place = format!("{place}.{}", given.name);
        let Some((_, need, wire, ty)) = known.iter().find(|(name, ..)| *name == given.name) else {
            return Err(site.mismatch(&place, describe(&given.ty), "no such field"));
        };
        let wanted = |what: &str| site.mismatch(&place, describe(&given.ty), format!("{what} `{ty}`"));
        // An option of the component is peeled off here where it says "absent"; what is left is the value's own.
        let (absent, inner) = match (need, &given.ty) {
            (Need::Required, Type::Option(_)) if !matches!(ty, Wire::Option(_)) => return Err(wanted("always")),
            (Need::Required, ty) => (Absent::Never, ty.clone()),
            (Need::Patch, Type::Option(outer)) => match outer.ty() {
                Type::Option(inner) => (Absent::Patch, inner.ty()),
                inner => (Absent::LeftOut, inner),
            },
            (Need::Optional, Type::Option(outer)) => match outer.ty() {
                Type::Option(_) => return Err(wanted("optionally, but never null,")),
                inner => (Absent::LeftOut, inner),
            },
            (Need::Nullable, Type::Option(outer)) => (Absent::Null, outer.ty()),
            (_, ty) => (Absent::Never, ty.clone()),
        };
        fields.push(EncodeField { wire: (*wire).into(), value: encode(site, &place, ty, &inner)?, absent });
    }
    for (name, need, _, ty) in known {
        if *need == Need::Required && !record.fields().any(|f| f.name == *name) {
            return Err(site.mismatch(&format!("{place}.{name}"), "no such field", format!("always `{ty}`")));
        }
    }
    Ok(Encode::Record(fields))
}
