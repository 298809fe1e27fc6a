//! What an answer looks like around its records, and whether two types are the same on the wire.

use tradewire_surface::{Answer, Field, Scalar, Surface, Type, TypeDef};

/// What an answer is, seen by what fills it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// A file.
    File,
    /// `{page, pageSize, hasMore, totalCount, data}` of records, possibly with more fields beside them.
    Page(Type),
    /// `{hasMore, continueFrom, data}`.
    Feed(Type),
    /// A bare array.
    Array(Type),
    /// One value.
    One(Type),
}

impl Shape {
    /// The shape of an answer.
    pub fn of(surface: &Surface, answer: &Answer) -> Shape {
        let ty = match answer {
            Answer::Empty => return Shape::Empty,
            Answer::File => return Shape::File,
            Answer::Json(ty) => ty,
        };
        if let Type::List(item) = ty {
            return Shape::Array((**item).clone());
        }
        let Some(fields) = fields(surface, ty) else { return Shape::One(ty.clone()) };
        let has = |name: &str| fields.iter().any(|field| field.wire == name);
        match fields.iter().find(|field| field.wire == "data").map(|field| &field.ty) {
            Some(Type::List(item)) if has("hasMore") && has("continueFrom") => Shape::Feed((**item).clone()),
            Some(Type::List(item)) if has("hasMore") && matches!(**item, Type::Named(_) | Type::Tree(_)) => {
                Shape::Page((**item).clone())
            }
            _ => Shape::One(ty.clone()),
        }
    }

    /// The type of its records.
    pub fn record(&self) -> Option<&Type> {
        match self {
            Shape::Empty | Shape::File => None,
            Shape::Page(ty) | Shape::Feed(ty) | Shape::Array(ty) | Shape::One(ty) => Some(ty),
        }
    }
}

/// The fields of a record type, looked through its name.
pub fn fields<'s>(surface: &'s Surface, ty: &Type) -> Option<&'s [Field]> {
    match ty {
        Type::Option(inner) => fields(surface, inner),
        Type::Named(name) => match surface.named(name) {
            Some(TypeDef::Record(fields)) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

/// Whether two types of a surface are written alike.
pub fn same(surface: &Surface, one: &Type, other: &Type) -> bool {
    same_within(surface, one, other, 8)
}

fn same_within(surface: &Surface, one: &Type, other: &Type, depth: usize) -> bool {
    if one == other {
        return true;
    }
    if depth == 0 {
        return false;
    }
    match (one, other) {
        (Type::Option(one), other) | (other, Type::Option(one)) => same_within(surface, one, other, depth - 1),
        (Type::List(one), Type::List(other)) | (Type::Map(one), Type::Map(other)) => {
            same_within(surface, one, other, depth - 1)
        }
        (Type::Scalar(one), Type::Scalar(other)) => is_text(*one) && is_text(*other),
        (Type::Named(one), Type::Named(other)) => match (surface.named(one), surface.named(other)) {
            (Some(TypeDef::Record(one)), Some(TypeDef::Record(other))) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|(a, b)| a.wire == b.wire && same_within(surface, &a.ty, &b.ty, depth - 1))
            }
            (Some(TypeDef::Enum(one)), Some(TypeDef::Enum(other))) => {
                one.wire == other.wire
                    && one.cases.len() == other.cases.len()
                    && one.cases.iter().zip(&other.cases).all(|(a, b)| a.wire == b.wire)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether it is written as free text.
pub fn is_text(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Text | Scalar::Html | Scalar::Multiline | Scalar::Email | Scalar::Phone | Scalar::Password)
}
