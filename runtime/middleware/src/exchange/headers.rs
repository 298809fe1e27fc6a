//! Headers on their way in and out: what is for one connection alone stays behind, names are merged without case.

use super::call::checked;
use super::{Outgoing, Trouble};
use crate::liquid::Value;

/// Headers that are for one connection or say what the sender's body looked like.
const LEFT_BEHIND: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers that let the caller in here and are nobody else's business.
const PRIVATE: [&str; 3] = ["authorization", "cookie", "x-tradewire-key"];

/// Whether a header goes from one side to the other.
pub(super) fn travels(name: &str) -> bool {
    !LEFT_BEHIND.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The caller's headers as templates see them.
pub(super) fn shown(headers: &[(String, String)], with_authorization: bool) -> Value {
    let is_private = |name: &str| {
        PRIVATE.iter().any(|known| name.eq_ignore_ascii_case(known))
            && !(with_authorization && name.eq_ignore_ascii_case("authorization"))
    };
    let shown: Vec<_> = headers.iter().filter(|(name, _)| travels(name) && !is_private(name)).cloned().collect();
    object(&shown)
}

/// Headers as an object, in their order; of those with one name the last counts.
pub(super) fn object(headers: &[(String, String)]) -> Value {
    Value::object(headers.iter().map(|(name, value)| (name.as_str(), Value::Text(value.as_str().into()))))
}

/// The members of a rendered `headers`: text, numbers and truth values; null is left out.
pub(super) fn pairs(rendered: &Value) -> Result<Vec<(String, String)>, Trouble> {
    let members = match rendered.get("headers") {
        None | Some(Value::Nil) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Trouble::pack("`headers` of the template's output is no object")),
    };
    let mut pairs = Vec::new();
    for (name, value) in members.iter() {
        match value {
            Value::Nil => {}
            Value::Text(text) => pairs.push((name.to_owned(), text.to_string())),
            Value::Number(_) | Value::Bool(_) => pairs.push((name.to_owned(), value.to_json())),
            _ => return Err(Trouble::pack(format!("the header `{name}` of the template's output is no text"))),
        }
    }
    pairs.retain(|(name, _)| travels(name));
    pairs.iter().try_for_each(|(name, value)| checked(name, value).map(drop))?;
    Ok(pairs)
}

/// The answer that a response template gives: `statusCode`, `headers` and `body`.
pub(super) fn outgoing(rendered: &Value) -> Result<Outgoing, Trouble> {
    let status = match rendered.get("statusCode") {
        None | Some(Value::Nil) => 200,
        Some(code) => {
            let text = code.as_text().map_or_else(|| code.to_json(), str::to_owned);
            let code = text.parse::<u16>().ok().filter(|code| (200..600).contains(code));
            code.ok_or_else(|| Trouble::pack("`statusCode` of the template's output is no HTTP status"))?
        }
    };
    let headers = pairs(rendered)?;
    let body = rendered.get("body").cloned().unwrap_or_default();
    Ok(Outgoing { status, headers, body, warnings: Vec::new() })
}
