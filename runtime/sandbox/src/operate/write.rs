//! Adding, changing and taking away records: by operations, and by people, who are bound to none.

use tradewire_sandbox_seed::Dataset;
use tradewire_sandbox_seed::clock::Ticks;
use tradewire_sandbox_seed::generator::{Generator, Missing};
use tradewire_sandbox_seed::json::{Fields, bare, quoted};
use tradewire_sandbox_seed::plan::{Collection, IdKind};

use super::answer::written;
use super::{Call, addressed, picked, present, read, receiving};
use crate::problem::Problem;
use crate::state::State;
use crate::store::Store;
use crate::store::table::{Row, Table};
use crate::wire::Response;

/// Adds a record made of the body.
pub(super) fn create(call: &Call<'_>, collection: usize) -> Response {
    let mut table = call.store.table(collection).lock();
    let now = call.state.clock.next_write();
    let scope = call.endpoint.scope.as_ref().map(|scope| call.path[scope.param].clone());
    let (row, text, id) = fresh(&call.store.dataset, now, &table, collection, scope, call.body);
    if !call.trouble.lost_write {
        table.insert(row);
        drop(table);
        receiving::follow(call.state, call.store, collection, &text);
    }
    written(call, &text, &id)
}

/// Adds a record as people do; gives what it is.
pub(crate) fn add(state: &State, store: &Store, collection: usize, body: &str) -> String {
    let mut table = store.table(collection).lock();
    let (row, text, _) = fresh(&store.dataset, state.clock.next_write(), &table, collection, None, body);
    table.insert(row);
    drop(table);
    receiving::follow(state, store, collection, &text);
    text
}

/// Merges fields into the record of that id as people do; gives what it is then, where there is one.
pub(crate) fn amend(state: &State, store: &Store, collection: usize, id: &str, given: &str) -> Option<String> {
    let mut table = store.table(collection).lock();
    let at = present(&table, id)?;
    let now = state.clock.next_write();
    let text = merged(&store.dataset, collection, &table.rows[at], given, now);
    table.replace(at, text.clone(), now);
    Some(text)
}

/// A new record, its text and its id. `scope` is whose it is, where its place says that.
fn fresh(
    dataset: &Dataset,
    now: Ticks,
    table: &Table,
    number: usize,
    scope: Option<String>,
    body: &str,
) -> (Row, String, String) {
    let collection = &dataset.plan.collections[number];
    let place = table.rows.len();
    let given = Fields::of(body).unwrap_or_default();
    let own = collection.identity.as_ref().map(|(wire, kind)| (wire.as_str(), *kind));
    let id = match own {
        // A record that is known by a word of its own, or by another's number, brings it.
        Some((wire, kind)) if kind == IdKind::Word || wire != "id" => {
            given.get(wire).map_or_else(|| dataset.id(number, place).to_string(), str::to_owned)
        }
        Some((_, IdKind::Guid)) => quoted(&dataset.guid(number, place)),
        _ => dataset.number(number, place).to_string(),
    };
    let parent = parent(scope, collection, &given);
    let mut extra: Vec<(&str, String)> = Vec::new();
    if let Some((wire, _)) = own {
        extra.push((wire, id.clone()));
    }
    if let (Some((_, Some(field))), Some(parent)) = (&collection.parent, &parent)
        && given.get(field).is_none()
    {
        extra.push((field, if parent.parse::<i64>().is_ok() { parent.clone() } else { quoted(parent) }));
    }
    let extra = object(&extra);
    let extra = Fields::of(&extra).unwrap_or_default();
    let given = over(given, extra);
    let mut generator =
        Generator::new(dataset, collection.surface, Some(number), dataset.number(number, place), Missing::Blank)
            .dated(now, now);
    generator.merge("", &collection.fields, &given, None);
    let text = generator.finish();
    let active = Fields::of(&text).and_then(|f| f.get("active").map(|raw| raw == "true")).unwrap_or(true);
    let id = bare(&id).into_owned();
    let row = Row {
        id: id.as_str().into(),
        text: text.as_str().into(),
        created: now,
        modified: now,
        active,
        deleted: false,
        parent: parent.map(Into::into),
    };
    (row, text, id)
}

