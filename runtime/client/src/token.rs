//! Tokens: one cache per tenant and client id.
//!
//! A token is fetched when it is first needed, by one caller while the others wait. At four fifths of its life it is
//! replaced in the background, while the old one still serves; if that fails, the old one serves on until it ends.
//! Those who wait for a fetch share its failure; the next call after it tries anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};
use tradewire_outbound::{Client, retry_after};
use tradewire_secrets::{Masker, Watch};
use url::Url;

use crate::environment::place;
use crate::error::{Error, Kind};
use crate::options::{Credentials, Options, Retry};
use crate::problem::{self, Problem};
use crate::reading::{broken, read_all};
use crate::{retry, title};

/// The life of a token that does not say its own.
const USUAL_LIFE: Duration = Duration::from_secs(900);
/// How long before its end a token is no longer used: an attempt takes time.
const MARGIN: Duration = Duration::from_secs(10);
const MOST_BYTES: u64 = 1 << 20;

/// An access token.
pub(crate) struct Token {
    text: SecretString,
    watch: Watch,
    /// Knows it whatever it looks like, and what is configured. Nobody else's answers are searched for it.
    pub(crate) masker: Arc<Masker>,
}

impl Token {
    pub(crate) fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// Whether an answer repeats it.
    pub(crate) fn is_in(&self, body: &[u8]) -> bool {
        self.watch.sees(body)
    }
}

/// The tokens of one tenant and client id.
pub(crate) struct Tokens {
    http: Client,
    endpoint: Url,
    pub(crate) credentials: Credentials,
    retry: Retry,
    timeout: Duration,
    held: RwLock<Option<Held>>,
    /// All of them, for answers that repeat them.
    said: tradewire_secrets::Tokens,
    /// Held by whoever fetches; remembers the last failure and its round.
    gate: Arc<Mutex<Option<(u64, Error)>>>,
    /// How many fetches have ended.
    rounds: AtomicU64,
}

#[derive(Clone)]
struct Held {
    token: Arc<Token>,
    refresh: Instant,
    end: Instant,
}

/// Why there is no token (RFC 6749, 5.2).
#[derive(Deserialize)]
struct Denied {
    error: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<f64>,
}

impl Tokens {
    pub(crate) fn new(http: Client, options: &Options, credentials: Credentials) -> Tokens {
        Tokens {
            http,
            endpoint: options.environment.token_endpoint(),
            credentials,
            retry: options.retry,
            timeout: options.timeout,
            held: RwLock::default(),
            said: tradewire_secrets::Tokens::default(),
            gate: Arc::default(),
            rounds: AtomicU64::new(0),
        }
    }

