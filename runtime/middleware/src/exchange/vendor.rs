//! The vendor over HTTP.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use url::Url;

use super::{Settings, Trouble, headers};
use crate::liquid::Value;

/// How often a call that cannot order twice is tried.
const TRIES: u32 = 3;
/// The wait before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
const MOST_REDIRECTS: usize = 5;

/// The client for vendors. It follows redirects only within a host, so that keys stay with whom they are for.
pub(super) fn client(settings: &Settings) -> reqwest::Result<Client> {
    let redirects = Policy::custom(|attempt| {
        let from = attempt.previous().last().and_then(|url| url.host_str().map(str::to_owned));
        if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error("the vendor redirects in a circle")
        } else if from.as_deref() == attempt.url().host_str()
            && attempt.previous()[0].scheme() == attempt.url().scheme()
        {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    Client::builder()
        .redirect(redirects)
        .timeout(settings.timeout)
        .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
        .user_agent(concat!("tradewire/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// A request to the vendor, as a template wrote it.
#[derive(Debug)]
pub(super) struct Call {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Value>,
}

impl Call {
    /// Reads `method`, `url`, `headers` and `body` or `parameters` from a template's output. The address is on the
    /// vendor's own host: a template cannot send its key elsewhere.
    pub fn read(rendered: &Value, base: &Url) -> Result<Call, Trouble> {
        let method = match rendered.get("method") {
            None | Some(Value::Nil) => Method::POST,
            Some(Value::Text(word)) => match word.to_ascii_uppercase().as_str() {
                "GET" => Method::GET,
                "POST" => Method::POST,
                "PUT" => Method::PUT,
                "PATCH" => Method::PATCH,
                "DELETE" => Method::DELETE,
                _ => return Err(Trouble::pack(format!("`method` is `{word}`, which is no method"))),
            },
            Some(other) => return Err(Trouble::pack(format!("`method` is {}, which is no method", other.to_json()))),
        };
        let url = rendered.get("url").and_then(Value::as_text);
        let url = url.ok_or_else(|| Trouble::pack("the template's output has no `url`"))?;
        if climbs(url) {
            return Err(Trouble::pack(format!("`url` has a step `.` or `..`, which leads elsewhere: `{url}`")));
        }
        let mut url =
            base.join(url).map_err(|error| Trouble::pack(format!("`url` is no address: {error}: `{url}`")))?;
        if url.host_str() != base.host_str() || url.scheme() != base.scheme() || url.port() != base.port() {
            return Err(Trouble::pack(format!("`url` leads away from the vendor's own host {}", base.authority())));
        }
        if let Some(parameters) = rendered.get("parameters").filter(|p| **p != Value::Nil) {
            let Value::Object(members) = parameters else {
                return Err(Trouble::pack("`parameters` of the template's output is no object"));
            };
            let mut pairs = url.query_pairs_mut();
            for (name, value) in members.iter().filter(|(_, value)| **value != Value::Nil) {
                pairs.append_pair(name, &value.as_text().map_or_else(|| value.to_json(), str::to_owned));
            }
        }
        let mut sent = HeaderMap::new();
        for (name, value) in headers::pairs(rendered)? {
            insert(&mut sent, &name, &value)?;
        }
        let body = rendered.get("body").filter(|body| **body != Value::Nil).cloned();
        Ok(Call { method, url, headers: sent, body })
    }

    /// Sends it, again where that cannot order twice: when nothing reached the vendor, or when it only reads.
    pub async fn send(self, http: &Client, settings: &Settings) -> Result<VendorAnswer, Trouble> {
        let mut pause = PAUSE;
        for tries in 1.. {
            match self.attempt(http, settings).await {
                Ok(answer) if matches!(answer.status, 502..=504) && self.method == Method::GET && tries < TRIES => {}
                Ok(answer) => return Ok(answer),
                Err(failed) if tries < TRIES && (failed.unsent || failed.broken && self.method == Method::GET) => {}
                Err(failed) => return Err(failed.trouble),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Trouble::vendor("the vendor was not asked"))
    }

    async fn attempt(&self, http: &Client, settings: &Settings) -> Result<VendorAnswer, Failed> {
        let mut request = http.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        if let Some(body) = &self.body {
            let text = match self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
                Some(kind) if !kind.contains("json") => body.as_text().map_or_else(|| body.to_json(), str::to_owned),
                _ => body.to_json(),
            };
            request = request.body(text);
            if !self.headers.contains_key(CONTENT_TYPE) {
                request = request.header(CONTENT_TYPE, "application/json");
            }
        }
        let place = self.url.authority().to_owned();
        let failed = |error: reqwest::Error| Failed::of(error, &place, settings);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = response.headers().iter().map(text).filter(|(name, _)| headers::travels(name)).collect();
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if bytes.len() + piece.len() > settings.most_bytes {
                let most = settings.most_bytes;
                let trouble =
                    Trouble::vendor(format!("the vendor's answer is longer than {most} bytes, which is the most"));
                return Err(Failed { trouble, unsent: false, broken: false });
            }
            bytes.extend_from_slice(&piece);
        }
        let text = String::from_utf8_lossy(&bytes);
        let body = match text.trim() {
            "" => Value::Nil,
            text => Value::from_json(text).unwrap_or_else(|_| Value::Text(text.into())),
        };
        let answer = VendorAnswer { status, headers, body };
        if answer.is_success() && answer.is_markup() {
            let trouble = Trouble::vendor(format!("{place} answered {status} with a page instead of JSON"));
            return Err(Failed { trouble, unsent: false, broken: false });
        }
        Ok(answer)
    }
}

/// Whether an address has a step of dots alone. Nothing escapes them, so an account called `..` would make a call for
/// `customers/../links` out of one for `customers/{}/links`; no template needs one.
fn climbs(url: &str) -> bool {
    // What a reader of addresses skips and what it takes for a slash.
    let path: String = url.chars().take_while(|c| !"?#".contains(*c)).filter(|c| !"\t\r\n".contains(*c)).collect();
    let step = |step: &str| matches!(step.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    path.split(['/', '\\']).any(step)
}

/// Puts a header there, in place of others of its name.
pub(super) fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Trouble> {
    let known = HeaderName::try_from(name).map_err(|_| Trouble::pack(format!("`{name}` is no name of a header")))?;
    let value = HeaderValue::try_from(value)
        .map_err(|_| Trouble::pack(format!("the header `{name}` has a value that no header can have")))?;
    headers.insert(known, value);
    Ok(())
}

/// An attempt without an answer.
struct Failed {
    trouble: Trouble,
    /// Nothing reached the vendor.
    unsent: bool,
    /// The connection broke on the way.
    broken: bool,
}

impl Failed {
    fn of(error: reqwest::Error, place: &str, settings: &Settings) -> Failed {
        let (unsent, timed_out, circle) = (error.is_connect(), error.is_timeout(), error.is_redirect());
        // The address may hold a key in its query.
        let error = error.without_url();
        let trouble = if circle {
            Trouble::vendor(format!("{place} redirects in a circle"))
        } else if timed_out {
            let seconds = settings.timeout.as_secs_f32();
            Trouble::vendor(format!(
                "{place} did not answer within {seconds} s; whether it did what it was asked is not known"
            ))
            .with_status(504)
        } else if unsent {
            Trouble::vendor(format!("no connection to {place}: {}", innermost(&error)))
        } else {
            Trouble::vendor(format!(
                "the connection to {place} broke: {}; whether it did what it was asked is not known",
                innermost(&error)
            ))
        };
        Failed { trouble, unsent: unsent && !timed_out, broken: !circle && !timed_out }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// What the vendor answered.
#[derive(Debug)]
pub(super) struct VendorAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// JSON, or the text of what is none.
    pub body: Value,
}

impl VendorAnswer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn is_markup(&self) -> bool {
        let html = |(name, value): &(String, String)| name == "content-type" && value.contains("html");
        self.headers.iter().any(html) && self.body.as_text().is_some()
    }

    /// The failure, for a pack that has no template for it.
    pub fn trouble(&self) -> Trouble {
        let said = match &self.body {
            Value::Nil => String::new(),
            body => {
                let text = body.as_text().map_or_else(|| body.to_json(), str::to_owned);
                format!(": {}", text.chars().take(200).collect::<String>())
            }
        };
        Trouble::vendor(format!("the vendor answered {}{said}", self.status))
    }
}
