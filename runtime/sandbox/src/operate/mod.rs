//! What operations do to a tenant's records, and what they answer.

mod act;
mod answer;
mod files;
mod filters;
mod list;
mod read;
mod receiving;
mod write;

use tradewire_sandbox_seed::json::{Fields, bare};
use tradewire_sandbox_seed::plan::{Endpoint, Kind};

use crate::faults::Trouble;
use crate::problem::Problem;
use crate::state::State;
use crate::store::Store;
use crate::store::filter::{Filter, Query, Test};
use crate::store::table::{Row, Table};
use crate::validate::Asked;
use crate::wire::Response;
pub(crate) use files::{serve as file, upload};
pub(crate) use write::{add, amend};

/// A call of an operation, checked.
pub(crate) struct Call<'a> {
    pub state: &'a State,
    pub store: &'a Store,
    pub tenant: i64,
    pub endpoint: &'static Endpoint,
    /// The parameters of the path but the tenant, decoded.
    pub path: Vec<String>,
    pub asked: Asked,
    /// The body, where it is JSON.
    pub body: &'a str,
    pub trouble: &'a Trouble,
}

/// Carries a call out.
pub(crate) fn operate(call: &Call<'_>) -> Result<Response, Problem> {
    for (param, owner) in &call.endpoint.checks {
        let id = &call.path[*param];
        let table = call.store.table(*owner).lock();
        present(&table, id).ok_or_else(|| Problem::missing(id))?;
    }
    match call.endpoint.kind {
        Kind::List(collection) => Ok(list::page(call, collection)),
        Kind::Feed(collection) => list::feed(call, collection),
        Kind::Get(collection) => read::one(call, collection),
        Kind::Pick(collection) => read::picked_record(call, collection),
        Kind::Single(collection) => Ok(read::document(call, collection)),
        Kind::Read => read::computed(call),
        Kind::Create(collection) => Ok(write::create(call, collection)),
        Kind::Replace(collection) | Kind::Merge(collection) => write::change(call, collection),
        Kind::MergePick(collection) => write::change_picked(call, collection),
        Kind::MergeSingle(collection) => Ok(write::change_document(call, collection)),
        Kind::Delete(collection) => write::delete(call, collection),
        Kind::Act(on) => Ok(act::act(call, on)),
        Kind::Download(straight) => files::download(call, straight),
        // The file has been taken before: `upload`.
        Kind::Upload => Err(Problem::new(415, "The file is to be sent as multipart/form-data.")),
    }
}

/// The place of a record that has not been taken away.
fn present(table: &Table, id: &str) -> Option<usize> {
    table.find(id).filter(|at| !table.rows[*at].deleted)
}

/// The conditions of the path: whose records they are.
fn scoped(call: &Call<'_>, query: &mut Query) {
    let Some(scope) = &call.endpoint.scope else { return };
    let value = call.path[scope.param].clone();
    match &scope.field {
        Some(field) => query.filters.push(exactly(field, &value)),
        None => query.parent = Some(value),
    }
    if let Some(kind) = scope.employee_type {
        query.filters.push(exactly("employeeType", kind));
    }
}

fn exactly(field: &str, value: &str) -> Filter {
    Filter::Field { field: field.to_owned(), test: Test::OneOf([value.to_lowercase()].into()) }
}

/// Whether a record is one of those that the path speaks of.
fn in_scope(call: &Call<'_>, collection: usize, row: &Row) -> bool {
    let Some(scope) = &call.endpoint.scope else { return true };
    let value = &call.path[scope.param];
    match &scope.field {
        Some(field) => {
            Fields::of(&row.text).and_then(|f| f.get(field).map(|raw| bare(raw) == **value)).unwrap_or(false)
        }
        None if call.state.plan.collections[collection].parent.is_none() => true,
        None => row.parent.as_deref() == Some(value.as_str()),
    }
}

/// The place of the record that the path ends with.
fn addressed(call: &Call<'_>, table: &Table, collection: usize) -> Result<usize, Problem> {
    let id = call.path.last().map_or("", String::as_str);
    present(table, id).filter(|at| in_scope(call, collection, &table.rows[*at])).ok_or_else(|| Problem::missing(id))
}

/// The place of the one record that belongs to what the path ends with.
fn picked(call: &Call<'_>, table: &mut Table) -> Result<usize, Problem> {
    let mut query = Query::default();
    scoped(call, &mut query);
    let found = table.select(&query).places.first().copied();
    let id = call.path.last().map_or("", String::as_str);
    found.map(|at| at as usize).ok_or_else(|| Problem::missing(id))
}
