//! One request of a call: rendered, sent, its answer rendered back.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::answer::VendorAnswer;
use super::call::Call;
use super::journal::{Before, Entry, Sent, found};
use super::{Middleware, Outgoing, Trouble, failed::Failed, headers, variables};
use crate::liquid::{Mode, Template, Value};
use crate::pack::Endpoint;
use crate::servicetitan::{Calls, Live, Nobody};

/// A request, and whatever it needs on its way.
pub(super) struct Once<'a> {
    pub middleware: &'a Middleware,
    pub endpoint: &'a Endpoint,
    /// The caller's headers.
    pub headers: &'a [(String, String)],
    /// What the call says.
    pub body: &'a Value,
    pub entry: Box<dyn Entry + 'a>,
    /// When the whole call is to be over.
    pub ends: Instant,
}

impl Once<'_> {
    /// The answer, and whether it is one of the vendor's failures.
    pub async fn make(&self) -> Result<(Outgoing, bool), Trouble> {
        let calls: Arc<dyn Calls> = match self.entry.servicetitan() {
            Some(api) => Arc::new(Live::new(api, self.ends)),
            None => Arc::new(Nobody),
        };
        let answer = match self.entry.before().await? {
            None => self.ask(&calls).await?,
            Some(Before::Answered(record)) => VendorAnswer::recorded(&record)?,
            Some(Before::Found(answer)) => {
                let outgoing = found(answer)?;
                self.entry.answered(None).await?;
                return Ok((outgoing, false));
            }
        };
        if answer.status == 401 {
            self.middleware.authenticator.forget().await;
        }
        let failed = !answer.is_success();
        let template = if failed { self.error_template(&answer)? } else { &self.endpoint.response };
        let VendorAnswer { status, headers, body, .. } = answer;
        let vendor = &self.middleware.pack.vendor;
        let data = variables::for_response(vendor, &self.endpoint.url, status, headers::object(&headers), body);
        let outgoing = headers::outgoing(&self.rendered(template, data, &calls).await?)?;
        self.entry.answered(outgoing.refusal().as_deref()).await?;
        Ok((outgoing, failed))
    }

    /// Asks the vendor.
    async fn ask(&self, calls: &Arc<dyn Calls>) -> Result<VendorAnswer, Trouble> {
        let Middleware { pack, http, authenticator, settings, .. } = self.middleware;
        let data = variables::for_request(&pack.vendor, &self.endpoint.url, self.headers, self.body.clone());
        let call = Call::read(&self.rendered(&self.endpoint.request, data, calls).await?, &pack.vendor.base_url)?;
        let (shown, acts) = (call.shown(), self.endpoint.acts(call.method.as_str()));
        let authenticated = timeout_at(self.ends, authenticator.apply(call, self.headers, http)).await;
        let call = authenticated.unwrap_or_else(|_| Err(self.late("nothing was sent")))?;
        let (http, settings, ends) = (http.clone(), settings.clone(), self.ends);
        let own = authenticator.masker(self.headers);
        let late = self.late(&format!("of the last one, {}", super::failed::UNKNOWN));
        let sending = Box::pin(async move {
            let sent = timeout_at(ends, call.send(&http, &settings, !acts)).await;
            let mut sent = sent.unwrap_or_else(|_| Err(Failed::answered_not(late)));
            if let (Ok(answer), Some(own)) = (&mut sent, &own) {
                answer.mask(own);
            }
            Sent(sent)
        });
        let Sent(answer) = if acts { self.entry.send(shown, sending).await? } else { sending.await };
        answer.map_err(|failed| failed.trouble)
    }

    fn error_template(&self, answer: &VendorAnswer) -> Result<&Arc<Template>, Trouble> {
        self.middleware.pack.error.as_ref().ok_or_else(|| answer.trouble())
    }

    /// Renders on a thread for work: a template may take its whole time, and waits there for ServiceTitan.
    async fn rendered(&self, template: &Arc<Template>, data: Value, calls: &Arc<dyn Calls>) -> Result<Value, Trouble> {
        let (template, calls) = (template.clone(), calls.clone());
        let limits = self.middleware.settings.limits.clone();
        let rendering =
            tokio::task::spawn_blocking(move || template.render_calling(&data, Mode::Json, &limits, calls.as_ref()));
        let rendered =
            timeout_at(self.ends, rendering).await.map_err(|_| self.late("a template was being rendered"))?;
        let text = rendered.map_err(|error| Trouble::pack(format!("the rendering was stopped: {error}")))??;
        Value::from_json(&text).map_err(|error| Trouble::pack(format!("the template gave no JSON: {error}")))
    }

    fn late(&self, of_the_last: &str) -> Trouble {
        let seconds = self.middleware.settings.deadline.as_secs_f32();
        let message = format!(
            "the call took longer than {seconds} s, which is the most for all its requests to the vendor together; \
             {of_the_last}"
        );
        Trouble::vendor(message).with_status(504)
    }
}

impl Outgoing {
    /// Why it says that the vendor did nothing, where it does.
    fn refusal(&self) -> Option<String> {
        let refuses = self.status >= 400 || self.body.get("success") == Some(&Value::Bool(false));
        let text = |name| self.body.get(name).and_then(Value::as_text).filter(|text| !text.is_empty());
        refuses.then(|| text("errorMessage").or(text("message")).unwrap_or("it does not say why").to_owned())
    }
}
