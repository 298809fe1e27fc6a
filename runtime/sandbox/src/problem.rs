//! Refusals, in the shape of the real API: `{type, title, status, traceId, errors, data}`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use serde_json::json;
use tradewire_sandbox_seed::Rng;

use crate::wire::{self, Response};

/// What is wrong with which field.
pub(crate) type Faulty = BTreeMap<String, Vec<String>>;

/// A refusal.
#[derive(Debug)]
pub(crate) struct Problem {
    pub status: u16,
    pub title: String,
    pub errors: Faulty,
    pub retry_after: Option<String>,
}

impl Problem {
    pub fn new(status: u16, title: impl Into<String>) -> Problem {
        Problem { status, title: title.into(), errors: Faulty::new(), retry_after: None }
    }

    /// A call with faulty fields.
    pub fn invalid(errors: Faulty) -> Problem {
        Problem { errors, ..Problem::new(400, "One or more validation errors occurred.") }
    }

    /// A call with one faulty field.
    pub fn field(name: &str, message: impl Into<String>) -> Problem {
        Problem::invalid(Faulty::from([(name.to_owned(), vec![message.into()])]))
    }

    /// A record that is not there.
    pub fn missing(id: &str) -> Problem {
        Problem::new(404, format!("Entity with id {id} was not found."))
    }

    /// A path that no operation has: the gateway's own answer.
    pub fn no_route() -> Problem {
        Problem::new(404, "Unable to match incoming request to an operation.")
    }

    /// The answer.
    pub fn response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = match self.status {
            400 => "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            401 => "https://tools.ietf.org/html/rfc9110#section-15.5.2",
            403 => "https://tools.ietf.org/html/rfc9110#section-15.5.4",
            404 => "https://tools.ietf.org/html/rfc9110#section-15.5.5",
            409 => "https://tools.ietf.org/html/rfc9110#section-15.5.10",
            429 => "https://tools.ietf.org/html/rfc6585#section-4",
            _ => "about:blank",
        };
        let body = json!({
            "type": kind, "title": self.title, "status": self.status, "traceId": trace_id(), "errors": self.errors, "data": {},
        });
        let mut response = Response::new(wire::full(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
        if let Some(value) = self.retry_after.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(header::RETRY_AFTER, value);
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A W3C trace id, another for each problem.
fn trace_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut rng = Rng::of(0, 0, COUNT.fetch_add(1, Ordering::Relaxed));
    let hex = rng.guid().replace('-', "");
    format!("00-{hex}-{}-00", &hex[8..24])
}
