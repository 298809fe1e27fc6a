//! What an answer that is no success says: RFC 7807 problems, a gateway's own shape, a bare JSON string, plain text,
//! a web page, nothing.

use serde_json::{Map, Value};

use crate::error::{Error, FieldError, Kind};

/// As much of an error's body as is read.
pub(crate) const MOST_BYTES: usize = 256 << 10;

const MOST_CHARS: usize = 500;
const MOST_FIELDS: usize = 100;
const MOST_MESSAGES: usize = 20;

/// What could be read of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) title: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) fields: Vec<FieldError>,
}

/// Where the message may look for more than the answer itself says.
pub(crate) struct Asked<'a> {
    /// The scope that the catalog names.
    pub(crate) scope: Option<&'a str>,
    /// `host:port`.
    pub(crate) place: &'a str,
    pub(crate) tenant: i64,
}

/// Whether a body is a web page.
pub(crate) fn is_page(content_type: Option<&str>, body: &[u8]) -> bool {
    let start = body.iter().position(|b| !b.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(b)).unwrap_or(0);
    content_type.is_some_and(|t| t.to_ascii_lowercase().contains("text/html"))
        || body.get(start) == Some(&b'<') && content_type.is_none_or(|t| !t.contains("json"))
}

/// Reads the body of an answer that is no success.
pub(crate) fn read(body: &[u8]) -> Problem {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => from_object(&object),
        Ok(Value::String(text)) => Problem { title: line(&text), ..Problem::default() },
        Ok(Value::Null) => Problem::default(),
        Ok(other) => Problem { title: line(&other.to_string()), ..Problem::default() },
        Err(_) => Problem { title: line(&String::from_utf8_lossy(body)), ..Problem::default() },
    }
}

fn from_object(object: &Map<String, Value>) -> Problem {
    let text = |names: &[&str]| names.iter().find_map(|n| object.get(*n)?.as_str()).and_then(line);
    let title = text(&["title", "Title", "error_description", "message", "Message", "error"]);
    let detail = text(&["detail", "Detail"]);
    let title = match (title, detail) {
        (Some(title), Some(detail)) if title != detail => Some(format!("{title} {detail}")),
        (title, detail) => title.or(detail),
    };
    let fields = match object.get("errors").or_else(|| object.get("Errors")) {
        Some(Value::Object(errors)) => errors
            .iter()
            .take(MOST_FIELDS)
            .map(|(field, said)| FieldError { field: line(field).unwrap_or_default(), messages: messages(said) })
            .collect(),
        Some(said) => {
            let messages = messages(said);
            if messages.is_empty() { Vec::new() } else { vec![FieldError { field: String::new(), messages }] }
        }
        None => Vec::new(),
    };
    Problem { title, trace_id: text(&["traceId", "TraceId", "traceID", "requestId", "activityId"]), fields }
}

fn messages(said: &Value) -> Vec<String> {
    match said {
        Value::Null => Vec::new(),
        Value::String(text) => line(text).into_iter().collect(),
        Value::Array(list) => list.iter().flat_map(messages).take(MOST_MESSAGES).collect(),
        other => line(&other.to_string()).into_iter().collect(),
    }
}

/// One bounded line of a text from outside, which may repeat what it was sent.
fn line(text: &str) -> Option<String> {
    let text = tradewire_secrets::mask_cut(text);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_CHARS + 1).collect();
    let text = text.trim();
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => Some(format!("{}…", &text[..end])),
        None => (!text.is_empty()).then(|| text.to_owned()),
    }
}

impl Problem {
    /// The error of that status.
    pub(crate) fn into_error(self, status: u16, asked: &Asked<'_>) -> Error {
        let kind = Kind::of_status(status);
        let said = self.title.as_deref().map(|t| format!(": {t}")).unwrap_or_default();
        let Asked { scope, place, tenant } = asked;
        let message = match kind {
            Kind::Invalid => format!("ServiceTitan refuses the request ({status}){said}"),
            Kind::Unauthorized => format!(
                "ServiceTitan does not accept the token or the app key for tenant {tenant} (401){said}; \
                 check app_key, and that the tenant has connected the application"
            ),
            Kind::Forbidden => match scope {
                Some(scope) => format!(
                    "the application may not do this for tenant {tenant} (403){said}; the operation needs the scope \
                     `{scope}`: add it to the application and let the tenant accept the new version"
                ),
                None => format!("the application may not do this for tenant {tenant} (403){said}"),
            },
            Kind::NotFound if said.to_ascii_lowercase().contains("unable to match incoming request") => format!(
                "{place} has no such operation (404){said}; check the base address and whether the operation still exists"
            ),
            Kind::NotFound => format!("there is no such record (404){said}"),
            Kind::Conflict => format!("the record's state does not allow it (409){said}"),
            Kind::RateLimited => format!("the rate limit is reached (429){said}"),
            Kind::Server => format!("ServiceTitan failed ({status}){said}"),
            _ => format!("unexpected answer ({status}){said}"),
        };
        Error::new(kind, message).with_status(status).with_problem(self)
    }
}

