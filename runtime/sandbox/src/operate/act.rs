//! Actions: what a call does to records that is neither adding, changing nor taking away.
//!
//! What is derived, by names alone: the body's fields are merged into the record where it has such fields; a record
//! with a status takes the one that is called like the action (`cancel`: Canceled); `tags/{tagTypeId}` adds to
//! or takes from `tagTypeIds`; an action on many (`markasexported`, `custom-fields`) does so to each record that
//! the body names by its id.

use tradewire_sandbox_seed::json::{Fields, bare, items, quoted};
use tradewire_sandbox_seed::plan::Collection;
use tradewire_sandbox_seed::plan::nouns::{kebab, singular};
use tradewire_sandbox_seed::plan::route::Segment;
use tradewire_surface::{Answer, Enum, Method, Type, TypeDef};

use super::answer::written;
use super::{Call, present, write};
use crate::store::table::Table;
use crate::wire::Response;

/// Carries an action out.
pub(super) fn act(call: &Call<'_>, on: Option<usize>) -> Response {
    match on.or_else(|| many(call)) {
        Some(collection) if !call.endpoint.checks.is_empty() => on_one(call, collection),
        Some(collection) => on_many(call, collection),
        None => written(call, or_object(call.body), "1"),
    }
}

fn or_object(body: &str) -> &str {
    if body.is_empty() { "{}" } else { body }
}

fn on_one(call: &Call<'_>, collection: usize) -> Response {
    let mut table = call.store.table(collection).lock();
    let id = call.path[call.endpoint.checks[0].0].clone();
    let Some(at) = present(&table, &id) else { return written(call, or_object(call.body), &id) };
    let stored = &call.state.plan.collections[collection];
    let change = change(call, stored, &table.rows[at].text, call.body);
    let text = write::merge(call, &mut table, collection, at, &change);
    written(call, &answered(call, &text), &id)
}

/// What an answer shows: the record, and what was sent where the record has no such field.
fn answered(call: &Call<'_>, record: &str) -> String {
    let mut fields = Fields::of(record).unwrap_or_default();
    let shown = match &call.endpoint.operation.answer {
        Answer::Json(ty) => tradewire_sandbox_seed::plan::shape::fields(call.endpoint.surface, ty).unwrap_or_default(),
        _ => return record.to_owned(),
    };
    let given = Fields::of(call.body).unwrap_or_default();
    for (name, raw) in given.0 {
        if shown.iter().any(|field| field.wire == *name) && name != "id" {
            fields.0.retain(|(known, _)| *known != name);
            fields.0.push((name, raw));
        }
    }
    let parts: Vec<String> = fields.0.iter().map(|(name, raw)| format!("{}:{}", quoted(name), raw.get())).collect();
    format!("{{{}}}", parts.join(","))
}

/// The fields that an action changes.
fn change(call: &Call<'_>, collection: &Collection, record: &str, body: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (name, raw) in Fields::of(body).unwrap_or_default().0 {
        parts.push(format!("{}:{}", quoted(&name), raw.get()));
    }
    if let Some(status) = status(call, collection) {
        parts.push(status);
    }
    if let Some(list) = listed(call, collection, record) {
        parts.push(list);
    }
    if call.endpoint.last_word == "markasexported" && collection.field("syncStatus").is_some() {
        parts.push(r#""syncStatus":"Exported""#.to_owned());
    }
    format!("{{{}}}", parts.join(","))
}

/// The status that is called like the action.
fn status(call: &Call<'_>, collection: &Collection) -> Option<String> {
    let verb = match call.endpoint.last_word.as_str() {
        "sell" => "sold",
        "unsell" => "open",
        "remove-cancellation" => "scheduled",
        "mark-complete" => "complete",
        "mark-incomplete" => "incomplete",
        word => word,
    };
    collection.fields.iter().filter(|field| field.wire.to_ascii_lowercase().ends_with("status")).find_map(|field| {
        let name = match &field.ty {
            Type::Named(name) => name.clone(),
            // A status that is declared as text has its words in the type of the list's filter.
            _ => kebab(&field.wire),
        };
        let Some(TypeDef::Enum(cases)) = collection.surface.named(&name) else { return None };
        called(cases, verb).map(|word| format!("{}:{}", quoted(&field.wire), quoted(word)))
    })
}

