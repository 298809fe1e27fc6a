//! Calls by a tenant's ServiceTitan: the same grants, pace, retries and, in runs, journal as those of plugins.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tradewire_client::{CallError, ServiceTitan};
use tradewire_liquid::{Answer, Call, CallFault, Calls, Value};
use tradewire_surface::Effect;

use super::Asked;

/// A tenant's ServiceTitan, for renderings on threads of their own.
pub struct Live {
    api: Arc<dyn ServiceTitan>,
    ends: Instant,
    runtime: Handle,
}

impl Live {
    /// Calls from threads that may wait, until `ends`: behind that nobody waits for the rendering any more, and it must
    /// change nothing. Made within a tokio runtime, which does the calls.
    pub fn new(api: Arc<dyn ServiceTitan>, ends: Instant) -> Live {
        Live { api, ends, runtime: Handle::current() }
    }

    fn late(&self, asked: &Asked) -> CallError {
        let unresolved = asked.operation.operation.effect != Effect::Read;
        CallError {
            unresolved,
            ..CallError::new("timeout", "ServiceTitan did not answer before the deadline of the call")
        }
    }

    async fn whole(&self, asked: &Asked) -> Result<Answer, CallError> {
        let answered = self.api.call(asked.operation, &asked.arguments).await?;
        fits(answered.body.len(), asked)?;
        Ok(Answer { value: read(&answered.body)?, bytes: answered.body.len() })
    }

    async fn pages(&self, asked: &Asked) -> Result<Answer, CallError> {
        let mut pages = self.api.pages(asked.operation, &asked.arguments);
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(page) = pages.next().await? {
            bytes += page.body.len();
            fits(bytes, asked)?;
            let page: Page = serde_json::from_slice(&page.body).map_err(|error| unreadable(error.to_string()))?;
            match page.data.map(|data| read(data.get().as_bytes())).transpose()? {
                Some(Value::List(items)) => records.extend(items),
                Some(_) => return Err(unreadable("a page whose `data` is no list".to_owned())),
                None => {}
            }
        }
        Ok(Answer { value: Value::List(records), bytes })
    }
}

impl Calls for Live {
    fn call(&self, call: &Call) -> Result<Answer, CallFault> {
        let asked = &Asked::of(call)?;
        let answered = async { if asked.pages { self.pages(asked).await } else { self.whole(asked).await } };
        let answered = async { tokio::time::timeout_at(self.ends, answered).await };
        self.runtime.block_on(answered).unwrap_or_else(|_| Err(self.late(asked))).map_err(CallFault::from)
    }
}

/// The records of a page; what stands around them is the client's.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

fn fits(bytes: usize, asked: &Asked) -> Result<(), CallError> {
    if bytes <= asked.most_bytes {
        return Ok(());
    }
    let message = format!("the answer is larger than {} bytes; ask for less, or raise `made_bytes`", asked.most_bytes);
    Err(CallError::new("too-large", message))
}

fn read(body: &[u8]) -> Result<Value, CallError> {
    let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
    if text.trim().is_empty() {
        return Ok(Value::Nil);
    }
    Value::from_json(text).map_err(|error| unreadable(error.problem.to_string()))
}

fn unreadable(why: String) -> CallError {
    CallError::new("unreadable", format!("the answer is not what the catalog says: {why}"))
}
