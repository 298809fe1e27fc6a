//! What templates read of ServiceTitan's answers that the catalog does not have.

use tradewire_liquid::reads::{Segment, dotted};
use tradewire_surface::{Answer, Scalar, Surface, Type, TypeDef};

use super::reads::lacking;
use crate::fault::Fault;
use crate::servicetitan::Target;

/// Follows a path through the answer of the operation that it begins with, to where its type ends.
pub(super) fn unknown(operation: &str, path: &[Segment]) -> Option<Fault> {
    // The template was parsed, so there is such an operation.
    let target = Target::named(operation)?;
    let surface = target.operation.surface;
    let Answer::Json(whole) = &target.operation.operation.answer else { return None };
    let mut ty = if target.pages { member(surface, whole, "data")? } else { whole };
    for (index, segment) in path.iter().enumerate().skip(1) {
        ty = match (segment, plain(ty)) {
            (Segment::Item | Segment::Computed, Type::List(item)) => item,
            (Segment::Member(name), Type::List(item)) if matches!(&**name, "first" | "last") => item,
            (Segment::Member(_), Type::Map(value)) => value,
            (_, Type::Tree(_) | Type::Scalar(Scalar::Json))
            | (Segment::Item | Segment::Computed | Segment::Answer(_), _) => {
                return None;
            }
            (Segment::Member(name), found) => match member(surface, found, name) {
                Some(member) => member,
                None => {
                    let what = format!("`{}` has no `{name}` in ServiceTitan's answer", dotted(&path[..index]));
                    return Some(lacking(&what, name, members(surface, found)));
                }
            },
        };
    }
    None
}

/// A type, without its being optional.
fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Option(inner) => plain(inner),
        other => other,
    }
}

fn fields<'s>(surface: &'s Surface, ty: &Type) -> &'s [tradewire_surface::Field] {
    match plain(ty) {
        Type::Named(name) => match surface.named(name) {
            Some(TypeDef::Record(fields)) => fields,
            _ => &[],
        },
        _ => &[],
    }
}

fn member<'s>(surface: &'s Surface, ty: &Type, name: &str) -> Option<&'s Type> {
    fields(surface, ty).iter().find(|field| field.wire == name).map(|field| &field.ty)
}

fn members<'s>(surface: &'s Surface, ty: &Type) -> impl Iterator<Item = &'s str> {
    fields(surface, ty).iter().map(|field| field.wire.as_str())
}