    /// A token that is good for now.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Arc<Token>, Error> {
        if let Some(held) = self.usable() {
            if Instant::now() >= held.refresh {
                self.refresh_behind();
            }
            return Ok(held.token);
        }
        let round = self.rounds.load(Ordering::Acquire);
        let mut gate = Arc::clone(&self.gate).lock_owned().await;
        if let Some(held) = self.usable() {
            return Ok(held.token);
        }
        match &*gate {
            // It failed while this caller waited for it.
            Some((failed, error)) if *failed > round => Err(error.clone()),
            _ => self.renew(&mut gate).await,
        }
    }

    /// Drops that token, unless it has been replaced already.
    pub(crate) fn reject(&self, token: &Arc<Token>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|h| Arc::ptr_eq(&h.token, token)) {
            *held = None;
        }
    }

    fn usable(&self) -> Option<Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|held| Instant::now() < held.end).cloned()
    }

    fn refresh_behind(self: &Arc<Self>) {
        let Ok(mut gate) = Arc::clone(&self.gate).try_lock_owned() else { return };
        let tokens = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = tokens.renew(&mut gate).await {
                warn!(tenant = tokens.credentials.tenant, %error, "token not refreshed; the old one serves until it ends");
                let mut held = tokens.held.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(held) = held.as_mut() {
                    held.refresh = Instant::now() + Duration::from_secs(15);
                }
            }
        });
    }

    async fn renew(&self, gate: &mut OwnedMutexGuard<Option<(u64, Error)>>) -> Result<Arc<Token>, Error> {
        let start = Instant::now();
        let fetched = self.fetch().await;
        let round = self.rounds.fetch_add(1, Ordering::AcqRel) + 1;
        match fetched {
            Ok((token, life)) => {
                debug!(tenant = self.credentials.tenant, life = life.as_secs(), "token fetched");
                let token = Arc::new(token);
                let held = Held {
                    token: Arc::clone(&token),
                    refresh: start + life.mul_f64(0.8),
                    end: start + (life - MARGIN.min(life / 10)),
                };
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
                **gate = None;
                Ok(token)
            }
            Err(error) => {
                **gate = Some((round, error.clone()));
                Err(error)
            }
        }
    }

    async fn fetch(&self) -> Result<(Token, Duration), Error> {
        self.check()?;
        let mut attempt = 1;
        loop {
            let (error, again) = match self.ask().await {
                Ok(granted) => return Ok(granted),
                Err(failed) => failed,
            };
            let wait = error.retry_after().unwrap_or_else(|| self.retry.backoff(attempt));
            if !again || attempt >= self.retry.attempts || wait > self.retry.longest {
                return Err(error.with_attempts(attempt));
            }
            debug!(tenant = self.credentials.tenant, attempt, %error, "token request failed; trying again");
            sleep(wait).await;
            attempt += 1;
        }
    }

    /// White space around an id or a secret comes from copying, and ServiceTitan answers it with `invalid_client`.
    fn check(&self) -> Result<(), Error> {
        let Credentials { tenant, client_id, client_secret } = &self.credentials;
        for (setting, value) in [("client_id", client_id.as_str()), ("client_secret", client_secret.expose_secret())] {
            let fault = match value {
                "" => "is empty; set it",
                v if v.trim() != v => "begins or ends with white space or a line break; remove it",
                _ => continue,
            };
            return Err(Error::new(Kind::Credentials, format!("{setting} of tenant {tenant} {fault}")));
        }
        Ok(())
    }

    /// One request; an error says whether it is worth another.
    async fn ask(&self) -> Result<(Token, Duration), (Error, bool)> {
        let place = place(&self.endpoint);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.credentials.client_id.as_str()),
            ("client_secret", self.credentials.client_secret.expose_secret()),
        ];
        let request = self.http.request(Method::POST, self.endpoint.clone());
        let request = request.map_err(|refused| (Error::new(Kind::Invalid, refused.to_string()), false))?;
        let request = request.header(ACCEPT, "application/json").form(&form);
        let answer = timeout(self.timeout, async {
            let response = self.http.ask(request).await.map_err(|e| (broken(&e, &place).0, true))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = read_all(response, MOST_BYTES, &place, |_| ()).await.map_err(|(e, _)| (e, true))?;
            Ok((status, headers, body))
        });
        let (status, headers, body) = answer.await.unwrap_or_else(|_| {
            let message = format!("{place} gave no token within {} s", self.timeout.as_secs());
            Err((Error::new(Kind::Timeout, message), true))
        })?;
        if status == 200
            && let Ok(Granted { access_token, expires_in }) = serde_json::from_slice(&body)
        {
            let life = expires_in.filter(|s| *s > 0.0).and_then(|s| Duration::try_from_secs_f64(s).ok());
            // A life of centuries would overflow the clock.
            let life = life.unwrap_or(USUAL_LIFE).min(Duration::from_secs(86_400));
            self.said.register(&access_token, life);
            let (watch, masker) = (Watch::new(&access_token), self.said.masker());
            return Ok((Token { watch, masker, text: access_token.into() }, life));
        }
        Err(self.refused(status, &headers, &body, &place))
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8], place: &str) -> (Error, bool) {
        let Credentials { tenant, client_id, .. } = &self.credentials;
        let content_type = headers.get(reqwest::header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if problem::is_page(content_type, body) {
            let transient = matches!(retry::again(retry::Fault::Answered(status), TOKEN), retry::Again::Yes);
            return (problem::page_error(status, place), transient);
        }
        let problem = problem::read(body);
        let wait = retry_after(headers, SystemTime::now()).or_else(|| problem.title.as_deref().and_then(title::wait));
        let said = problem.title.as_deref().map(|t| format!(": {t}")).unwrap_or_default();
        let Problem { title, .. } = &problem;
        let invalid_client = title.as_deref().is_some_and(|t| t.contains("invalid_client"))
            || serde_json::from_slice::<Denied>(body)
                .is_ok_and(|denied| denied.error.as_deref() == Some("invalid_client"));
        let (kind, message) = match status {
            200..=299 => {
                // The body may hold a token, so none of it is quoted.
                let error =
                    Error::new(Kind::Unreadable, format!("{place} answered without a token")).with_status(status);
                return (error, false);
            }
            _ if invalid_client => (
                Kind::Credentials,
                format!(
                    "{place} does not accept client_id `{client_id}` and its secret for tenant {tenant} \
                     (invalid_client); check both for stray white space, that they belong to this environment, and \
                     that they have not been replaced"
                ),
            ),
            429 => (Kind::RateLimited, format!("{place} gives no token for now (429){said}")),
            500..=599 => (Kind::Server, format!("{place} failed to give a token ({status}){said}")),
            _ => (Kind::Credentials, format!("{place} gives no token to client_id `{client_id}` ({status}){said}")),
        };
        let again = matches!(kind, Kind::RateLimited | Kind::Server);
        (Error::new(kind, message).with_status(status).with_problem(problem).with_retry_after(wait), again)
    }
}

/// Asking for a token changes nothing.
const TOKEN: retry::Nature = retry::Nature { reads: true, idempotent: true, reporting: false };
