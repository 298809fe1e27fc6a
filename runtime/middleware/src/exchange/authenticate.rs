//! The vendor's authentication: secrets go into the request after the template has had its say, and nowhere else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tradewire_liquid::{Object, Value};
use tradewire_outbound::{Client, Unread, Use, innermost, read};
use tradewire_secrets::{Masker, Tokens, configured};

use super::Trouble;
use super::call::Call;
use super::headers::insert;
use crate::fault::Fault;
use crate::pack::{Authentication, Output, VENDOR_FILE};

/// A token is fetched again when it has less than this left.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token lives that does not say so.
const UNSAID_LIFE: f64 = 300.0;
/// No token is kept longer, whatever it says.
const LONGEST_LIFE: f64 = 24.0 * 60.0 * 60.0;
/// The most bytes of a token's answer.
const MOST_BYTES: u64 = 1 << 20;
/// The most bytes of a token or of a caller's own `Authorization`: servers take no longer headers.
const LONGEST: usize = 8 << 10;

/// Authenticates calls to a vendor.
#[derive(Debug)]
pub(super) struct Authenticator {
    authentication: Authentication,
    secrets: HashMap<String, SecretString>,
    token: Mutex<Option<Token>>,
    /// What the vendor calls a token, it may say again.
    tokens: Tokens,
}

#[derive(Debug)]
struct Token {
    /// The header that it goes into.
    bearer: HeaderValue,
    ends: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    expires_in: Json,
}

impl TokenAnswer {
    /// How long it lives. RFC 6749 has a number; some write it with a fraction or as text.
    fn life(&self) -> Duration {
        let seconds = match &self.expires_in {
            Json::Number(seconds) => seconds.as_f64(),
            Json::String(seconds) => seconds.trim().parse().ok(),
            _ => None,
        };
        let seconds = seconds.filter(|seconds| !seconds.is_nan()).unwrap_or(UNSAID_LIFE);
        Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_LIFE))
    }
}

impl Authenticator {
    pub fn new(authentication: &Authentication, secrets: HashMap<String, SecretString>) -> Result<Self, Fault> {
        let missing: Vec<&str> =
            authentication.secrets().into_iter().filter(|name| !secrets.contains_key(*name)).collect();
        if !missing.is_empty() {
            let names = missing.join("`, `");
            let fault = Fault::error(VENDOR_FILE, format!("the vendor's authentication needs the secret `{names}`"));
            return Err(fault.help(format!("give it under `secrets`: `{} = {{ env = \"…\" }}`", missing[0])));
        }
        secrets.values().for_each(|secret| tradewire_secrets::register(secret.expose_secret()));
        let (authentication, token, tokens) = (authentication.clone(), Mutex::default(), Tokens::default());
        Ok(Authenticator { authentication, secrets, token, tokens })
    }

    /// Puts the secrets where they go.
    pub async fn apply(&self, mut call: Call, caller: &[(String, String)], http: &Client) -> Result<Call, Trouble> {
        match &self.authentication {
            Authentication::None => {}
            Authentication::ApiKey(mappings) => {
                for mapping in mappings {
                    let secret = self.secret(&mapping.secret)?;
                    match mapping.output {
                        Output::Header => insert(&mut call.headers, &mapping.name, secret)?,
                        Output::Query => drop(call.url.query_pairs_mut().append_pair(&mapping.name, secret)),
                        Output::Body => match call.body.get_or_insert_with(|| Value::Object(Object::default())) {
                            Value::Object(members) => members.insert(mapping.name.as_str(), secret.into()),
                            _ => return Err(Trouble::pack("the key goes into the body, and the body is no object")),
                        },
                    }
                }
            }
            Authentication::Basic { username, password } => {
                use base64::Engine;
                let pair = format!("{}:{}", self.secret(username)?, self.secret(password)?);
                let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
                insert(&mut call.headers, AUTHORIZATION.as_str(), &format!("Basic {encoded}"))?;
            }
            Authentication::OAuth2 { token_url, scope } => {
                let bearer = self.token(http, token_url, scope.as_deref()).await?;
                call.headers.insert(AUTHORIZATION, bearer);
            }
            Authentication::PassThrough => {
                if let Some(value) = self.own(caller)? {
                    insert(&mut call.headers, AUTHORIZATION.as_str(), value)?;
                }
            }
        }
        for value in call.headers.values_mut() {
            value.set_sensitive(true);
        }
        Ok(call)
    }

