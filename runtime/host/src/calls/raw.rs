//! `servicetitan:api/raw`: operations chosen at run time.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tradewire_client::{Answered, Arguments, CallError, Room};
use tradewire_surface::catalog::UnknownMethod;
use tradewire_surface::path::{Path, PathError};
use tradewire_surface::{Catalog, Effect, Method, ParameterIn};
use tradewire_text::shown;
use tradewire_workers::off_worker;
use wasmtime::component::LinkerInstance;
use wasmtime::{Result, StoreContextMut};

use crate::direct::{Answer, AnswerPlan, Outcome};
use crate::run::RunState;

type Call = (String, Vec<(String, String)>, Option<String>);

/// Defines the interface.
pub(crate) fn link_raw(instance: &mut LinkerInstance<'_, RunState>, plan: Arc<AnswerPlan>) -> Result<()> {
    instance.func_wrap_async("call", move |mut store: StoreContextMut<'_, RunState>, call: Call| {
        let plan = plan.clone();
        Box::new(async move {
            let operation = shown(&call.0).into_owned();
            let outcome = match raw(store.data_mut(), call).await {
                Ok(answered) => {
                    let body = String::from_utf8_lossy(&answered.body);
                    let answer = || json!({ "status": answered.status, "body": body }).to_string();
                    Outcome::Json(off_worker(body.len(), answer).into())
                }
                Err(error) => Outcome::Error(super::error_json(&error, &operation)),
            };
            Ok(Answer { plan, outcome, budget: store.data().budget() })
        })
    })
}

/// What is called is a text of the plugin's, of any length: only what fits into an address is looked up, compared and
/// sent.
async fn raw(state: &mut RunState, (operation, params, body): Call) -> Result<Answered, CallError> {
    state.count_call()?;
    let invalid = |message: String| CallError::new("invalid", message);
    Room::fits_raw(&operation, &params).map_err(|problem| invalid(format!("not sent: {problem}")))?;
    match Catalog::get().operation(&operation) {
        Some(known) => {
            if !state.grants.allows(&known) {
                let line = state.grants.line_for([known]);
                return Err(CallError::new("refused", format!("`{operation}` is not granted; help: write `{line}`")));
            }
            let mut request = Arguments { body: json_body(body)?, ..Arguments::default() };
            for (name, value) in params {
                let in_path = known.operation.params.iter().any(|p| p.place == ParameterIn::Path && p.wire == name);
                let place = if in_path { &mut request.path } else { &mut request.query };
                place.push((name, value));
            }
            let api = state.api.clone();
            let write = known.operation.effect == Effect::Write;
            let answered = api.call(known, &request).await.and_then(|answered| state.fits(answered, write));
            state.called(&operation, answered.as_ref());
            answered
        }
        None => {
            let Some((method, path)) = operation.split_once(' ') else {
                let names: Vec<String> = Catalog::get().operations().map(|o| o.id()).collect();
                let help = Catalog::nearest(&operation, names.iter().map(String::as_str));
                let help = help.map(|name| format!("; is `{name}` meant?")).unwrap_or_default();
                let operation = shown(&operation);
                return Err(invalid(format!("`{operation}` is neither an operation nor a method and path{help}")));
            };
            let method: Method = shown(method).parse().map_err(|e: UnknownMethod| invalid(e.to_string()))?;
            // Parsed once: what is compared here is what is sent.
            let path: Path = path.parse().map_err(|e: PathError| invalid(format!("not sent: {e}")))?;
            if !state.grants.allows_raw(method, &path) {
                let message = format!("`{method} {path}` is not granted; help: add \"raw:{method} {path}\" to `grant`");
                return Err(CallError::new("refused", message));
            }
            let body = json_body(body)?;
            let api = state.api.clone();
            let write = method != Method::Get;
            let answered = api.raw(method, &path, &params, body).await.and_then(|answered| state.fits(answered, write));
            state.called(&shown(&format!("{method} {path}")), answered.as_ref());
            answered
        }
    }
}

/// A body that is JSON.
fn json_body(body: Option<String>) -> Result<Option<Bytes>, CallError> {
    let Some(body) = body else { return Ok(None) };
    off_worker(body.len(), || serde_json::from_str::<&serde_json::value::RawValue>(&body).map(drop))
        .map_err(|error| CallError::new("invalid", format!("the body is not JSON: {error}")))?;
    Ok(Some(Bytes::from(body)))
}
