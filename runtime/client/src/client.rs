//! One application in one environment: its connections, and what its tenants share.

use std::fmt;
use std::sync::{Arc, PoisonError};

use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use tradewire_outbound as outbound;
use tradewire_secrets::Watch;

use crate::doors::{Connections, Shared, Tenants};
use crate::environment::Environment;
use crate::options::{Credentials, Options};
use crate::pace::Pace;
use crate::tenant::Tenant;
use crate::token::Tokens;

/// One application in one environment. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// Why a client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The app key is empty, has white space around it, or holds what no header can.
    #[error("app_key {0}")]
    AppKey(&'static str),
    /// A pace that is no pace.
    #[error("{0} requests a second is no rate; give a number above 0, or none for no limit")]
    Rate(f64),
    /// A user agent that no header can hold.
    #[error("the user agent holds characters that no header can")]
    UserAgent,
    /// No attempt at all.
    #[error("retry.attempts is 0; 1 is one attempt and no retry")]
    NoAttempt,
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] outbound::SetupError),
}

impl Client {
    /// Sets up a client. Opens no connection.
    pub fn new(options: Options) -> Result<Client, SetupError> {
        Client::with(options, Connections::new, Arc::default())
    }

    /// The same application with another key or another [`Options::max_answer`]: connections, tokens and, above all, the
    /// pace of each tenant are shared with this one. With any other option changed it is a new client.
    pub fn reconfigured(&self, options: Options) -> Result<Client, SetupError> {
        if !self.0.options.calls_like(&options) {
            return Client::new(options);
        }
        Client::with(options, |_| Ok(self.0.http.clone()), Arc::clone(&self.0.tenants))
    }

    fn with(
        options: Options,
        http: impl FnOnce(&Options) -> Result<Connections, outbound::SetupError>,
        tenants: Arc<Tenants>,
    ) -> Result<Client, SetupError> {
        let key = options.app_key.expose_secret();
        if key.is_empty() {
            return Err(SetupError::AppKey("is empty; set it"));
        }
        if key.trim() != key {
            return Err(SetupError::AppKey("begins or ends with white space or a line break; remove it"));
        }
        let mut app_key =
            HeaderValue::from_str(key).map_err(|_| SetupError::AppKey("holds characters that no header can"))?;
        app_key.set_sensitive(true);
        tradewire_secrets::register(key);
        let watch = Watch::new(key);
        if let Some(rate) = options.rate.per_second
            && !(rate.is_finite() && rate > 0.0 && rate <= 1e6)
        {
            return Err(SetupError::Rate(rate));
        }
        if options.retry.attempts == 0 {
            return Err(SetupError::NoAttempt);
        }
        if HeaderValue::from_str(&options.user_agent).is_err() {
            return Err(SetupError::UserAgent);
        }
        Ok(Client(Arc::new(Shared {
            api: options.environment.api(),
            http: http(&options)?,
            app_key,
            watch,
            tenants,
            options,
        })))
    }

    /// Which ServiceTitan it calls.
    pub fn environment(&self) -> &Environment {
        &self.0.options.environment
    }

    /// The application on behalf of a tenant. All handles of a tenant share its pace, those with the same client id
    /// also its token; each new handle has a meter of its own.
    pub fn tenant(&self, credentials: Credentials) -> Tenant {
        let shared = &self.0;
        let pace = {
            let mut paces = shared.tenants.paces.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Pace::new(shared.options.rate, shared.options.retry.longest));
            Arc::clone(paces.entry(credentials.tenant).or_insert_with(new))
        };
        let tokens = {
            let mut all = shared.tenants.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (credentials.tenant, credentials.client_id.clone());
            let secret = credentials.client_secret.expose_secret();
            match all.get(&key).filter(|t| t.credentials.client_secret.expose_secret() == secret) {
                Some(known) => Arc::clone(known),
                // New, or its secret was replaced: what the old one got is not this one's.
                None => {
                    tradewire_secrets::register(secret);
                    let tokens = Arc::new(Tokens::new(shared.http.tokens.clone(), &shared.options, credentials));
                    all.insert(key, Arc::clone(&tokens));
                    tokens
                }
            }
        };
        Tenant::new(Arc::clone(shared), pace, tokens)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("environment", &self.0.options.environment).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::options::RateLimit;

    fn options(key: &str) -> Options {
        Options::new("http://127.0.0.1:9".parse().unwrap(), key.into())
    }

    #[test]
    fn an_app_key_with_a_line_break_is_refused_and_not_repeated() {
        for key in ["ak1.key\n", " ak1.key", "", "ak1.\u{7f}key"] {
            let error = Client::new(options(key)).unwrap_err();
            assert!(error.to_string().starts_with("app_key "), "{error}");
            assert!(!format!("{error:?}").contains("ak1."));
        }
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut options = options("ak1.key");
            options.rate = RateLimit { per_second: Some(rate), ..RateLimit::default() };
            assert!(matches!(Client::new(options), Err(SetupError::Rate(_))));
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let client = Client::new(options("ak1.topsecret")).unwrap();
        let credentials =
            Credentials { tenant: 7, client_id: "cid.a".into(), client_secret: "cs1.topsecret".to_owned().into() };
        let tenant = client.tenant(credentials.clone());
        let text = format!("{client:?} {:?} {tenant:?} {credentials:?}", options("ak1.topsecret"));
        assert!(!text.contains("topsecret"), "{text}");
    }

    #[test]
    fn a_client_that_is_set_up_again_keeps_the_pace_and_the_tokens_of_its_tenants() {
        let credentials = |secret: &str| Credentials {
            tenant: 7,
            client_id: "cid.a".into(),
            client_secret: secret.to_owned().into(),
        };
        let client = Client::new(options("ak1.key")).unwrap();
        let before = client.tenant(credentials("one"));
        let again = client.reconfigured(Options { max_answer: 1, ..options("ak1.other") }).unwrap();
        let after = again.tenant(credentials("one"));
        assert!(after.shares_pace_with(&before) && after.shares_token_with(&before));
        let rotated = again.tenant(credentials("two"));
        assert!(rotated.shares_pace_with(&before) && !rotated.shares_token_with(&before));
        let elsewhere = Options::new("http://127.0.0.1:10".parse().unwrap(), "ak1.key".into());
        let elsewhere = client.reconfigured(elsewhere).unwrap().tenant(credentials("one"));
        assert!(!elsewhere.shares_pace_with(&before) && !elsewhere.shares_token_with(&before));
    }

    #[test]
    fn a_replaced_secret_does_not_get_the_old_ones_token() {
        let client = Client::new(options("ak1.key")).unwrap();
        let with = |secret: &str| {
            client.tenant(Credentials { tenant: 7, client_id: "cid.a".into(), client_secret: secret.into() })
        };
        assert!(with("one").shares_token_with(&with("one")));
        assert!(!with("one").shares_token_with(&with("two")));
    }
}
