//! A call that is carried as far as it goes without the vendor: what would be sent, and what would be made of an answer.
//! Secrets are never needed for it; where one would go stands its name.

use tradewire_liquid::{Object, Value};

use super::answer::VendorAnswer;
use super::call::Call;
use super::{Outgoing, Trouble, headers};
use crate::pack::{Authentication, Output, Vendor};

/// A request to the vendor, as it would be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The address, with its query.
    pub url: String,
    /// The headers. Names are in lower case but for those that the authentication adds.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
}

/// Reads the answer that a template for responses wrote.
///
/// # Errors
/// What is no `statusCode`, `headers` or `body`.
pub fn answered(rendered: &Value) -> Result<Outgoing, Trouble> {
    headers::outgoing(rendered.clone())
}

/// The answer to a call whose vendor answered no success, in a pack that has no template for it.
#[must_use]
pub fn unanswered(status: u16, body: &Value) -> Outgoing {
    Outgoing::from(VendorAnswer { status, headers: Vec::new(), body: body.clone(), held: Default::default() }.trouble())
}

impl Sent {
    /// Reads what a template for requests wrote, and shows where secrets would go.
    ///
    /// # Errors
    /// What makes it no request to the vendor.
    pub fn read(rendered: &Value, vendor: &Vendor) -> Result<Sent, Trouble> {
        let call = Call::read(rendered.clone(), &vendor.base_url)?;
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = call.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let mut sent = Sent { method: call.method.to_string(), url: call.url.to_string(), headers, body: call.body };
        sent.authenticate(&vendor.authentication)?;
        Ok(sent)
    }

    fn authenticate(&mut self, authentication: &Authentication) -> Result<(), Trouble> {
        match authentication {
            Authentication::None => {}
            Authentication::ApiKey(mappings) => {
                for mapping in mappings {
                    let secret = placeholder(&mapping.secret);
                    match mapping.output {
                        Output::Header => self.header(&mapping.name, secret),
                        Output::Query => {
                            let mark = if self.url.contains('?') { '&' } else { '?' };
                            self.url.push_str(&format!("{mark}{}={secret}", mapping.name));
                        }
                        Output::Body => match self.body.get_or_insert_with(|| Value::Object(Object::default())) {
                            Value::Object(members) => members.insert(mapping.name.as_str(), secret.into()),
                            _ => return Err(Trouble::pack("the key goes into the body, and the body is no object")),
                        },
                    }
                }
            }
            Authentication::Basic { username, password } => {
                self.header("Authorization", format!("Basic {}:{}", placeholder(username), placeholder(password)));
            }
            Authentication::OAuth2 { .. } => {
                self.header("Authorization", "Bearer <token of ClientId and ClientSecret>".to_owned());
            }
            Authentication::PassThrough => {
                self.header("Authorization", "<the caller's own>".to_owned());
            }
        }
        Ok(())
    }

    fn header(&mut self, name: &str, value: String) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value));
    }

    /// The request as one document: `method`, `url`, `headers`, `body`.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = Object::default();
        document.insert("method", self.method.as_str().into());
        document.insert("url", self.url.as_str().into());
        document.insert("headers", headers::object(&self.headers));
        if let Some(body) = &self.body {
            document.insert("body", body.clone());
        }
        Value::Object(document)
    }
}

impl Outgoing {
    /// The answer as one document: `statusCode`, `headers`, `body`.
    #[must_use]
    pub fn document(&self) -> Value {
        answer_document(self.status, headers::object(&self.headers), &self.body)
    }
}

/// An answer as one document, on either side of the pack.
pub(crate) fn answer_document(status: u16, headers: Value, body: &Value) -> Value {
    let status = Value::from(i64::from(status));
    Value::object([("statusCode", status), ("headers", headers), ("body", body.clone())])
}

fn placeholder(secret: &str) -> String {
    format!("<secret {secret}>")
}
