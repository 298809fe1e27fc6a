//! What a template asks of the vendor: method, address, headers and body.
//!
//! Templates build addresses from data, and data may be anybody's. So an address stays on the vendor's own origin even
//! where the author wrote another one, names no user, and climbs nowhere: what `..` would reach is asked with the
//! vendor's key. What a value may not be part of, such as a query, is the author's to escape with `url_encode`.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use tradewire_liquid::Value;
use url::Url;

use super::journal::Request;
use super::{Trouble, headers};

/// A request to the vendor, as a template wrote it.
#[derive(Debug)]
pub(super) struct Call {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Value>,
}

/// A request to the vendor, as it is sent.
#[derive(Debug)]
pub(super) struct Ready {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
}

impl Call {
    /// Reads `method`, `url`, `headers` and `body` or `parameters` from a template's output.
    pub fn read(mut rendered: Value, base: &Url) -> Result<Call, Trouble> {
        let method = match rendered.get("method") {
            None | Some(Value::Nil) => Method::POST,
            Some(Value::Text(word)) => match word.to_ascii_uppercase().as_str() {
                "GET" => Method::GET,
                "POST" => Method::POST,
                "PUT" => Method::PUT,
                "PATCH" => Method::PATCH,
                "DELETE" => Method::DELETE,
                _ => return Err(no_method(&format!("`{word}`"))),
            },
            Some(other) => return Err(no_method(&other.to_json())),
        };
        let url = rendered.get("url").and_then(Value::as_text);
        let mut url = address(url.ok_or_else(|| Trouble::pack("the template's output has no `url`"))?, base)?;
        if let Some(parameters) = rendered.get("parameters").filter(|p| **p != Value::Nil) {
            let Value::Object(members) = parameters else {
                return Err(Trouble::pack("`parameters` of the template's output is no object").about("/parameters"));
            };
            let mut pairs = url.query_pairs_mut();
            for (name, value) in members.iter().filter(|(_, value)| **value != Value::Nil) {
                pairs.append_pair(name, &value.to_text());
            }
        }
        let mut sent = HeaderMap::new();
        for (name, value) in headers::pairs(&rendered)? {
            headers::insert(&mut sent, &name, &value)?;
        }
        let body = headers::member(&mut rendered, "body").filter(|body| *body != Value::Nil);
        Ok(Call { method, url, headers: sent, body })
    }

    /// What people may see of it: before the secrets are in.
    pub fn shown(&self) -> Request {
        Request { method: self.method.to_string(), url: self.url.to_string(), body: self.text() }
    }

    /// The request as it is sent, as often as it is.
    pub fn ready(self) -> Ready {
        let body = self.body.is_some().then(|| Bytes::from(self.text()));
        Ready { method: self.method, url: self.url, headers: self.headers, body }
    }

    /// The body as it is sent.
    pub fn text(&self) -> String {
        let Some(body) = &self.body else { return String::new() };
        match self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
            Some(kind) if !kind.contains("json") => body.to_text(),
            _ => body.to_json(),
        }
    }
}

fn no_method(written: &str) -> Trouble {
    let detail = format!("`method` is {written}, which is no method");
    Trouble::quoting("`method` of the template's output is no method", detail).about("/method")
}

/// The address that a template wrote: a whole one, or one that continues the vendor's.
fn address(written: &str, base: &Url) -> Result<Url, Trouble> {
    let shown: String = written.chars().take(200).collect();
    let refused = |why: &str| {
        Trouble::quoting(format!("`url` of the template's output {why}"), format!("`url` {why}: `{shown}`"))
            .about("/url")
    };
    if climbs(written) {
        return Err(refused("has a part `.` or `..`; escape what comes from data with `url_encode`"));
    }
    let mut folder = base.clone();
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", base.path()));
    }
    let url = folder.join(written).map_err(|error| refused(&format!("is no address ({error})")))?;
    if url.origin() != base.origin() {
        return Err(refused(&format!("leads away from the vendor's own host {}", base.authority())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("names a user; keys are for `authentication` in vendor.json"));
    }
    Ok(url)
}

