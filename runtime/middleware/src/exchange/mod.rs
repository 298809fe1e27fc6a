//! One call of ServiceTitan's, carried to a vendor and back: check, render, call, render, check.
//!
//! Whatever goes wrong ends in an answer in the contracts' own shape: `success` false, `errorKind` saying whose fault it
//! is, `errorMessage` saying what and what to do. Nothing is told of secrets.

mod answer;
mod authenticate;
mod call;
mod callback;
mod failed;
mod headers;
pub mod rehearsal;
mod trouble;
pub(crate) mod variables;
mod vendor;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method};
use secrecy::SecretString;
use tokio::time::Instant;
use tradewire_client::ServiceTitan;
use tradewire_surface::Effect;
use tradewire_surface::grants::Grants;
use url::Url;

use crate::contract::Side;
use crate::fault::Fault;
use crate::liquid::{Limits, Mode, Template, Value};
use crate::pack::{Endpoint, Faults, Pack, VENDOR_FILE, Vendor};
use crate::servicetitan::{Calls, Live, Nobody};

pub use headers::KEY;
pub use trouble::{Blame, Trouble};

use answer::VendorAnswer;
pub(crate) use answer::is_success;
use authenticate::Authenticator;
use call::Call;
use callback::Callbacks;

/// What a document that is not the contract's comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// It goes on, and is told.
    #[default]
    Warn,
    /// It is refused, unless it tells a failure of the vendor's.
    Refuse,
}

/// How a pack is served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The vendor's address in place of the pack's own: a test system.
    pub base_url: Option<Url>,
    /// What a document that is not the contract's comes to.
    pub check: Check,
    /// How long the vendor may take to answer.
    pub timeout: Duration,
    /// How long the whole call may take: tokens, repetitions, callbacks and renderings together.
    pub deadline: Duration,
    /// The most bytes of an answer.
    pub most_bytes: usize,
    /// How often a response may ask for another request, whatever `maxCallbacksForRequest` says.
    pub most_callbacks: u32,
    /// What one rendering may take.
    pub limits: Limits,
    /// What templates may call at ServiceTitan.
    pub grants: Grants,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            base_url: None,
            check: Check::Warn,
            timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            most_bytes: 16 << 20,
            most_callbacks: 10,
            limits: Limits::default(),
            grants: Grants::default(),
        }
    }
}

/// A call of ServiceTitan's.
#[derive(Debug, Clone, Default)]
pub struct Incoming {
    /// Its headers, without the key that let it in.
    pub headers: Vec<(String, String)>,
    /// Its body, JSON.
    pub body: Vec<u8>,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The status.
    pub status: u16,
    /// The headers, none of them twice.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Value,
    /// What was not as the contract says, and went on all the same.
    pub warnings: Vec<String>,
    /// Whether the vendor, or ServiceTitan, was asked to change something and may have done it: to call again may then
    /// order twice.
    pub may_have_acted: bool,
}

impl From<Trouble> for Outgoing {
    fn from(trouble: Trouble) -> Outgoing {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let (status, body) = (trouble.status(), trouble.body());
        Outgoing { status, headers, body, warnings: Vec::new(), may_have_acted: false }
    }
}

/// What is told of a call besides its answer, also where it is broken off.
#[derive(Debug, Default)]
struct Told {
    warnings: Vec<String>,
    may_have_acted: bool,
}

/// A pack that is served.
#[derive(Debug)]
pub struct Middleware {
    pack: Pack,
    settings: Settings,
    http: Client,
    authenticator: Authenticator,
}

impl Middleware {
    /// Serves a pack with the secrets that it names.
    ///
    /// # Errors
    /// Secrets that are missing, by their names; calls of templates that are not granted; TLS that cannot be set up.
    pub fn new(pack: Pack, settings: Settings, secrets: HashMap<String, SecretString>) -> Result<Middleware, Faults> {
        let mut faults = pack.refused(&settings.grants);
        let http = vendor::client(&settings)
            .map_err(|error| Fault::error(VENDOR_FILE, format!("the vendor cannot be called from here: {error}")));
        let authenticator = Authenticator::new(&pack.vendor.authentication, secrets);
        let (http, authenticator) = match (http, authenticator) {
            (Ok(http), Ok(authenticator)) if faults.is_empty() => (http, authenticator),
            (http, authenticator) => {
                faults.extend(http.err());
                faults.extend(authenticator.err());
                return Err(Faults(faults));
            }
        };
        let base_url = settings.base_url.clone().unwrap_or(pack.vendor.base_url);
        let pack = Pack { vendor: Vendor { base_url, ..pack.vendor }, ..pack };
        Ok(Middleware { pack, settings, http, authenticator })
    }

    /// The pack, with the vendor's address as it is called.
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// How long a whole call may take.
    pub fn deadline(&self) -> Duration {
        self.settings.deadline
    }

    /// Carries a call of ServiceTitan's to the vendor and back. `servicetitan` answers what templates ask on the way;
    /// without one they are refused.
    pub async fn answer(
        &self,
        endpoint: &str,
        incoming: Incoming,
        servicetitan: Option<Arc<dyn ServiceTitan>>,
    ) -> Outgoing {
        let ends = Instant::now() + self.settings.deadline;
        let calls: Arc<dyn Calls> = match servicetitan {
            Some(api) => Arc::new(Live::new(api, ends)),
            None => Arc::new(Nobody),
        };
        let mut told = Told::default();
        let carried = tokio::time::timeout_at(ends, self.carry(endpoint, incoming, &calls, &mut told));
        let outgoing = carried.await.unwrap_or_else(|_| Err(self.late())).unwrap_or_else(Outgoing::from);
        Outgoing { warnings: told.warnings, may_have_acted: told.may_have_acted, ..outgoing }
    }

