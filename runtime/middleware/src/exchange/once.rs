//! One request of a call: rendered, sent, its answer rendered back.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use tradewire_liquid::{Calls, Mode, Template, Value, cost};

use super::answer::VendorAnswer;
use super::call::Call;
use super::journal::{Before, Entry, Sent, found};
use super::work::{Held, Kind};
use super::{Middleware, Outgoing, Settings, Trouble, failed::Failed, headers, variables};
use crate::pack::Endpoint;
use crate::servicetitan::{Live, Nobody};

/// A request, and whatever it needs on its way.
pub(super) struct Once<'a> {
    pub middleware: &'a Middleware,
    pub endpoint: &'a Endpoint,
    /// The caller's headers.
    pub headers: &'a [(String, String)],
    pub entry: Box<dyn Entry + 'a>,
    /// When the whole call is to be over.
    pub ends: Instant,
}

/// What a template wrote.
struct Rendered {
    value: Value,
    /// What it takes in memory, and that memory.
    bytes: usize,
    held: Held,
}

/// The answer to a request.
pub(super) struct Made {
    pub outgoing: Outgoing,
    /// Whether it is one of the vendor's failures.
    pub failed: bool,
    /// What its body takes in memory, and that memory.
    pub bytes: usize,
    pub held: Held,
}

impl Once<'_> {
    /// Makes it, of what the call says.
    pub async fn make(&self, body: Value, held: Held) -> Result<Made, Trouble> {
        let calls: Arc<dyn Calls> = match self.entry.servicetitan() {
            Some(api) => Arc::new(Live::new(api, self.ends)),
            None => Arc::new(Nobody),
        };
        let workshop = &self.middleware.settings.workshop;
        let answer = match self.entry.before().await? {
            None => self.ask(body, held, &calls).await?,
            Some(Before::Answered(record)) => {
                let bytes = cost(&record);
                let held = workshop.hold(bytes, self.ends).await?;
                let answer = workshop.work(bytes, self.ends, move || VendorAnswer::recorded(&record)).await??;
                VendorAnswer { held, ..answer }
            }
            Some(Before::Found(answer)) => {
                let bytes = answer.as_deref().map(cost).unwrap_or_default();
                let outgoing = found(answer)?;
                self.entry.answered(None).await?;
                return Ok(Made { outgoing, failed: false, bytes, held: Held::default() });
            }
        };
        if answer.status == 401 {
            self.middleware.authenticator.forget().await;
        }
        let failed = !answer.is_success();
        let template = if failed { self.error_template(&answer)? } else { &self.endpoint.response };
        let VendorAnswer { status, headers, body, held } = answer;
        let vendor = &self.middleware.pack.vendor;
        let data = variables::for_response(vendor, &self.endpoint.url, status, headers::object(&headers), body);
        let Rendered { value, bytes, held } = self.rendered(template, data, held, &calls).await?;
        let outgoing = headers::outgoing(value)?;
        self.entry.answered(outgoing.refusal().as_deref()).await?;
        Ok(Made { outgoing, failed, bytes, held })
    }

    /// Asks the vendor.
    async fn ask(&self, body: Value, held: Held, calls: &Arc<dyn Calls>) -> Result<VendorAnswer, Trouble> {
        let Middleware { pack, http, authenticator, settings, .. } = self.middleware;
        let data = variables::for_request(&pack.vendor, &self.endpoint.url, self.headers, body);
        let Rendered { value, bytes, held } = self.rendered(&self.endpoint.request, data, held, calls).await?;
        let (workshop, ends) = (&settings.workshop, self.ends);
        let call = Call::read(value, &pack.vendor.base_url)?;
        let shown = workshop.lend(bytes, ends, || call.shown()).await?;
        let acts = self.endpoint.acts(call.method.as_str());
        let authenticated = timeout_at(ends, authenticator.apply(call, self.headers, http)).await;
        let call = authenticated.unwrap_or_else(|_| Err(self.late("nothing was sent")))?;
        // As it is sent, and no longer as it was read: a vendor may take its time.
        let call = workshop.lend(bytes, ends, || call.ready()).await?;
        drop(held);
        let (http, settings) = (http.clone(), settings.clone());
        let masker = authenticator.masker(self.headers)?;
        let late = self.late(&format!("of the last one, {}", super::failed::UNKNOWN));
        let sending = Box::pin(async move {
            let sent = timeout_at(ends, call.send(&http, &settings, &masker, !acts, ends)).await;
            Sent(sent.unwrap_or_else(|_| Err(Failed::answered_not(late))))
        });
        let Sent(answer) = if acts { self.entry.send(shown, sending).await? } else { sending.await };
        answer.map_err(|failed| failed.trouble)
    }

    fn error_template(&self, answer: &VendorAnswer) -> Result<&Arc<Template>, Trouble> {
        self.middleware.pack.error.as_ref().ok_or_else(|| answer.trouble())
    }

    /// Renders on a thread for work: a template may take its whole time, and waits there for ServiceTitan. It takes no
    /// longer than the call may, whoever still waits for it.
    async fn rendered(
        &self,
        template: &Arc<Template>,
        data: Value,
        held: Held,
        calls: &Arc<dyn Calls>,
    ) -> Result<Rendered, Trouble> {
        let Settings { workshop, limits, .. } = &*self.middleware.settings;
        let (template, calls, ends) = (template.clone(), calls.clone(), self.ends);
        let kind = if self.middleware.pack.asks() { Kind::Waits } else { Kind::Calculates };
        let mut limits = limits.clone();
        let rendering = move || {
            limits.time = limits.time.min(ends.saturating_duration_since(Instant::now()));
            let rendered = template.render_calling(&data, Mode::Json, &limits, calls.as_ref());
            drop((data, held));
            rendered
        };
        let text = workshop.hand_over(kind, ends, rendering).await??;
        let bytes = cost(text.as_bytes());
        let held = workshop.hold(bytes, ends).await?;
        let value = workshop.work(bytes, ends, move || Value::from_json(&text)).await?;
        let value = value.map_err(|error| Trouble::pack(format!("the template gave no JSON: {error}")))?;
        Ok(Rendered { value, bytes, held })
    }

    fn late(&self, of_the_last: &str) -> Trouble {
        super::work::late(self.middleware.settings.deadline, of_the_last)
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
