//! Plans for webhook events: envelopes, each with what happened.

use std::collections::HashMap;

use wasmtime::component::types::{self, Type};

use super::abi::{Layout, discriminant_size};
use super::decode::{Decode, DecodeKind, RecordField, Site, decode, result_of};
use super::mismatch::{Mismatch, describe};

/// The field of an envelope that holds what happened; all others are plain.
const EVENT: &str = "event";

/// Builds the plan for a list of envelopes.
pub(crate) fn envelopes(site: &Site<'_>, list: &types::List) -> Result<Decode, Mismatch> {
    let Layout { size, align } = Layout::of(&Type::String); // as every list
    let item = list.ty();
    let Type::Record(record) = &item else {
        return Err(site.mismatch("answer[]", describe(&item), "an envelope"));
    };
    let (layout, offsets) = Layout::fields(record.fields().map(|f| Layout::of(&f.ty)));
    let (mut fields, mut by_name) = (Vec::new(), HashMap::new());
    for (field, offset) in record.fields().zip(offsets) {
        let place = format!("answer[].{}", field.name);
        let value = match (field.name, &field.ty) {
            (EVENT, Type::Variant(variant)) => event(site, &place, variant, &field.ty)?,
            (_, ty) => result_of(ty).ok_or_else(|| site.mismatch(&place, describe(ty), "plain text"))?,
        };
        let required = !matches!(field.ty, Type::Option(_));
        by_name.insert(field.name.into(), fields.len());
        fields.push(RecordField { wire: field.name.into(), offset, value, required });
    }
    let envelope = DecodeKind::Record { fields, by_name, children: None };
    let envelope = Decode { size: layout.size, align: layout.align, kind: envelope };
    Ok(Decode { size, align, kind: DecodeKind::List(Box::new(envelope)) })
}

/// Builds the plan for what happened: the case of the type that the plugin knows, else `other`.
fn event(site: &Site<'_>, place: &str, variant: &types::Variant, ty: &Type) -> Result<Decode, Mismatch> {
    let cases = variant.cases().len();
    let (_, payload) = Layout::variant(cases, variant.cases().filter_map(|c| c.ty).map(|t| Layout::of(&t)));
    let (mut by_type, mut other) = (HashMap::new(), None);
    for (index, case) in variant.cases().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let place = format!("{place}.{}", case.name);
        match (case.name, &case.ty) {
            ("other", Some(Type::String)) => other = Some(index),
            (name, Some(ty)) => {
                // One that the catalog no longer has never arrives.
                if let Some(known) = site.surface.events.iter().find(|event| event.name == name) {
                    by_type.insert(known.wire.as_str().into(), (index, decode(site, &place, &known.payload, ty)?));
                }
            }
            (_, None) => return Err(site.mismatch(&place, "nothing", "the event's data")),
        }
    }
    let other = other.ok_or_else(|| site.mismatch(place, "a variant without `other(string)`", "one with it"))?;
    let Layout { size, align } = Layout::of(ty);
    let kind = DecodeKind::Event { discriminant: discriminant_size(cases), payload, by_type, other };
    Ok(Decode { size, align, kind })
}
