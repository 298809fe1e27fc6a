//! `tradewire:plugin/middleware`: the vendors that a plugin calls, within the limits of its run.

use super::RunState;
use super::contract::tradewire::plugin::middleware;
use crate::limits::Limit;
use crate::middleware::{MiddlewareResponse, is_name};
use crate::sink::Cost;

impl middleware::Host for RunState {
    async fn call(
        &mut self,
        vendor: String,
        endpoint: String,
        body: String,
    ) -> wasmtime::Result<Result<middleware::Response, String>> {
        Ok(self.call_vendor(&vendor, &endpoint, &body).await.map(middleware::Response::from))
    }
}

impl RunState {
    async fn call_vendor(&mut self, vendor: &str, endpoint: &str, body: &str) -> Result<MiddlewareResponse, String> {
        self.count_call().map_err(|refusal| refusal.message)?;
        for (what, name) in [("vendor", vendor), ("endpoint", endpoint)] {
            if !is_name(name) {
                return Err(format!("the {what} is not a name: 1 to 64 letters, digits, `-`, `_` and `.`"));
            }
        }
        let Some(vendors) = self.middleware.clone() else {
            return Err(format!(
                "`{vendor}/{endpoint}` is not granted; help: add `middleware = [\"{vendor}/{endpoint}\"]` to the \
                 plugin's section of the configuration"
            ));
        };
        let answer = vendors.call(vendor, endpoint, body).await.and_then(|response| {
            if response.size() > self.limits.answer {
                let limit = Limit::Answer(self.limits.answer);
                return Err(format!("{limit}; the vendor was called, so it may have had its effect"));
            }
            Ok(response)
        });
        let cost = match &answer {
            Ok(response) => {
                Cost { failed: response.status >= 400, bytes: response.body.len() as u64, ..Cost::default() }
            }
            Err(_) => Cost { failed: true, ..Cost::default() },
        };
        self.sink.called(&format!("middleware/{vendor}.{endpoint}"), cost);
        answer
    }
}

impl From<MiddlewareResponse> for middleware::Response {
    fn from(response: MiddlewareResponse) -> Self {
        let MiddlewareResponse { status, headers, body, warnings } = response;
        middleware::Response { status, headers, body, warnings }
    }
}
