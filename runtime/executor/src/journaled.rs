//! Vendors behind the journal of a run: what the middleware's [`journal`] asks for, by
//! [`Journal`].

use std::sync::Arc;

use tradewire_client::{CallError, Later, ServiceTitan};
use tradewire_liquid::Value;
use tradewire_middleware::exchange::Trouble;
use tradewire_middleware::exchange::journal::{self, Before, Entry, Sending, Sent, Settles};
use tradewire_runs::journal::{Journal, Outbound, VendorRequest};
use tradewire_store::{Settlement, WriteAnswer, WriteState};
use tradewire_workers::off_worker;

/// The member of a body that asks for the next request of the same call.
const CALLBACK: &str = "callbackData";

/// A vendor, as a run calls it.
pub struct Journaled {
    /// The run's journal.
    pub journal: Journal,
    /// The vendor's name in the configuration.
    pub vendor: String,
    /// The tenant's ServiceTitan.
    pub api: Arc<dyn ServiceTitan>,
    /// What tells one call from another.
    pub told_by: ToldBy,
}

/// What tells one call of an endpoint from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToldBy {
    /// What it says, in whatever order the members of its objects are.
    Body,
    /// Nothing: the run makes one call. Its body is a template's and may name the attempt, or the time.
    Run,
}

impl journal::Journal for Journaled {
    fn request<'a>(&'a self, endpoint: &str, body: &Value) -> Box<dyn Entry + 'a> {
        let described = |text: &str| {
            let identity = match self.told_by {
                ToldBy::Body => sorted(body),
                ToldBy::Run => body.get(CALLBACK).map(sorted).unwrap_or_default(),
            };
            self.journal.vendor(&self.vendor, endpoint, text, &identity.to_json())
        };
        let text = body.to_json();
        // A plugin's body may be large: it is sorted, written and hashed where nobody waits for that.
        let request = off_worker(text.len(), || described(&text));
        Box::new(Request { request, api: self.api.clone() })
    }
}

struct Request {
    request: VendorRequest,
    api: Arc<dyn ServiceTitan>,
}

impl Entry for Request {
    fn servicetitan(&self) -> Option<Arc<dyn ServiceTitan>> {
        Some(self.request.layer(self.api.clone()))
    }

    fn before(&self) -> Later<'_, Result<Option<Before>, Trouble>> {
        Box::pin(async {
            let known = self.request.before().await.map_err(refused)?;
            Ok(known.map(|known| match known.state {
                WriteState::Applied => Before::Found(known.answer.map(Vec::from)),
                _ => Before::Answered(known.answer.map(Vec::from).unwrap_or_default()),
            }))
        })
    }

    fn send(&self, request: journal::Request, sending: Sending) -> Later<'_, Result<Sent, Trouble>> {
        Box::pin(async move {
            let journal::Request { method, url, body } = request;
            let method = method.parse().map_err(|error| Trouble::caller(format!("not sent: {error}")))?;
            let outbound = Outbound { method, address: url, body: body.as_bytes() };
            let send = async move {
                let sent = sending.await;
                (settlement(sent.settles()), sent)
            };
            self.request.send(outbound, send).await.map_err(refused)
        })
    }

    fn answered<'a>(&'a self, refusal: Option<&'a str>) -> Later<'a, Result<(), Trouble>> {
        Box::pin(async move { self.request.answered(refusal).await.map_err(refused) })
    }
}

fn settlement(settles: Settles) -> Settlement {
    match settles {
        Settles::Answered { status, record } => Settlement::Answered(WriteAnswer { status, body: Some(record.into()) }),
        Settles::Refused { status, message } => Settlement::Failed { status, message },
        Settles::Unresolved { message } => Settlement::Unresolved { message },
    }
}

/// The journal does not let the call through.
fn refused(error: CallError) -> Trouble {
    Trouble::busy(error.message)
}

/// The same with the members of objects in the order of their names: a plugin's map may be written in another order by
/// its next attempt.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&str, Value)> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by_key(|(name, _)| *name);
            Value::object(members)
        }
        Value::List(items) => Value::List(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_tells_no_call_from_another_and_all_else_does() {
        let says = |text: &str| sorted(&Value::from_json(text).unwrap_or_default()).to_json();
        let order = says(r#"{ "number": "PO-1", "items": [{ "part": "a", "quantity": 2.50 }, 1] }"#);
        assert_eq!(order, says(r#"{ "items": [{ "quantity": 2.50, "part": "a" }, 1], "number": "PO-1" }"#));
        for other in [
            r#"{ "number": "PO-1", "items": [1, { "part": "a", "quantity": 2.50 }] }"#,
            r#"{ "number": "PO-1", "items": [{ "part": "a", "quantity": 2.51 }, 1] }"#,
            r#"{ "number": "PO-2", "items": [{ "part": "a", "quantity": 2.50 }, 1] }"#,
        ] {
            assert_ne!(order, says(other));
        }
    }
}
