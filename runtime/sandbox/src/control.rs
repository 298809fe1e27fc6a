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
//! | `POST /_sandbox/vendor/orders/{number}/advance` | lets an order at the stand-in vendor go on by one stage |
//! | `GET /_sandbox/examples?operation=` | values for the parameters of that operation's path |

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
        (&Method::GET, file) if file.starts_with("/files/") => {
            let tenant = file.trim_start_matches("/files/").parse().unwrap_or(first);
            let path = asked("path").unwrap_or_default();
            let found = state.stores.get(&tenant).and_then(|store| operate::file(store, &path));
            found.unwrap_or_else(|| Problem::missing(&path).response())
        }
        _ => Problem::new(404, format!("The sandbox has no {} {}.", head.method, head.uri.path())).response(),
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
