//! What the vendor answered, received no further than the settings allow.

use std::borrow::Cow;

use reqwest::Response;
use reqwest::header::{HeaderName, HeaderValue};
use tradewire_secrets::Masker;

use super::failed::{Failed, UNKNOWN};
use super::rehearsal::answer_document;
use super::{Settings, Trouble, headers};
use crate::liquid::Value;

/// Whether `Response.liquid` gets an answer of this status, and not `Error.liquid`.
pub(crate) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// What the vendor answered.
#[derive(Debug)]
pub(super) struct VendorAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// JSON, or the text of what is none.
    pub body: Value,
    /// It is not the answer to what was asked, which sent on to another question (303).
    pub of_another: bool,
}

impl VendorAnswer {
    /// Receives an answer. One that is no success may be anything; a success is to be what it says it is, because a
    /// template would make an empty order number of half an answer.
    pub async fn receive(mut response: Response, place: &str, settings: &Settings) -> Result<VendorAnswer, Failed> {
        let status = response.status().as_u16();
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = response.headers().iter().map(text).filter(|(name, _)| headers::travels(name)).collect();
        let most = settings.most_bytes;
        let too_long = || {
            Failed::answered(format!(
                "the vendor's answer is longer than {most} bytes, which is the most; ask it for less at a time"
            ))
        };
        if response.content_length().is_some_and(|length| length > most as u64) {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| Failed::of(error, place, settings))? {
            if bytes.len() + piece.len() > most {
                return Err(too_long());
            }
            bytes.extend_from_slice(&piece);
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut answer = VendorAnswer { status, headers, body: Value::Nil, of_another: false };
        let text = text.trim();
        if !text.is_empty() {
            let told = |why| Failed::answered(format!("{place} answered {status} {why}; {UNKNOWN}"));
            answer.body = match Value::from_json(text) {
                Ok(body) => body,
                Err(_) if answer.is_success() && answer.says_it_is("html") => {
                    return Err(told("with a page instead of JSON".to_owned()));
                }
                Err(error) if answer.is_success() && answer.says_it_is("json") => {
                    return Err(told(format!("with JSON that cannot be read ({error})")));
                }
                Err(_) => text.into(),
            };
        }
        // Some vendors repeat the request in what they answer: from here on nobody sees the operator's key in it.
        answer.mask(tradewire_secrets::all());
        Ok(answer)
    }

    /// Masks secrets wherever they are repeated.
    pub fn mask(&mut self, masker: &Masker) {
        self.body.mask(masker);
        for (_, value) in &mut self.headers {
            if let Cow::Owned(masked) = masker.mask(value) {
                *value = masked;
            }
        }
    }

    /// The answer as it is kept. Of headers with one name the last is, which is the one that templates see.
    pub fn record(&self) -> Vec<u8> {
        answer_document(self.status, headers::object(&self.headers), &self.body).to_json().into_bytes()
    }

    /// The answer from its record.
    pub fn recorded(record: &[u8]) -> Result<VendorAnswer, Trouble> {
        let unreadable = || Trouble::pack("the vendor's answer that was written down cannot be read");
        let document = Value::from_json(&String::from_utf8_lossy(record)).map_err(|_| unreadable())?;
        let status = document.get("statusCode").and_then(|status| status.to_json().parse().ok());
        let body = document.get("body").cloned().unwrap_or_default();
        let headers = headers::pairs(&document)?;
        Ok(VendorAnswer { status: status.ok_or_else(unreadable)?, headers, body, of_another: false })
    }

    pub fn is_success(&self) -> bool {
        is_success(self.status)
    }

    fn says_it_is(&self, kind: &str) -> bool {
        self.headers.iter().any(|(name, value)| name == "content-type" && value.contains(kind))
    }

    /// The failure, for a pack that has no template for it.
    pub fn trouble(&self) -> Trouble {
        let said = match &self.body {
            Value::Nil => String::new(),
            body => format!(": {}", body.to_text().chars().take(200).collect::<String>()),
        };
        Trouble::vendor(format!("the vendor answered {}{said}", self.status))
    }
}
