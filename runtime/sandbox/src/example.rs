//! Values for the parameters of a path that mean records which are there.

use tradewire_sandbox_seed::json::{Fields, bare};
use tradewire_sandbox_seed::plan::{Endpoint, Kind};
use tradewire_surface::{Scalar, Type, TypeDef};

use crate::state::State;
use crate::store::Store;
use crate::store::table::Row;

/// Values for the parameters of an operation's path, in its order without the tenant.
pub(crate) fn path(state: &State, operation: &str, tenant: i64) -> Option<Vec<String>> {
    let endpoint = state.plan.endpoint(operation)?;
    let store = state.stores.get(&tenant)?;
    let mut values: Vec<Option<String>> = vec![None; endpoint.path_params.len()];
    let last = values.len().checked_sub(1);
    let own = matches!(endpoint.kind, Kind::Get(_) | Kind::Replace(_) | Kind::Merge(_) | Kind::Delete(_));
    let picked = matches!(endpoint.kind, Kind::Pick(_) | Kind::MergePick(_));
    if let (Some(collection), true) = (endpoint.kind.collection(), own || picked) {
        let table = store.table(collection).lock();
        // What is deleted is the last of them, so that the others stay for whoever asks next.
        let mut rows = table.rows.iter().filter(|row| !row.deleted && row.active && fits(endpoint, row));
        let row = if matches!(endpoint.kind, Kind::Delete(_)) { rows.next_back() } else { rows.next() }?;
        if let (Some(last), true) = (last, own) {
            values[last] = Some(row.id.to_string());
        }
        if let Some(scope) = &endpoint.scope {
            let named = scope.field.as_ref().and_then(|field| text(row, field));
            values[scope.param] = named.or_else(|| row.parent.as_deref().map(str::to_owned));
        }
    }
    for (param, owner) in &endpoint.checks {
        if values[*param].is_none() {
            let table = store.table(*owner).lock();
            values[*param] = table.rows.iter().find(|row| !row.deleted && row.active).map(|row| row.id.to_string());
        }
    }
    let filled = values.into_iter().enumerate().map(|(at, value)| value.or_else(|| other(state, store, endpoint, at)));
    filled.collect()
}

/// Whether a record is one of those that the path speaks of.
fn fits(endpoint: &Endpoint, row: &Row) -> bool {
    let kind = endpoint.scope.as_ref().and_then(|scope| scope.employee_type);
    kind.is_none_or(|kind| text(row, "employeeType").as_deref() == Some(kind))
}

fn text(row: &Row, field: &str) -> Option<String> {
    let fields = Fields::of(&row.text)?;
    fields.get(field).filter(|raw| *raw != "null").map(|raw| bare(raw).into_owned())
}

/// A value by the parameter's type: an id of what its name refers to, a word of an enumeration, or a number.
fn other(state: &State, store: &Store, endpoint: &Endpoint, at: usize) -> Option<String> {
    let param = endpoint.path_params[at];
    if let Type::Named(name) = &param.ty
        && let Some(TypeDef::Enum(cases)) = endpoint.surface.named(name)
    {
        return cases.cases.first().map(|case| case.wire.clone());
    }
    let referent = state.plan.referent(&endpoint.surface.name, None, &param.wire);
    let found = referent.and_then(|collection| {
        let table = store.table(collection).lock();
        table.rows.iter().find(|row| !row.deleted && row.active).map(|row| row.id.to_string())
    });
    let is_number = matches!(param.ty, Type::Scalar(Scalar::S32 | Scalar::S64));
    let fits = |value: &String| !is_number || value.parse::<i64>().is_ok();
    Some(found.filter(fits).unwrap_or_else(|| "1".to_owned()))
}