/// Whether a part of the path is one that addresses are shortened by. Readers of addresses take `\` for `/`, `%2e` for
/// a dot, drop line ends and tabs wherever they are, and every other control character at both ends.
fn climbs(written: &str) -> bool {
    let path = written.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| {
        let part: String = part.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
        let part = part.trim_matches(|c: char| c <= ' ' || c.is_whitespace());
        matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn read(url: &str) -> Result<String, String> {
        let base = Url::parse("https://vendor.example/api").unwrap();
        let rendered = Value::object([("url", Value::from(url))]);
        Call::read(rendered, &base).map(|call| call.url.to_string()).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn an_address_continues_the_vendors_or_is_a_whole_one_of_its_own() {
        for (written, wanted) in [
            ("orders", "https://vendor.example/api/orders"),
            ("/v2/orders?a=../b", "https://vendor.example/v2/orders?a=../b"),
            ("https://vendor.example:443/api/orders/A%2F1", "https://vendor.example/api/orders/A%2F1"),
            ("https://vendor.example\\@evil.example/", "https://vendor.example/@evil.example/"),
            ("orders/..x/1.2", "https://vendor.example/api/orders/..x/1.2"),
        ] {
            assert_eq!(read(written).unwrap(), wanted);
        }
    }

    #[test]
    fn no_value_leads_an_address_away_from_the_vendor() {
        for written in [
            "https://evil.example/api",
            "http://vendor.example/api",
            "https://vendor.example:8443/api",
            "https://vendor.example@evil.example/",
            "https://vendor.example.evil.example/",
            "//evil.example/x",
            "\\\\evil.example\\x",
            "/\t/evil.example/x",
            "file:///etc/passwd",
            "ftp://vendor.example/",
        ] {
            assert!(read(written).is_err_and(|told| told.contains("leads away")), "{written}: {:?}", read(written));
        }
        assert!(read("https://user:word@vendor.example/").unwrap_err().contains("names a user"));
    }

    /// Texts that are nearly addresses.
    fn nearly_an_address() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,3}",
            proptest::sample::select(vec![
                "/",
                "//",
                "\\",
                "..",
                ".",
                "%2e",
                "%2E",
                "%2f",
                "%5c",
                "?",
                "#",
                "@",
                ":",
                "\t",
                "\n",
                "\r",
                "\u{1}",
                "\u{1f}",
                " ",
                "\u{a0}",
                "\u{2028}",
                "https://",
                "http:",
                "vendor.example",
                "evil.example",
                "[",
                "]",
                ";",
                "&",
                "é",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Another reader of addresses is the judge: it is told the same, and finds the vendor and the folder there.
        #[test]
        fn no_text_leads_away_or_up(written in nearly_an_address()) {
            let base = Url::parse("https://vendor.example/api/v1/").unwrap();
            let Ok(url) = address(&written, &base) else { return Ok(()) };
            prop_assert_eq!(url.host_str(), Some("vendor.example"));
            prop_assert_eq!((url.scheme(), url.port(), url.username()), ("https", None, ""));
            let rooted = written.trim_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
            if !rooted.starts_with(['/', '\\']) && !rooted.contains(':') {
                prop_assert!(url.path().starts_with("/api/v1/"), "{}", url);
            }
            // Whoever reads it again reads the same.
            prop_assert_eq!(Url::parse(url.as_str()).unwrap(), url);
        }
    }

    #[test]
    fn what_is_left_out_at_the_ends_hides_no_climbing() {
        for written in ["\u{1}../keys", "\u{1f} ..\\keys", "x/..\u{0}", "\u{b}./..\u{c}/x"] {
            assert!(read(written).unwrap_err().contains("has a part `.` or `..`"), "{written:?}");
        }
    }

    #[test]
    fn no_value_climbs_to_another_path() {
        for value in ["..", "..\u{1f}", "../keys", "%2e%2E/keys", "..\\keys", ".\t./keys", "x/./../keys", " .. "] {
            let told = read(&format!("https://vendor.example/api/orders/{value}")).unwrap_err();
            assert!(told.contains("has a part `.` or `..`"), "{value}: {told}");
        }
    }
}
