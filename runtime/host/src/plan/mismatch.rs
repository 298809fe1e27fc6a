//! What a component wants that the catalog cannot give.

use std::fmt;

use wasmtime::component::types::Type;

/// A place where a component's types and the catalog's cannot be bridged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The operation: `payroll/gross-pay-items.get-list`.
    pub operation: String,
    /// The place in it: `answer.data[].amount`.
    pub place: String,
    /// What the plugin was compiled with.
    pub plugin: String,
    /// What the catalog has.
    pub catalog: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { operation, place, plugin, catalog } = self;
        write!(f, "{operation}: {place}: the plugin expects {plugin}, the catalog has {catalog}")
    }
}

/// A component's type in WIT's words.
pub(super) fn describe(ty: &Type) -> String {
    match ty {
        Type::Bool => "`bool`".to_owned(),
        Type::S32 => "`s32`".to_owned(),
        Type::S64 => "`s64`".to_owned(),
        Type::Float64 => "`f64`".to_owned(),
        Type::String => "`string`".to_owned(),
        Type::List(list) => format!("a list of {}", describe(&list.ty())),
        Type::Option(option) => format!("optionally {}", describe(&option.ty())),
        Type::Record(_) => "a record".to_owned(),
        Type::Tuple(_) => "a tuple".to_owned(),
        Type::Variant(_) => "a variant".to_owned(),
        Type::Enum(_) => "an enum".to_owned(),
        Type::Own(_) | Type::Borrow(_) => "a resource".to_owned(),
        other => format!("`{other:?}`").to_lowercase(),
    }
}