    async fn carry(
        &self,
        name: &str,
        incoming: Incoming,
        calls: &Arc<dyn Calls>,
        told: &mut Told,
    ) -> Result<Outgoing, Trouble> {
        let endpoint = self.pack.endpoints.get(name).ok_or_else(|| self.unknown(name))?;
        let text = std::str::from_utf8(&incoming.body).map_err(|_| Trouble::caller("the body is not UTF-8"))?;
        let text = if text.trim().is_empty() { "{}" } else { text };
        let mut body =
            Value::from_json(text).map_err(|error| Trouble::caller(format!("the body is not JSON: {error}")))?;
        let contract = endpoint.contract.as_ref();
        let side = contract.map(|contract| &contract.request);
        self.check(self.settings.check, side, &body, "the request", Trouble::caller, told)?;
        let mut callbacks = Callbacks::new(self.settings.most_callbacks);
        loop {
            let (answered, failed) = self.once(endpoint, &incoming.headers, &body, calls, told).await?;
            let side = contract.map(|contract| &contract.response);
            if failed {
                // To refuse what says why would hide it: `catalog` has no field for a failure at all.
                self.check(Check::Warn, side, &answered.body, "the response", Trouble::pack, told)?;
                return Ok(answered);
            }
            match callbacks.next(&answered.body)? {
                Some(values) => {
                    callbacks.keep(answered.body);
                    let Value::Object(members) = &mut body else {
                        return Err(Trouble::pack("a callback needs a request that is an object"));
                    };
                    members.insert("callbackData", values);
                }
                None => {
                    let body = callbacks.merged(answered.body);
                    self.check(self.settings.check, side, &body, "the response", Trouble::pack, told)?;
                    return Ok(Outgoing { body, ..answered });
                }
            }
        }
    }

    fn late(&self) -> Trouble {
        let seconds = self.settings.deadline.as_secs_f32();
        let message = format!(
            "the call took longer than {seconds} s, which is the most for all its requests to the vendor together; \
             of the last one, {}",
            failed::UNKNOWN
        );
        Trouble::vendor(message).with_status(504)
    }

    fn unknown(&self, name: &str) -> Trouble {
        let names: Vec<&str> = self.pack.endpoints.keys().map(String::as_str).collect();
        Trouble::caller(format!("the pack has no endpoint `{name}`, only {}", names.join(", "))).with_status(404)
    }

    fn check(
        &self,
        check: Check,
        side: Option<&Side>,
        document: &Value,
        what: &str,
        blame: impl Fn(String) -> Trouble,
        told: &mut Told,
    ) -> Result<(), Trouble> {
        let breaches = side.map(|side| side.breaches(document)).unwrap_or_default();
        let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        if lines.is_empty() {
            return Ok(());
        }
        if check == Check::Refuse {
            return Err(blame(format!("{what} is not what the contract says: {}", lines.join("; "))));
        }
        told.warnings.extend(lines.into_iter().map(|line| format!("{what}: {line}")));
        Ok(())
    }

    /// One request to the vendor and its answer, and whether that is a failure.
    async fn once(
        &self,
        endpoint: &Endpoint,
        headers: &[(String, String)],
        body: &Value,
        calls: &Arc<dyn Calls>,
        told: &mut Told,
    ) -> Result<(Outgoing, bool), Trouble> {
        let vendor = &self.pack.vendor;
        let data = variables::for_request(vendor, &endpoint.url, headers, body.clone());
        let request = self.rendered(&endpoint.request, data, calls, told).await?;
        let call = Call::read(&request, &vendor.base_url)?;
        let call = self.authenticator.apply(call, headers, &self.http).await?;
        let before = told.may_have_acted;
        told.may_have_acted |= call.method != Method::GET;
        let answer = match call.send(&self.http, &self.settings).await {
            Ok(answer) => answer,
            Err(failed) => {
                told.may_have_acted = before || told.may_have_acted && !failed.unsent;
                return Err(failed.trouble);
            }
        };
        if answer.status == 401 {
            self.authenticator.forget().await;
        }
        let failed = !answer.is_success();
        let template = if failed { self.error_template(&answer)? } else { &endpoint.response };
        let VendorAnswer { status, headers, body } = answer;
        let data = variables::for_response(vendor, &endpoint.url, status, headers::object(&headers), body);
        let rendered = self.rendered(template, data, calls, told).await?;
        Ok((headers::outgoing(&rendered)?, failed))
    }

    fn error_template(&self, answer: &VendorAnswer) -> Result<&Arc<Template>, Trouble> {
        self.pack.error.as_ref().ok_or_else(|| answer.trouble())
    }

    /// Renders on a thread for work: a template may take its whole time, and waits there for ServiceTitan.
    async fn rendered(
        &self,
        template: &Arc<Template>,
        data: Value,
        calls: &Arc<dyn Calls>,
        told: &mut Told,
    ) -> Result<Value, Trouble> {
        told.may_have_acted |= template.calls().iter().any(|call| call.operation.operation.effect != Effect::Read);
        let (template, calls, limits) = (template.clone(), calls.clone(), self.settings.limits.clone());
        let rendering =
            tokio::task::spawn_blocking(move || template.render_calling(&data, Mode::Json, &limits, calls.as_ref()));
        let text = rendering.await.map_err(|error| Trouble::pack(format!("the rendering was stopped: {error}")))??;
        Value::from_json(&text).map_err(|error| Trouble::pack(format!("the template gave no JSON: {error}")))
    }
}
