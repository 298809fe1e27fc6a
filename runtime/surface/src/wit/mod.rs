//! Writes the contract that plugins compile against: one WIT package a surface, one interface a resource.
//!
//! Every operation is a function:
//!
//! ```wit
//! get-list: func(query: get-list-query) -> result<gross-pay-item-page, error>;
//! ```
//!
//! Path parameters come first, each an argument of its own; then `query`, a record, where the operation takes query
//! parameters; then `body`, or `file` where it takes a file. An operation with pages has a second form,
//! `get-list-pages`, which gives a resource whose `next` returns page after page.
//!
//! Types that one resource uses live in its interface, others in the package's interface `types`.

mod interface;
mod placement;

use std::fmt::Write;

use tradewire_text::{is_obeyed, visible_where};

use crate::catalog::{Answer, Catalog, Operation, Param, ParameterIn, Surface};
use crate::names;
use crate::types::{Field, Need, Type, TypeDef};

/// A record whose fields are laid out for WIT.
pub(crate) type NamedFields<'a, T> = Vec<(String, &'a T)>;

/// The version of the package `servicetitan:api`, which all surfaces build on.
pub const API_VERSION: &str = "1.0.0";

/// The files below `wit/servicetitan`, by path.
pub fn files(catalog: &Catalog) -> Vec<(String, String)> {
    catalog.surfaces.values().flat_map(interface::files).collect()
}

/// The WIT names of a record's fields, in order. Children of a tree are left out: they follow their record.
pub fn fields(fields: &[Field]) -> NamedFields<'_, Field> {
    let shown: Vec<&Field> = fields.iter().filter(|f| !matches!(f.ty, Type::Tree(_))).collect();
    names::kebab_all(shown.iter().map(|f| f.wire.as_str())).into_iter().zip(shown).collect()
}

/// The WIT names of an operation's parameters in one place, in order.
pub fn params(operation: &Operation, place: ParameterIn) -> NamedFields<'_, Param> {
    let shown: Vec<&Param> = operation.params.iter().filter(|p| p.place == place).collect();
    names::kebab_all(shown.iter().map(|p| p.wire.as_str())).into_iter().zip(shown).collect()
}

/// What WIT gives for an answer of this type: a record with children, asked for alone, becomes a list.
pub fn answer(surface: &Surface, answer: &Answer) -> Option<Type> {
    match answer {
        Answer::Json(Type::Named(name)) if has_children(surface, name) => {
            Some(Type::List(Box::new(Type::Named(name.clone()))))
        }
        Answer::Json(ty) => Some(ty.clone()),
        Answer::Empty | Answer::File => None,
    }
}

/// Whether a record holds children of its own type.
pub fn has_children(surface: &Surface, name: &str) -> bool {
    match surface.types.get(name) {
        Some(TypeDef::Record(fields)) => fields.iter().any(|f| matches!(f.ty, Type::Tree(_))),
        _ => false,
    }
}

/// A type in WIT.
fn text(ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => scalar.wit().to_owned(),
        Type::List(item) => format!("list<{}>", text(item)),
        Type::Map(value) => format!("list<tuple<string, {}>>", text(value)),
        Type::Option(value) => format!("option<{}>", text(value)),
        Type::Named(name) | Type::Tree(name) => escaped(name),
    }
}

/// A type in WIT, with the options that its need adds.
fn needed(ty: &Type, need: Need) -> String {
    match need {
        Need::Required => text(ty),
        Need::Optional | Need::Nullable => format!("option<{}>", text(ty)),
        Need::Patch => format!("option<option<{}>>", text(ty)),
    }
}

/// A name, escaped where WIT has a keyword of that spelling.
fn escaped(name: &str) -> String {
    const KEYWORDS: [&str; 46] = [
        "as",
        "async",
        "bool",
        "borrow",
        "char",
        "constructor",
        "enum",
        "error-context",
        "export",
        "f32",
        "f64",
        "flags",
        "from",
        "func",
        "future",
        "import",
        "include",
        "interface",
        "list",
        "map",
        "option",
        "own",
        "package",
        "record",
        "resource",
        "result",
        "s16",
        "s32",
        "s64",
        "s8",
        "static",
        "stream",
        "string",
        "tuple",
        "type",
        "u16",
        "u32",
        "u64",
        "u8",
        "union",
        "use",
        "variant",
        "with",
        "world",
        "float32",
        "float64",
    ];
    if KEYWORDS.contains(&name) { format!("%{name}") } else { name.to_owned() }
}

/// Comments are the only place for a text as ServiceTitan wrote it: a title, a path, a choice.
fn doc(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{indent}/// {}", visible_where(line, |c| is_obeyed(c) || is_refused(c)));
    }
}

/// The characters that WIT refuses even in a comment, because Unicode deprecates or discourages them. It refuses those
/// that are obeyed as well.
fn is_refused(c: char) -> bool {
    matches!(c, '\u{149}' | '\u{673}' | '\u{f77}' | '\u{f79}' | '\u{17a3}' | '\u{17a4}' | '\u{17b4}' | '\u{17b5}')
}
