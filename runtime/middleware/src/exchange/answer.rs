//! What the vendor answered, received no further than the settings allow.

use std::borrow::Cow;
use std::sync::Arc;

use reqwest::Response;
use reqwest::header::{HeaderName, HeaderValue};
use tokio::time::Instant;
use tradewire_liquid::{Value, cost};
use tradewire_outbound::{Unread, read};
use tradewire_secrets::Masker;

use super::failed::{Failed, UNKNOWN};
use super::rehearsal::answer_document;
use super::work::Held;
use super::{Settings, Trouble, headers};

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
    /// The memory that it takes.
    pub held: Held,
}

fn visible(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_debug());
    let plain = escaped.is_none().then_some(c);
    plain.into_iter().chain(escaped.into_iter().flatten())
}

impl VendorAnswer {
    /// Receives an answer, without the secrets that the masker knows. One that is no success may be anything; a success is
    /// to be what it says it is, because a template would make an empty order number of half an answer.
    pub async fn receive(
        response: Response,
        place: &str,
        settings: &Settings,
        masker: &Arc<Masker>,
        ends: Instant,
    ) -> Result<VendorAnswer, Failed> {
        let status = response.status().as_u16();
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = response.headers().iter().map(text).filter(|(name, _)| headers::travels(name)).collect();
        let most = settings.most_bytes as u64;
        let bytes = read(response, most, |_| ()).await.map_err(|unread| match unread {
            Unread::TooLong(most) => Failed::answered(format!(
                "the vendor's answer is longer than {most} bytes, which is the most; ask it for less at a time"
            )),
            Unread::Broken(error) => Failed::of(error, place, settings),
        })?;
        let bytes_of = cost(&bytes);
        let held = settings.workshop.hold(bytes_of, ends).await.map_err(Failed::answered_not)?;
        let (place, masker) = (place.to_owned(), Arc::clone(masker));
        let reading = move || {
            let mut answer = VendorAnswer::read(status, headers, &bytes, &place)?;
            // Some vendors repeat the request in what they answer: from here on nobody sees the operator's key in it.
            answer.mask(&masker);
            Ok(VendorAnswer { held, ..answer })
        };
        settings.workshop.work(bytes_of, ends, reading).await.map_err(Failed::answered_not)?
    }

    fn read(status: u16, headers: Vec<(String, String)>, bytes: &[u8], place: &str) -> Result<VendorAnswer, Failed> {
        let text = String::from_utf8_lossy(bytes);
        let mut answer = VendorAnswer { status, headers, body: Value::Nil, held: Held::default() };
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
        Ok(answer)
    }

    /// Masks secrets wherever they are repeated.
    fn mask(&mut self, masker: &Masker) {
        self.body.replace_texts(&|text| masker.mask(text));
        for text in self.headers.iter_mut().flat_map(|(name, value)| [name, value]) {
            if let Cow::Owned(masked) = masker.mask(text) {
                *text = masked;
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
        Ok(VendorAnswer { status: status.ok_or_else(unreadable)?, headers, body, held: Held::default() })
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
            // What others say is for people: nothing in it is obeyed by a terminal.
            body => format!(": {}", body.to_text().chars().take(200).flat_map(visible).collect::<String>()),
        };
        Trouble::vendor(format!("the vendor answered {}{said}", self.status))
    }
}
