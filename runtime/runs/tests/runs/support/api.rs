//! A ServiceTitan that keeps what it is sent and answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_surface::{Catalog, Method, OperationRef};

/// How a call ends.
#[derive(Debug, Clone)]
pub enum Ends {
    /// With this body.
    Well(&'static str),
    /// With this status.
    Refused(u16),
    /// The connection breaks.
    Lost,
    /// Never.
    Hangs,
}

/// A ServiceTitan of this kind. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Scripted {
    sent: Arc<Mutex<Vec<String>>>,
    ends: Arc<Mutex<VecDeque<Ends>>>,
}

impl Scripted {
    /// One whose next calls end so; those after them end well.
    pub fn with(ends: impl IntoIterator<Item = Ends>) -> Self {
        Self { ends: Arc::new(Mutex::new(ends.into_iter().collect())), ..Self::default() }
    }

    /// What it was sent: operation, parameters of the path, body.
    pub fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    async fn end(self, sent: String) -> Result<Answered, CallError> {
        self.sent.lock().unwrap().push(sent);
        let number = self.sent.lock().unwrap().len();
        let end = self.ends.lock().unwrap().pop_front();
        let body = match end {
            None => format!("{{\"id\":{number}}}"),
            Some(Ends::Well(body)) => body.to_owned(),
            Some(Ends::Refused(status)) => {
                return Err(CallError { status: Some(status), ..CallError::new("invalid", "no") });
            }
            Some(Ends::Lost) => {
                return Err(CallError { unresolved: true, ..CallError::new("unreachable", "the connection broke") });
            }
            Some(Ends::Hangs) => std::future::pending().await,
        };
        Ok(Answered { status: 200, body: body.into(), attempts: 1, waited: Duration::ZERO })
    }
}

impl ServiceTitan for Scripted {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        let values: Vec<&str> = arguments.path.iter().map(|(_, value)| value.as_str()).collect();
        let body = arguments.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        Box::pin(self.clone().end(format!("{} {} {body}", operation.id(), values.join(" "))))
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        unimplemented!("these tests read no pages")
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        unimplemented!("these tests read no files")
    }

    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        let body = body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        Box::pin(self.clone().end(format!("{method} {path} {body}")))
    }
}

/// Calls an operation with these values in its path.
pub async fn call(api: &dyn ServiceTitan, operation: &str, path: &[&str], body: &str) -> Result<String, CallError> {
    let operation = Catalog::get().operation(operation).unwrap();
    let names = operation.operation.params.iter().map(|param| param.wire.clone());
    let path = names.zip(path.iter().map(|value| (*value).to_owned())).collect();
    let body = (!body.is_empty()).then(|| Bytes::from(body.to_owned()));
    let answered = api.call(operation, &Arguments { path, body, ..Arguments::default() }).await?;
    Ok(String::from_utf8(answered.body.to_vec()).unwrap())
}