/// The error for a web page where the API should be.
pub(crate) fn page_error(status: u16, place: &str) -> Error {
    let kind = match status {
        200..=399 => Kind::Unreadable,
        other => Kind::of_status(other),
    };
    Error::new(kind, format!("{place} answered ({status}) with a web page, not the API; check the base address"))
        .with_status(status)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ASKED: Asked<'_> = Asked { scope: Some("tn.crm.customers:r"), place: "api:443", tenant: 7 };

    #[test]
    fn a_problem_keeps_title_trace_and_fields() {
        let body = br#"{"type":"x","title":"Bad.","status":400,"traceId":"00-1","errors":{"sort":["a","b"],"ids":"c"},"data":{}}"#;
        let problem = read(body);
        assert_eq!(problem.title.as_deref(), Some("Bad."));
        assert_eq!(problem.trace_id.as_deref(), Some("00-1"));
        assert_eq!(problem.fields[0], FieldError { field: "sort".into(), messages: vec!["a".into(), "b".into()] });
        assert_eq!(problem.fields[1].messages, ["c"]);
    }

    #[test]
    fn strings_text_and_nothing_are_read_as_they_come() {
        assert_eq!(read(br#""Customer is inactive""#).title.as_deref(), Some("Customer is inactive"));
        assert_eq!(read(b"upstream\r\nfailed").title.as_deref(), Some("upstream  failed"));
        assert_eq!(read(br#"{"statusCode":401,"message":"no key"}"#).title.as_deref(), Some("no key"));
        assert_eq!(read(b""), Problem::default());
        assert_eq!(read(b"null"), Problem::default());
        assert_eq!(read(b"\xFF\xFE{").title.as_deref(), Some("\u{FFFD}\u{FFFD}{"));
    }

    #[test]
    fn hostile_bodies_stay_small_and_on_one_line() {
        let long = format!("{{\"title\":\"{}\\u001b[31m\\n\",\"errors\":[[[[{{\"a\":1}}]]]]}}", "é".repeat(100_000));
        let problem = read(long.as_bytes());
        assert!(problem.title.as_ref().unwrap().chars().count() <= MOST_CHARS + 1);
        assert_eq!(problem.fields[0].messages, ["{\"a\":1}"]);
        assert_eq!(read(br#""a\u001b[31mb""#).title.as_deref(), Some("a [31mb"));
        let deep = "[".repeat(10_000);
        assert!(read(deep.as_bytes()).title.is_some());
    }

    #[test]
    fn a_missing_scope_is_named_from_the_catalog() {
        let error = read(br#"{"title":"Scope validation failed"}"#).into_error(403, &ASKED);
        assert_eq!(error.kind(), Kind::Forbidden);
        assert!(error.message().contains("`tn.crm.customers:r`"), "{error}");
    }

    #[test]
    fn the_gateways_404_is_told_from_a_records() {
        let gateway = read(br#"{"title":"Unable to match incoming request to an operation."}"#).into_error(404, &ASKED);
        assert!(gateway.message().starts_with("api:443 has no such operation"), "{gateway}");
        let record = read(br#"{"title":"Customer 5 not found"}"#).into_error(404, &ASKED);
        assert!(record.message().starts_with("there is no such record (404): Customer 5"), "{record}");
    }

    #[test]
    fn secrets_that_the_answer_quotes_are_masked() {
        tradewire_secrets::register("cs1.topsecret");
        let problem =
            read(br#"{"title":"bad cs1.topsecret","traceId":"cs1.topsecret","errors":{"x":["cs1.topsecret"]}}"#);
        let error = problem.into_error(400, &ASKED);
        assert!(!format!("{error} {error:?} {}", error.to_json()).contains("topsecret"));
    }

    #[test]
    fn web_pages_are_known_by_their_type_or_their_first_character() {
        assert!(is_page(Some("text/html; charset=utf-8"), b"oops"));
        assert!(is_page(None, b"\xEF\xBB\xBF \n<!DOCTYPE html>"));
        assert!(!is_page(Some("application/json"), b"{}"));
        assert!(!is_page(None, b""));
        assert_eq!(page_error(200, "x:1").kind(), Kind::Unreadable);
        assert_eq!(page_error(502, "x:1").kind(), Kind::Server);
    }
}
