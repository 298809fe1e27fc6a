//! What the sandbox serves beside the API, for tests and for people who try things out. None of it takes a token.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /_sandbox` | what the sandbox holds: tenants, and records by collection |
//! | `GET /_sandbox/calls` | the latest calls as they came; `?operation=` narrows them to names that begin like this |
//! | `DELETE /_sandbox/calls` | forgets them |
//! | `GET /_sandbox/writes` | all that was carried out and changed something, in order, whatever its caller was answered; `?operation=` as above |
//! | `GET`, `PUT`, `POST`, `DELETE /_sandbox/faults` | shows, replaces, adds to and ends the faults in force: a JSON list of [`Fault`](crate::Fault)s |
//! | `POST /_sandbox/tokens/expire` | lets every token expire |
//! | `POST /_sandbox/clock` | moves the sandbox's clock on: `{"now": "2026-01-08T06:00:00Z"}`; it never goes back |
//! | `GET`, `POST /_sandbox/records/{collection}` | shows the records of a collection (`inventory/receipts`); adds one, as people at ServiceTitan do, who are bound to no operation |
//! | `PATCH /_sandbox/records/{collection}/{id}` | merges fields into a record, likewise |
//! | `POST /_sandbox/vendor/orders/{number}/advance` | lets an order at the stand-in vendor go on by one stage |
//! | `POST /_sandbox/vendor/prices` | sets prices in the stand-in vendor's list, in cents: `{"HL-1001": 405}` |
//! | `GET /_sandbox/examples?operation=` | values for the parameters of that operation's path |

use std::collections::BTreeMap;

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::example;
use crate::faults::Faults;
use crate::operate;
use crate::problem::Problem;
use crate::state::State;
use crate::wire::{self, Response};

/// Where it begins.
pub const ROOT: &str = "/_sandbox";

pub(crate) fn answer(state: &State, head: &Parts, body: &[u8]) -> Response {
    let path = head.uri.path().trim_end_matches('/').strip_prefix(ROOT).unwrap_or_default();
    let asked = |name: &str| wire::asked(head.uri.query(), name);
    let first = state.options.tenants[0].id;
    let tenant = asked("tenant").and_then(|tenant| tenant.parse().ok()).unwrap_or(first);
    match (&head.method, path) {
        (&Method::GET, "") => json_answer(&summary(state, tenant)),
        (&Method::GET, "/calls" | "/writes") => {
            let prefix = asked("operation").unwrap_or_default();
            let mut calls = if path == "/calls" { state.ledger.entries() } else { state.ledger.writes() };
            calls.retain(|call| call.operation.as_deref().unwrap_or_default().starts_with(&prefix));
            json_answer(&json!(calls))
        }
        (&Method::DELETE, "/calls") => {
            state.ledger.clear();
            done()
        }
        (&Method::GET, "/faults") => json_answer(&json!(state.faults.get())),
        (&Method::PUT | &Method::POST, "/faults") => match serde_json::from_slice::<Faults>(body) {
            Ok(faults) if head.method == Method::PUT => {
                state.faults.set(faults);
                done()
            }
            Ok(faults) => {
                state.faults.add(faults);
                done()
            }
            Err(error) => Problem::field("$", format!("Not a list of faults: {error}.")).response(),
        },
        (&Method::DELETE, "/faults") => {
            state.faults.set(Faults::default());
            done()
        }
        (&Method::POST, "/tokens/expire") => {
            state.auth.expire_all();
            done()
        }
        (&Method::GET, "/examples") => {
            let operation = asked("operation").unwrap_or_default();
            match example::path(state, &operation, tenant) {
                Some(values) => json_answer(&json!(values)),
                None => Problem::missing(&operation).response(),
            }
        }
        (&Method::POST, path) if path.starts_with("/vendor/orders/") && path.ends_with("/advance") => {
            let number = path.trim_start_matches("/vendor/orders/").trim_end_matches("/advance");
            if state.vendor.advance(number) { done() } else { Problem::missing(number).response() }
        }
        (&Method::POST, "/vendor/prices") => match serde_json::from_slice::<BTreeMap<String, i64>>(body) {
            Ok(prices) => match state.vendor.set_prices(&prices) {
                Ok(()) => done(),
                Err(number) => Problem::missing(&number).response(),
            },
            Err(error) => Problem::field("$", format!("Not prices in cents by part numbers: {error}.")).response(),
        },
        (&Method::POST, "/clock") => {
            let now = serde_json::from_slice::<Value>(body).ok();
            let now = now.and_then(|body| tradewire_sandbox_seed::clock::read(body["now"].as_str()?));
            match now.map(|now| state.clock.move_on(now)) {
                Some(true) => done(),
                Some(false) => Problem::field("now", "The clock never goes back.").response(),
                None => Problem::field("now", "Not a moment.").response(),
            }
        }
        (method, records) if records.starts_with("/records/") => {
            let place = records.trim_start_matches("/records/");
            records_of(state, method, tenant, place, body).unwrap_or_else(|| Problem::missing(place).response())
        }
        (&Method::GET, file) if file.starts_with("/files/") => {
            let tenant = file.trim_start_matches("/files/").parse().unwrap_or(first);
            let path = asked("path").unwrap_or_default();
            let found = state.stores.get(&tenant).and_then(|store| operate::file(store, &path));
            found.unwrap_or_else(|| Problem::missing(&path).response())
        }
        _ => Problem::new(404, format!("The sandbox has no {} {}.", head.method, head.uri.path())).response(),
    }
}

/// Shows, adds or changes records of a tenant, as a path says. None where there is no such collection or record.
fn records_of(state: &State, method: &Method, tenant: i64, place: &str, body: &[u8]) -> Option<Response> {
    let store = state.stores.get(&tenant)?;
    let body = std::str::from_utf8(body).unwrap_or_default();
    let refused = || Problem::field("$", "Not a JSON object.").response();
    let is_object = || serde_json::from_str::<Map<String, Value>>(body).is_ok();
    match (method, state.plan.collection(place)) {
        (&Method::GET, Some(collection)) => Some(json_answer(&json!(store.records(collection)))),
        (&Method::POST, Some(_)) | (&Method::PATCH, None) if !is_object() => Some(refused()),
        (&Method::POST, Some(collection)) => Some(wire::json(operate::add(state, store, collection, body))),
        (&Method::PATCH, None) => {
            let (key, id) = place.rsplit_once('/')?;
            operate::amend(state, store, state.plan.collection(key)?, id, body).map(wire::json)
        }
        _ => None,
    }
}

fn summary(state: &State, tenant: i64) -> Value {
    let tenants: Vec<Value> =
        state.options.tenants.iter().map(|tenant| json!({ "id": tenant.id, "client_id": tenant.client_id })).collect();
    let mut records = Map::new();
    if let Some(store) = state.stores.get(&tenant) {
        for (number, collection) in state.plan.collections.iter().enumerate() {
            records.insert(collection.key.clone(), json!(store.count(number)));
        }
    }
    json!({ "operations": state.plan.endpoints.len(), "tenants": tenants, "records": records })
}

fn json_answer(value: &Value) -> Response {
    wire::json(value.to_string())
}

fn done() -> Response {
    wire::empty(StatusCode::NO_CONTENT)
}