fn called<'c>(cases: &'c Enum, verb: &str) -> Option<&'c str> {
    let alike = |word: &str| {
        let word = word.to_ascii_lowercase();
        let common = word.bytes().zip(verb.bytes()).take_while(|(a, b)| a == b).count();
        common >= verb.len().min(4)
    };
    cases.cases.iter().map(|case| case.wire.as_str()).find(|word| alike(word))
}

/// `…/tags/{tagTypeId}` is about the list `tagTypeIds`.
fn listed(call: &Call<'_>, collection: &Collection, record: &str) -> Option<String> {
    if !matches!(call.endpoint.segments.last(), Some(Segment::Param(_))) || call.path.len() < 2 {
        return None;
    }
    let param = call.endpoint.path_params.last()?;
    let field = collection.field(&format!("{}s", param.wire)).filter(|field| matches!(field.ty, Type::List(_)))?;
    let value = call.path.last()?;
    let fields = Fields::of(record)?;
    let mut list: Vec<String> =
        fields.get(&field.wire).and_then(items).unwrap_or_default().into_iter().map(str::to_owned).collect();
    list.retain(|raw| bare(raw) != value.as_str());
    if call.endpoint.operation.method != Method::Delete {
        list.push(value.clone());
    }
    Some(format!("{}:[{}]", quoted(&field.wire), list.join(",")))
}

/// The collection of an action that names no record in its path.
fn many(call: &Call<'_>) -> Option<usize> {
    let words: Vec<&str> = call
        .endpoint
        .segments
        .iter()
        .skip_while(|segment| !matches!(segment, Segment::Param(name) if name == "tenant"))
        .filter_map(|segment| match segment {
            Segment::Word(word) => Some(word.as_str()),
            Segment::Param(_) => None,
        })
        .collect();
    let (_, before) = words.split_last()?;
    call.state.plan.collection(&format!("{}/{}", call.endpoint.surface.name, before.join("/")))
}

fn on_many(call: &Call<'_>, collection: usize) -> Response {
    let stored = &call.state.plan.collections[collection];
    let mut table = call.store.table(collection).lock();
    let noun = singular(stored.key.rsplit('/').next().unwrap_or_default()).replace('-', "");
    let mut answers = Vec::new();
    for part in parts(call.body) {
        for (id, field) in ids(part, &noun) {
            let done = one_of_many(call, &mut table, collection, &id, part);
            let error = if done { "null".to_owned() } else { quoted(&format!("Entity with id {id} was not found.")) };
            let raw = if id.parse::<i64>().is_ok() { id.clone() } else { quoted(&id) };
            answers.push(format!(r#"{{{}:{raw},"success":{done},"errorMessage":{error}}}"#, quoted(&field)));
        }
    }
    match &call.endpoint.operation.answer {
        Answer::Json(Type::List(_)) => written(call, &format!("[{}]", answers.join(",")), ""),
        _ => written(call, or_object(call.body), "1"),
    }
}

fn one_of_many(call: &Call<'_>, table: &mut Table, collection: usize, id: &str, part: &str) -> bool {
    let Some(at) = present(table, id) else { return false };
    let stored = &call.state.plan.collections[collection];
    let change = change(call, stored, &table.rows[at].text, part);
    write::merge(call, table, collection, at, &change);
    true
}

/// The objects of a body that each speak of records: those of a list in it, or itself.
fn parts(body: &str) -> Vec<&str> {
    if let Some(items) = items(body) {
        return items;
    }
    let Some(fields) = Fields::of(body) else { return Vec::new() };
    let lists: Vec<&str> = fields
        .0
        .iter()
        .filter_map(|(_, raw)| items(raw.get()))
        .flatten()
        .filter(|item| item.starts_with('{'))
        .collect();
    if lists.is_empty() { vec![body] } else { lists }
}

/// The records that an object speaks of, and the field that an answer tells each by.
fn ids(part: &str, noun: &str) -> Vec<(String, String)> {
    let Some(fields) = Fields::of(part) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, raw) in &fields.0 {
        let lower = name.to_ascii_lowercase();
        let own = lower == "id" || lower == "objectid" || lower == format!("{noun}id");
        if own {
            found.push((bare(raw.get()).into_owned(), name.to_string()));
        } else if let Some(stem) = name.strip_suffix("Ids") {
            let list = items(raw.get()).unwrap_or_default();
            found.extend(list.into_iter().map(|id| (bare(id).into_owned(), format!("{stem}Id"))));
        }
    }
    found
}
