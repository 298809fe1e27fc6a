//! What is written down of the requests to a vendor by whoever must not ask for the same thing twice.
//!
//! The exchange does not keep a journal; it asks one, given by its caller, at each request of a call: one, and another
//! for each callback. Only requests that act ([`Endpoint::acts`](crate::pack::Endpoint::acts)) are written down. What is
//! written down is the vendor's own answer, not what a template makes of it: where the template is at fault, the order
//! is placed all the same, and is answered once the template is mended.
//!
//! What came of a request is told by [`Sent::settles`]:
//!
//! | the vendor | it |
//! |---|---|
//! | answered 2xx | did it, unless the answer as the pack renders it says that it did not |
//! | was not reached, refused the connection, or sends elsewhere by 301, 302, 307, 308 | did nothing |
//! | answered 4xx, 501, 503 | did nothing |
//! | answered any other 5xx, broke the connection, did not answer in time, answered 2xx with what cannot be read | may have done it |
//!
//! ServiceTitan's 500 says that a write failed; of vendors nobody has promised that.

use std::pin::Pin;
use std::sync::Arc;

use tradewire_client::{Later, ServiceTitan};
use tradewire_liquid::Value;

use super::answer::VendorAnswer;
use super::failed::Failed;
use super::{Outgoing, Trouble};

/// Keeps what acts from being asked for twice.
pub trait Journal: Send + Sync {
    /// A request of an endpoint. `body` is what the call says, with `callbackData` where an answer has asked for another
    /// request: equal bodies ask for the same thing, whatever a template makes of them at another time.
    fn request<'a>(&'a self, endpoint: &str, body: &Value) -> Box<dyn Entry + 'a>;
}

/// The place of one request in a journal.
pub trait Entry: Send + Sync {
    /// ServiceTitan, as the templates of this request ask it. None where they may not.
    fn servicetitan(&self) -> Option<Arc<dyn ServiceTitan>>;

    /// What is known of it already; then nothing is rendered for the vendor, and nothing sent.
    fn before(&self) -> Later<'_, Result<Option<Before>, Trouble>>;

    /// Sends it, which is written down before, and what came of it after. Whatever becomes of the caller, what was sent
    /// is settled.
    fn send(&self, request: Request, sending: Sending) -> Later<'_, Result<Sent, Trouble>>;

    /// It has its answer as the pack renders it, and what that says went wrong at the vendor, where it does. A request
    /// that comes to no such end, or to a refusal, is the same when it is made again.
    fn answered<'a>(&'a self, refusal: Option<&'a str>) -> Later<'a, Result<(), Trouble>>;
}

/// A request on its way.
pub type Sending = Pin<Box<dyn Future<Output = Sent> + Send>>;

/// What is known of a request that was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// The vendor's answer, as [`Settles::Answered`] gave it.
    Answered(Vec<u8>),
    /// Someone has found out that the vendor did it, and says in the endpoint's own shape what it answers, if that is
    /// known.
    Found(Option<Vec<u8>>),
}

/// A request as people see it, without the vendor's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The address, with its query.
    pub url: String,
    /// The body; empty where there is none.
    pub body: String,
}

/// A request that was sent, or tried to be.
#[derive(Debug)]
pub struct Sent(pub(super) Result<VendorAnswer, Failed>);

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settles {
    /// The vendor did it.
    Answered {
        /// The status.
        status: u16,
        /// The answer, to be given as [`Before::Answered`]. JSON.
        record: Vec<u8>,
    },
    /// It did nothing.
    Refused {
        /// The status, where it answered.
        status: Option<u16>,
        /// Why not.
        message: String,
    },
    /// Nobody knows.
    Unresolved {
        /// Why not.
        message: String,
    },
}

impl Sent {
    /// What came of it.
    pub fn settles(&self) -> Settles {
        match &self.0 {
            Ok(answer) if answer.is_success() => Settles::Answered { status: answer.status, record: answer.record() },
            Ok(answer) => {
                let message = answer.trouble().to_string();
                let did_nothing = matches!(answer.status, 300..=499 | 501 | 503) && answer.status != 303;
                match did_nothing {
                    true => Settles::Refused { status: Some(answer.status), message },
                    false => Settles::Unresolved { message },
                }
            }
            Err(failed) if failed.may_have_acted => Settles::Unresolved { message: failed.trouble.to_string() },
            Err(failed) => Settles::Refused { status: None, message: failed.trouble.to_string() },
        }
    }
}

/// Where nothing is written down: whoever calls decides what to call again.
pub(super) struct Unwritten(pub Option<Arc<dyn ServiceTitan>>);

impl Journal for Unwritten {
    fn request<'a>(&'a self, _: &str, _: &Value) -> Box<dyn Entry + 'a> {
        Box::new(Unwritten(self.0.clone()))
    }
}

impl Entry for Unwritten {
    fn servicetitan(&self) -> Option<Arc<dyn ServiceTitan>> {
        self.0.clone()
    }

    fn before(&self) -> Later<'_, Result<Option<Before>, Trouble>> {
        Box::pin(async { Ok(None) })
    }

    fn send(&self, _: Request, sending: Sending) -> Later<'_, Result<Sent, Trouble>> {
        Box::pin(async { Ok(sending.await) })
    }

    fn answered<'a>(&'a self, _: Option<&'a str>) -> Later<'a, Result<(), Trouble>> {
        Box::pin(async { Ok(()) })
    }
}

/// The answer to a request of which someone has found out that the vendor did it.
pub(super) fn found(answer: Option<Vec<u8>>) -> Result<Outgoing, Trouble> {
    let body = match answer {
        Some(answer) => {
            let text = String::from_utf8_lossy(&answer);
            let told =
                |error| Trouble::caller(format!("the answer that the write was resolved with is not JSON: {error}"));
            Value::from_json(&text).map_err(told)?
        }
        None => Value::object([("success", Value::from(true)), ("message", "done, as an operator has found".into())]),
    };
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    Ok(Outgoing { status: 200, headers, body, warnings: Vec::new() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answered(status: u16) -> VendorAnswer {
        let body = Value::from_json(r#"{ "order_no": "SO-1", "total": 12.50 }"#).unwrap();
        VendorAnswer { status, headers: vec![("etag".into(), "\"1\"".into())], body, held: Default::default() }
    }

    fn settles(status: u16) -> &'static str {
        match Sent(Ok(answered(status))).settles() {
            Settles::Answered { .. } => "answered",
            Settles::Refused { .. } => "refused",
            Settles::Unresolved { .. } => "unresolved",
        }
    }

    #[test]
    fn only_what_cannot_have_been_done_is_refused() {
        for (wanted, statuses) in [
            ("answered", &[200, 201, 202, 204][..]),
            ("refused", &[302, 400, 401, 404, 409, 422, 429, 501, 503]),
            ("unresolved", &[303, 500, 502, 504, 520, 599]),
        ] {
            for status in statuses {
                assert_eq!(settles(*status), wanted, "{status}");
            }
        }
    }

    #[test]
    fn an_answer_is_read_from_its_record_as_it_was() {
        let Settles::Answered { record, .. } = Sent(Ok(answered(201))).settles() else { panic!() };
        let again = VendorAnswer::recorded(&record).unwrap();
        let was = answered(201);
        assert_eq!((again.status, &again.headers, &again.body), (201, &was.headers, &was.body));
        assert_eq!(again.body.get("total").unwrap().to_json(), "12.50");
    }
}
