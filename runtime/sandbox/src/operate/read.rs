//! Single records, documents, and answers that are computed.

use serde_json::Value;
use tradewire_sandbox_seed::generator::{Generator, Missing};
use tradewire_sandbox_seed::json::quoted;
use tradewire_sandbox_seed::plan::shape::{Shape, fields};
use tradewire_sandbox_seed::{cells, number_of};
use tradewire_surface::{Answer, Type};

use super::answer::{Envelope, Shown};
use super::{Call, addressed, picked};
use crate::problem::Problem;
use crate::wire::{self, Response};

/// The record of the path's last parameter.
pub(super) fn one(call: &Call<'_>, collection: usize) -> Result<Response, Problem> {
    let table = call.store.table(collection).lock();
    let at = addressed(call, &table, collection)?;
    Ok(shown(call, collection, &table.rows[at].text))
}

/// The one record that belongs to the path's last parameter.
pub(super) fn picked_record(call: &Call<'_>, collection: usize) -> Result<Response, Problem> {
    let mut table = call.store.table(collection).lock();
    let at = picked(call, &mut table)?;
    Ok(shown(call, collection, &table.rows[at].text))
}

fn shown(call: &Call<'_>, collection: usize, text: &str) -> Response {
    match (&call.endpoint.shape, call.endpoint.shape.record()) {
        (Shape::Page(_) | Shape::Array(_) | Shape::Feed(_), Some(ty)) => {
            let data = Shown::new(call, collection, ty).text(text).into_bytes();
            Envelope { page: 1, size: 1, more: false, total: Some(1), continue_from: None }.wrap(call, data)
        }
        (_, Some(ty)) => wire::json(Shown::new(call, collection, ty).text(text)),
        (_, None) => wire::empty(hyper::StatusCode::OK),
    }
}

/// The key of the one document of its kind, or of the one that belongs to a parameter of the path.
pub(super) fn key(call: &Call<'_>, collection: usize) -> (usize, String) {
    (collection, call.path.join("/"))
}

/// The text of a document.
pub(super) fn text(call: &Call<'_>, collection: usize) -> String {
    let key = key(call, collection);
    if let Some(text) = call.store.singles.lock().get(&key) {
        return text.clone();
    }
    let surface = call.endpoint.surface;
    let number = i64::try_from(number_of(&key.1) % 100_000).unwrap_or(1) + 1;
    let mut generator = Generator::new(&call.store.dataset, surface, Some(collection), number, Missing::Drawn);
    let stored = &call.state.plan.collections[collection];
    if stored.fields.is_empty() {
        if let Some(ty) = call.endpoint.shape.record() {
            generator.drawn(ty, "");
        }
    } else {
        generator.seeded(&stored.fields, &tradewire_sandbox_seed::Given::new());
    }
    generator.finish()
}

/// The one document.
pub(super) fn document(call: &Call<'_>, collection: usize) -> Response {
    shown(call, collection, &text(call, collection))
}

/// An answer that no record is kept of: the same for the same call.
pub(super) fn computed(call: &Call<'_>) -> Result<Response, Problem> {
    let Answer::Json(ty) = &call.endpoint.operation.answer else { return Ok(wire::empty(hyper::StatusCode::OK)) };
    let surface = call.endpoint.surface;
    if let Some(table) = fields(surface, ty).and_then(|f| f.iter().find(|f| f.wire == "data"))
        && let Some(answer) = report(call, ty, &table.ty)
    {
        return answer;
    }
    let path = call.path.join("/");
    let number = i64::try_from(number_of(&path) % 100_000).unwrap_or(1) + 1;
    let mut generator = Generator::new(&call.store.dataset, surface, None, number, Missing::Drawn);
    generator.drawn(ty, "");
    Ok(wire::json(generator.finish()))
}

/// The page of a report, where the answer is one. Paging goes in the query; in the body it is ignored.
fn report(call: &Call<'_>, answer: &Type, data: &Type) -> Option<Result<Response, Problem>> {
    let size = call.asked.number("pageSize").unwrap_or(1000);
    let page = call.asked.number("page").unwrap_or(1);
    let from = page.saturating_sub(1).saturating_mul(size);
    let (columns, rows, more) = cells(&call.store.dataset, data, from, size)?;
    if let Some(limit) = &call.state.reports {
        let report = (call.tenant, call.path.join("/"));
        if let Err(wait) = limit.take(report, std::time::Instant::now()) {
            return Some(Err(crate::limit::refusal(wait)));
        }
    }
    let all = call.store.dataset.count_of("jpm/jobs");
    let text = |field: &str| -> Option<String> {
        Some(match field {
            "page" => page.to_string(),
            "pageSize" => size.to_string(),
            "hasMore" => more.to_string(),
            "totalCount" if call.asked.is_true("includeTotal") => all.to_string(),
            "totalCount" => "null".to_owned(),
            "data" => Value::Array(rows.clone()).to_string(),
            "fields" => columns.to_string(),
            _ => return None,
        })
    };
    let parts: Vec<String> = fields(call.endpoint.surface, answer)?
        .iter()
        .filter_map(|field| Some(format!("{}:{}", quoted(&field.wire), text(&field.wire)?)))
        .collect();
    Some(Ok(wire::json(format!("{{{}}}", parts.join(",")))))
}