/// Whose the new record is: the path says, or a field of the body.
fn parent(scope: Option<String>, collection: &Collection, given: &Fields<'_>) -> Option<String> {
    let (_, field) = collection.parent.as_ref()?;
    scope.or_else(|| Some(bare(given.get(field.as_ref()?)?).into_owned()))
}

fn object(fields: &[(&str, String)]) -> String {
    let parts: Vec<String> = fields.iter().map(|(name, raw)| format!("{}:{raw}", quoted(name))).collect();
    format!("{{{}}}", parts.join(","))
}

/// The fields of both; those of `over` win.
fn over<'a>(mut fields: Fields<'a>, over: Fields<'a>) -> Fields<'a> {
    fields.0.retain(|(name, _)| over.get(name).is_none());
    fields.0.extend(over.0);
    fields
}

/// Changes the record of the path's last parameter.
pub(super) fn change(call: &Call<'_>, collection: usize) -> Result<Response, Problem> {
    let mut table = call.store.table(collection).lock();
    let at = addressed(call, &table, collection)?;
    Ok(changed(call, &mut table, collection, at))
}

/// Changes the one record that belongs to the path's last parameter.
pub(super) fn change_picked(call: &Call<'_>, collection: usize) -> Result<Response, Problem> {
    let mut table = call.store.table(collection).lock();
    let at = picked(call, &mut table)?;
    Ok(changed(call, &mut table, collection, at))
}

fn changed(call: &Call<'_>, table: &mut Table, collection: usize, at: usize) -> Response {
    let text = merge(call, table, collection, at, call.body);
    written(call, &text, &table.rows[at].id)
}

/// Merges fields into a record; gives what it is then.
pub(super) fn merge(call: &Call<'_>, table: &mut Table, collection: usize, at: usize, given: &str) -> String {
    let now = call.state.clock.next_write();
    let text = merged(&call.store.dataset, collection, &table.rows[at], given, now);
    if !call.trouble.lost_write {
        table.replace(at, text.clone(), now);
    }
    text
}

fn merged(dataset: &Dataset, number: usize, row: &Row, given: &str, now: Ticks) -> String {
    let collection = &dataset.plan.collections[number];
    let identity = collection.identity.as_ref().map(|(wire, _)| wire.as_str());
    let mut given = Fields::of(given).unwrap_or_default();
    // Nobody changes a record's id, or when it was made.
    given.0.retain(|(name, _)| identity != Some(name) && !matches!(&**name, "id" | "createdOn" | "modifiedOn"));
    let mut before = Fields::of(&row.text).unwrap_or_default();
    before.0.retain(|(name, _)| !matches!(&**name, "modifiedOn" | "modifiedAt" | "updatedOn"));
    let mut generator =
        Generator::new(dataset, collection.surface, Some(number), 0, Missing::Blank).dated(row.created, now);
    generator.merge("", &collection.fields, &given, Some(&before));
    generator.finish()
}

/// Changes the one document.
pub(super) fn change_document(call: &Call<'_>, collection: usize) -> Response {
    let before = read::text(call, collection);
    let stored = &call.state.plan.collections[collection];
    let given = Fields::of(call.body).unwrap_or_default();
    let now = call.state.clock.next_write();
    let mut generator =
        Generator::new(&call.store.dataset, stored.surface, Some(collection), 1, Missing::Blank).dated(now, now);
    generator.merge("", &stored.fields, &given, Fields::of(&before).as_ref());
    let text = generator.finish();
    if !call.trouble.lost_write {
        call.store.singles.lock().insert(read::key(call, collection), text.clone());
    }
    written(call, &text, "")
}

/// Takes a record away.
pub(super) fn delete(call: &Call<'_>, collection: usize) -> Result<Response, Problem> {
    let mut table = call.store.table(collection).lock();
    let at = addressed(call, &table, collection)?;
    let now = call.state.clock.next_write();
    let gone = merged(&call.store.dataset, collection, &table.rows[at], r#"{"active":false}"#, now);
    let id = table.rows[at].id.clone();
    if !call.trouble.lost_write {
        let listed_inactive = call.state.plan.collections[collection].active_param;
        table.remove(at, listed_inactive, gone.clone(), now);
    }
    Ok(written(call, &gone, &id))
}
