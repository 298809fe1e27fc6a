//! The vendor's refusals, in its own shape: `{ "error": { "code", "message", "details" }, "request_id" }`.

use hyper::StatusCode;
use serde_json::{Value, json};
use tradewire_sandbox_seed::{Rng, number_of};

use crate::wire::{self, Response};

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    details: Vec<Value>,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into(), details: Vec::new() }
    }

    /// A key that is missing or wrong.
    pub fn key() -> Refusal {
        Refusal::new(401, "bad_key", "the header X-Api-Key holds no key of this shop's")
    }

    /// Something of that kind that is not there.
    pub fn missing(kind: &str, number: &str) -> Refusal {
        Refusal::new(404, "not_found", format!("there is no {kind} {number}"))
    }

    /// Lines that cannot be served, each with its number, field and reason.
    pub fn lines(faults: Vec<(usize, &str, String)>) -> Refusal {
        let message = match faults.len() {
            1 => "1 line cannot be ordered".to_owned(),
            count => format!("{count} lines cannot be ordered"),
        };
        let detail =
            |(line, field, reason): (usize, &str, String)| json!({ "line": line, "field": field, "reason": reason });
        Refusal { details: faults.into_iter().map(detail).collect(), ..Refusal::new(422, "bad_lines", message) }
    }

    /// The answer.
    pub fn response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let id = Rng::of(0, number_of(self.code), number_of(&self.message)).guid();
        let body = json!({
            "error": { "code": self.code, "message": self.message, "details": self.details },
            "request_id": id,
        });
        wire::typed(status, "application/json; charset=utf-8", body.to_string())
    }
}
