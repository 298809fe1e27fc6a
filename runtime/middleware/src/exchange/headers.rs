//! Headers on their way in and out: what is for one connection alone stays behind, names are merged without case.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tradewire_liquid::{Value, pointer};

use super::{Outgoing, Trouble};

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
/// The header that callers of vendors show their key in.
pub const KEY: &str = "x-tradewire-key";
/// Headers that let the caller in here and are nobody else's business.
const PRIVATE: [&str; 3] = ["authorization", "cookie", KEY];

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

/// Where in a template's output a header is.
pub(super) fn place(name: &str) -> String {
    format!("/headers/{}", pointer::step(name))
}

/// The members of a rendered `headers`: text, numbers and truth values; null is left out.
pub(super) fn pairs(rendered: &Value) -> Result<Vec<(String, String)>, Trouble> {
    let members = match rendered.get("headers") {
        None | Some(Value::Nil) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Trouble::pack("`headers` of the template's output is no object").about("/headers")),
    };
    let mut pairs = Vec::new();
    for (name, value) in members.iter() {
        match value {
            Value::Nil => {}
            Value::Text(text) => pairs.push((name.to_owned(), text.to_string())),
            Value::Number(_) | Value::Bool(_) => pairs.push((name.to_owned(), value.to_json())),
            _ => {
                let message = format!("the header `{name}` of the template's output is no text");
                return Err(Trouble::pack(message).about(place(name)));
            }
        }
    }
    pairs.retain(|(name, _)| travels(name));
    pairs.iter().try_for_each(|(name, value)| checked(name, value).map(drop))?;
    Ok(pairs)
}

/// Puts a header there, in place of others of its name.
pub(super) fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Trouble> {
    let (name, value) = checked(name, value)?;
    headers.insert(name, value);
    Ok(())
}

/// A header that can be sent: no line ends in it, which would make other headers of a value.
fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Trouble> {
    let faulty = |message: String| Trouble::pack(message).about(place(name));
    let known = HeaderName::try_from(name).map_err(|_| faulty(format!("`{name}` is no name of a header")))?;
    let value = HeaderValue::try_from(value)
        .map_err(|_| faulty(format!("the header `{name}` has a value that no header can have")))?;
    Ok((known, value))
}

/// Takes a member out of an object.
pub(super) fn member(value: &mut Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(members) => members.remove(name),
        _ => None,
    }
}

/// The answer that a response template gives: `statusCode`, `headers` and `body`.
pub(super) fn outgoing(mut rendered: Value) -> Result<Outgoing, Trouble> {
    let status = match rendered.get("statusCode") {
        None | Some(Value::Nil) => 200,
        Some(code) => {
            let code = code.to_text().parse::<u16>().ok().filter(|code| (200..600).contains(code));
            code.ok_or_else(|| {
                Trouble::pack("`statusCode` of the template's output is no HTTP status").about("/statusCode")
            })?
        }
    };
    let headers = pairs(&rendered)?;
    let body = member(&mut rendered, "body").unwrap_or_default();
    Ok(Outgoing { status, headers, body, warnings: Vec::new() })
}
