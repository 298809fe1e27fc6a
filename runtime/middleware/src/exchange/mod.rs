//! One call of ServiceTitan's, carried to a vendor and back: check, render, call, render, check.
//!
//! Whatever goes wrong ends in an answer in the contracts' own shape: `success` false, `errorKind` saying whose fault it
//! is, `errorMessage` saying what and what to do. Nothing is told of secrets.
//!
//! Whoever calls answers for what it calls twice ([`Middleware::answer`]), or has it written down
//! ([`Middleware::answer_once`]).

mod answer;
mod authenticate;
mod call;
mod callback;
mod destinations;
mod failed;
mod headers;
pub mod journal;
mod once;
pub mod rehearsal;
mod trouble;
pub(crate) mod variables;
mod vendor;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;
use tradewire_client::ServiceTitan;
use tradewire_liquid::{Limits, Value, cost};
use tradewire_outbound::{Ca, Client, Origin};
use tradewire_surface::grants::Grants;
use url::Url;

use crate::contract::Side;
use crate::fault::Fault;
use crate::pack::{Faults, Pack, VENDOR_FILE, Vendor};
pub(crate) use answer::is_success;
use authenticate::Authenticator;
use callback::Callbacks;
pub use headers::KEY;
use journal::{Journal, Unwritten};
use once::{Made, Once};
pub use trouble::{Blame, Trouble};
use work::Held;
pub use work::Workshop;

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
    /// The section of the configuration that they are of, as messages name it: `[middleware.harborline]` in quotes.
    pub section: String,
    /// The vendor's address, in place of the pack's own.
    pub base_url: Option<Url>,
    /// The origins that the pack may name besides: for its own address, where `base_url` is none, and for tokens.
    pub hosts: Vec<Origin>,
    /// Whom the vendor's certificate may be signed by, besides the authorities of this machine.
    pub ca: Ca,
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
    /// What reads, checks and renders documents, for all vendors together.
    pub workshop: Workshop,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            section: "the vendor's section of the configuration".to_owned(),
            base_url: None,
            hosts: Vec::new(),
            ca: Ca::default(),
            check: Check::Warn,
            timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            most_bytes: 16 << 20,
            most_callbacks: 10,
            limits: Limits::default(),
            grants: Grants::default(),
            workshop: Workshop::default(),
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
}

impl From<Trouble> for Outgoing {
    fn from(trouble: Trouble) -> Outgoing {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let (status, body) = (trouble.status(), trouble.body());
        Outgoing { status, headers, body, warnings: Vec::new() }
    }
}

/// A pack that is served.
#[derive(Debug)]
pub struct Middleware {
    pack: Pack,
    settings: Arc<Settings>,
    http: Client,
    authenticator: Authenticator,
}

impl Middleware {
    /// Serves a pack with the secrets that it names.
    ///
    /// # Errors
    /// Secrets that are missing, by their names; calls of templates that are not granted; hosts that the pack names and
    /// the settings do not; TLS that cannot be set up.
    pub fn new(
        pack: Pack,
        mut settings: Settings,
        secrets: HashMap<String, SecretString>,
    ) -> Result<Middleware, Faults> {
        settings.workshop.longest = settings.deadline;
        let mut faults = pack.refused(&settings.grants);
        faults.extend(destinations::unnamed(&pack.vendor, &settings));
        let http = vendor::client(&settings, destinations::named(&settings))
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
        Ok(Middleware { pack, settings: Arc::new(settings), http, authenticator })
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
        self.answer_once(endpoint, incoming, &Unwritten(servicetitan)).await
    }

    /// Carries a call to the vendor and back, with what acts written down.
    pub async fn answer_once(&self, endpoint: &str, incoming: Incoming, journal: &dyn Journal) -> Outgoing {
        let ends = Instant::now() + self.settings.deadline;
        let mut warnings = Vec::new();
        let carried = self.carry(endpoint, incoming, journal, ends, &mut warnings).await;
        // What quotes the pack is for the operator alone.
        warnings.extend(carried.as_ref().err().and_then(Trouble::detail).map(str::to_owned));
        Outgoing { warnings, ..carried.unwrap_or_else(Outgoing::from) }
    }

    async fn carry(
        &self,
        name: &str,
        incoming: Incoming,
        journal: &dyn Journal,
        ends: Instant,
        told: &mut Vec<String>,
    ) -> Result<Outgoing, Trouble> {
        let endpoint = self.pack.endpoints.get(name).ok_or_else(|| self.unknown(name))?;
        let Incoming { headers, body: said } = incoming;
        let workshop = &self.settings.workshop;
        let said_cost = cost(&said);
        let contract = endpoint.contract.as_ref();
        let mut first = Some(self.read(&said, said_cost, ends).await?);
        if let Some((body, _)) = &first {
            let side = contract.map(|contract| &contract.request);
            let check = || self.check(self.settings.check, side, body, "the request", Trouble::caller, told);
            workshop.lend(said_cost, ends, check).await??;
        }
        let mut callbacks = Callbacks::new(self.settings.most_callbacks);
        let mut callback = None;
        loop {
            // What was read is gone once it has been rendered: a vendor may take its time.
            let (mut body, held) = match first.take() {
                Some(read) => read,
                None => self.read(&said, said_cost, ends).await?,
            };
            if let Some(values) = callback.take() {
                let Value::Object(members) = &mut body else {
                    return Err(Trouble::pack("a callback needs a request that is an object"));
                };
                members.insert("callbackData", values);
            }
            let entry = workshop.lend(said_cost, ends, || journal.request(name, &body)).await?;
            let once = Once { middleware: self, endpoint, headers: &headers, entry, ends };
            let Made { outgoing, failed, bytes, held: _held } = once.make(body, held).await?;
            drop(once);
            let side = contract.map(|contract| &contract.response);
            if failed {
                // To refuse what says why would hide it: `catalog` has no field for a failure at all.
                let check = || self.check(Check::Warn, side, &outgoing.body, "the response", Trouble::pack, told);
                workshop.lend(bytes, ends, check).await??;
                return Ok(outgoing);
            }
            match callbacks.next(&outgoing.body)? {
                Some(values) => {
                    callbacks.keep(outgoing.body);
                    callback = Some(values);
                }
                None => {
                    let body = callbacks.merged(outgoing.body);
                    let check = || self.check(self.settings.check, side, &body, "the response", Trouble::pack, told);
                    workshop.lend(bytes, ends, check).await??;
                    return Ok(Outgoing { body, ..outgoing });
                }
            }
        }
    }

    /// Reads what the caller says, and takes the memory for it.
    async fn read(&self, said: &[u8], cost: usize, ends: Instant) -> Result<(Value, Held), Trouble> {
        let held = self.settings.workshop.hold(cost, ends).await?;
        let reading = || {
            let text = std::str::from_utf8(said).map_err(|_| Trouble::caller("the body is not UTF-8"))?;
            let text = if text.trim().is_empty() { "{}" } else { text };
            Value::from_json(text).map_err(|error| Trouble::caller(format!("the body is not JSON: {error}")))
        };
        Ok((self.settings.workshop.lend(cost, ends, reading).await??, held))
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
        told: &mut Vec<String>,
    ) -> Result<(), Trouble> {
        let breaches = side.map(|side| side.breaches(document)).unwrap_or_default();
        let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        if lines.is_empty() {
            return Ok(());
        }
        if check == Check::Refuse {
            return Err(blame(format!("{what} is not what the contract says: {}", lines.join("; "))));
        }
        told.extend(lines.into_iter().map(|line| format!("{what}: {line}")));
        Ok(())
    }
}