    /// What the caller itself is known by, where it is passed through.
    fn own<'a>(&self, caller: &'a [(String, String)]) -> Result<Option<&'a str>, Trouble> {
        let passes = matches!(self.authentication, Authentication::PassThrough);
        let own = caller.iter().find(|(name, _)| passes && name.eq_ignore_ascii_case("authorization"));
        match own {
            Some((_, value)) if value.len() > LONGEST => {
                let message = format!("the header `Authorization` has more than {LONGEST} bytes, which is the most");
                Err(Trouble::caller(message).with_status(431))
            }
            own => Ok(own.map(|(_, value)| value.as_str())),
        }
    }

    /// Masks whatever the vendor is sent and may repeat: what is configured, its own tokens, whatever they look like, and
    /// what the caller is known by. The latter two are nobody else's, so nobody else's texts are searched for them.
    pub fn masker(&self, caller: &[(String, String)]) -> Result<Arc<Masker>, Trouble> {
        let Some(own) = self.own(caller)? else { return Ok(self.tokens.masker()) };
        let masker = Masker::over(configured());
        masker.register(own);
        Ok(Arc::new(masker))
    }

    /// Drops the token, which the vendor no longer takes: the next call fetches another.
    pub async fn forget(&self) {
        *self.token.lock().await = None;
    }

    fn secret(&self, name: &str) -> Result<&str, Trouble> {
        // All of them were there when this was made.
        self.secrets.get(name).map(|s| s.expose_secret()).ok_or_else(|| Trouble::pack(format!("no secret `{name}`")))
    }

    /// The token, fetched by one call at a time and kept as long as it lives.
    async fn token(&self, http: &Client, url: &url::Url, scope: Option<&str>) -> Result<HeaderValue, Trouble> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.ends > Instant::now() + EARLY) {
            return Ok(token.bearer.clone());
        }
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.secret("ClientId")?),
            ("client_secret", self.secret("ClientSecret")?),
        ];
        form.extend(scope.map(|scope| ("scope", scope)));
        let place = url.authority().to_owned();
        // The innermost says why; what is around it holds the address.
        let told = |error: reqwest::Error| Trouble::vendor(format!("no token from {place}: {}", innermost(&error)));
        let request = http.used_for(Use::VendorTokens).request(Method::POST, url.clone());
        let request = request.map_err(|refused| Trouble::pack(refused.to_string()))?;
        let answer = http.ask(request.form(&form)).await.map_err(told)?;
        let status = answer.status();
        if status.is_redirection() {
            let message = format!(
                "{place} gives no token but another address ({status}), which is not followed; correct `tokenUrl`"
            );
            return Err(Trouble::vendor(message));
        }
        if !status.is_success() {
            return Err(Trouble::vendor(format!("{place} gives no token ({status}); check ClientId and ClientSecret")));
        }
        let bytes = read(answer, MOST_BYTES, |_| ()).await.map_err(|unread| match unread {
            Unread::TooLong(_) => Trouble::vendor(format!("{place} gives no token but an answer without end")),
            Unread::Broken(error) => told(error),
        })?;
        // What could not be read may hold the token, so it is not told.
        let answer: TokenAnswer = serde_json::from_slice(&bytes)
            .map_err(|_| Trouble::vendor(format!("{place} gives no token: no `access_token` in its answer")))?;
        let (token, life) = (answer.access_token.as_str(), answer.life());
        let faulty =
            |why: &str| Trouble::vendor(format!("{place} gives a token {why}, so nothing can be sent with it"));
        if token.trim().is_empty() {
            return Err(faulty("without a character"));
        }
        if token.len() > LONGEST {
            return Err(faulty(&format!("of {} bytes, where {LONGEST} are the most", token.len())));
        }
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        let mut bearer = bearer.map_err(|_| faulty("with a line end or another character that no header can hold"))?;
        bearer.set_sensitive(true);
        self.tokens.register(token, life);
        *kept = Some(Token { bearer: bearer.clone(), ends: Instant::now() + life });
        Ok(bearer)
    }
}
