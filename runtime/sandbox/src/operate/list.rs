//! Lists and export feeds.

use tradewire_sandbox_seed::plan::shape::Shape;
use tradewire_surface::Paging;

use super::answer::{Envelope, Shown};
use super::{Call, filters};
use crate::feed::Cursor;
use crate::problem::Problem;
use crate::wire::Response;

/// How many records a feed repeats when it is asked for recent changes.
const REPEATED: usize = 2;

/// A page of a list, or all of one that has no pages.
pub(super) fn page(call: &Call<'_>, collection: usize) -> Response {
    let query = filters::query(call, collection);
    let mut table = call.store.table(collection).lock();
    let places = table.select(&query).places;
    let asked = call.asked.number("page").unwrap_or(1);
    let size = match call.endpoint.operation.paging {
        Some(Paging::Pages { default, .. }) => call.asked.number("pageSize").unwrap_or(default as usize),
        _ if call.endpoint.operation.params.iter().any(|param| param.wire == "pageSize") => {
            call.asked.number("pageSize").unwrap_or(50)
        }
        _ => places.len().max(1),
    };
    let empty = call.trouble.empty_page.map(|page| page as usize);
    let page = if empty.is_some_and(|empty| asked > empty) { asked - 1 } else { asked };
    let from = page.saturating_sub(1).saturating_mul(size).min(places.len());
    let to = if empty == Some(asked) { from } else { from.saturating_add(size).min(places.len()) };
    let mut data = Vec::new();
    if let Some(ty) = call.endpoint.shape.record() {
        let shown = Shown::new(call, collection, ty);
        for at in &places[from..to] {
            if !data.is_empty() {
                data.push(b',');
            }
            shown.push(&mut data, &table.rows[*at as usize].text);
        }
    }
    let total =
        (call.asked.is_true("includeTotal") || matches!(call.endpoint.shape, Shape::Array(_))).then_some(places.len());
    Envelope { page: asked, size, more: to < places.len(), total, continue_from: None }.wrap(call, data)
}

/// Changes since a cursor, in their order: what was taken away too.
pub(super) fn feed(call: &Call<'_>, collection: usize) -> Result<Response, Problem> {
    let refused = || Problem::field("from", "The value is neither a date nor a continuation token of this feed.");
    let cursor = match call.asked.get("from") {
        None => Cursor::START,
        Some(from) => call.state.seal.open(call.tenant, collection, from).ok_or_else(refused)?,
    };
    let size = call.state.options.feed_page.max(1);
    let mut table = call.store.table(collection).lock();
    let keeps_tombstones = table.keeps_tombstones();
    let (rows, changes) = table.changes();
    let first = changes.partition_point(|at| !cursor.precedes(rows[*at as usize].modified, *at));
    // Only a token has seen what it repeats.
    let repeats = call.asked.is_true("includeRecentChanges") && cursor.place >= 0;
    let mut last = cursor;
    let mut data = Vec::new();
    let mut shown_rows = 0;
    let mut next = if repeats { first.saturating_sub(REPEATED) } else { first };
    let is_empty = call.trouble.empty_page.is_some() && call.trouble.empty_feed;
    if let Some(ty) = call.endpoint.shape.record().filter(|_| !is_empty) {
        let shown = Shown::new(call, collection, ty);
        while next < changes.len() && shown_rows < size {
            let at = changes[next];
            let row = &rows[at as usize];
            next += 1;
            last = last.max(Cursor { moment: row.modified, place: at.into() });
            if row.deleted && !keeps_tombstones {
                continue;
            }
            if !data.is_empty() {
                data.push(b',');
            }
            shown.push(&mut data, &row.text);
            shown_rows += 1;
        }
    }
    let more = next < changes.len() || is_empty;
    // From the start, an empty feed has no record to continue after: whatever comes later is still to come.
    let last = if last == Cursor::START { Cursor { moment: 0, place: 0 } } else { last };
    let continue_from = Some(call.state.seal.close(call.tenant, collection, last));
    Ok(Envelope { page: 1, size, more, total: None, continue_from }.wrap(call, data))
}
