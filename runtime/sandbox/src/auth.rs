//! Tokens and application keys: who calls, for which tenant, with which scopes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use parking_lot::Mutex;
use serde_json::json;
use tradewire_surface::Catalog;

use crate::options::{Options, SandboxTenant};
use crate::problem::Problem;
use crate::wire::{self, Response};

/// What a token is good for.
#[derive(Debug)]
pub(crate) struct Grant {
    pub tenant: i64,
    scopes: Vec<String>,
    ends: Instant,
}

/// Issues tokens and checks them.
pub(crate) struct Auth {
    grants: Mutex<HashMap<String, Arc<Grant>>>,
    /// Every scope of the catalog, in order.
    scopes: Vec<String>,
}

impl Auth {
    pub fn new() -> Auth {
        let mut scopes: Vec<String> = Catalog::get().operations().map(|o| o.operation.scope.clone()).collect();
        scopes.sort();
        scopes.dedup();
        scopes.retain(|scope| !scope.is_empty());
        Auth { grants: Mutex::default(), scopes }
    }

    /// Answers a token request. The real endpoint takes a form, and the client in it or in a Basic header.
    pub fn token(&self, options: &Options, headers: &HeaderMap, body: &[u8]) -> Response {
        let form = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !form.starts_with("application/x-www-form-urlencoded") {
            return refused("invalid_request");
        }
        let fields: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| fields.get(name).map(String::as_str);
        match field("grant_type") {
            Some("client_credentials") => {}
            Some(_) => return refused("unsupported_grant_type"),
            None => return refused("invalid_request"),
        }
        let basic = basic(headers);
        let (id, secret) = match &basic {
            Some((id, secret)) => (id.as_str(), secret.as_str()),
            None => (field("client_id").unwrap_or_default(), field("client_secret").unwrap_or_default()),
        };
        let known = options.tenants.iter().find(|tenant| tenant.client_id == id && tenant.client_secret == secret);
        let Some(tenant) = known else { return refused("invalid_client") };
        let granted = tenant.scopes.as_ref().unwrap_or(&self.scopes);
        let scopes: Vec<String> = match field("scope").filter(|scope| !scope.trim().is_empty()) {
            None => granted.clone(),
            Some(asked) => asked.split_whitespace().map(str::to_owned).collect(),
        };
        if !scopes.iter().all(|scope| granted.contains(scope)) {
            return refused("invalid_scope");
        }
        self.issue(options, tenant, scopes)
    }

    fn issue(&self, options: &Options, tenant: &SandboxTenant, scopes: Vec<String>) -> Response {
        let now = Instant::now();
        let life = options.token_life;
        let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + life;
        let mut grants = self.grants.lock();
        grants.retain(|_, grant| grant.ends > now);
        let claims = json!({
            "iss": "https://sandbox.invalid", "client_id": tenant.client_id, "tenant": tenant.id.to_string(),
            "scope": scopes, "exp": expires.as_secs(), "jti": format!("{:?}", expires.as_nanos()),
        });
        let key = jsonwebtoken::EncodingKey::from_secret(&options.seed.to_be_bytes());
        let Ok(token) = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key) else {
            return refused("server_error");
        };
        let answer = json!({
            "access_token": token, "expires_in": life.as_secs(), "token_type": "Bearer", "scope": scopes.join(" "),
        });
        grants.insert(token, Arc::new(Grant { tenant: tenant.id, scopes, ends: now + life }));
        wire::json(answer.to_string())
    }

    /// Lets every token expire now.
    pub fn expire_all(&self) {
        self.grants.lock().clear();
    }

    /// Checks the application key and the token of a call of an operation; gives the key.
    pub fn check(&self, options: &Options, headers: &HeaderMap, tenant: &str, scope: &str) -> Result<String, Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let key = match text("st-app-key") {
            Some(key) if options.app_keys.iter().any(|known| known == key) => key.to_owned(),
            Some(_) => return Err(Problem::new(options.app_key_status, "The application key is not known.")),
            None => return Err(Problem::new(options.app_key_status, "The header ST-App-Key is missing.")),
        };
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
        let token = match authorization.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            // A client in wide use sends the token alone, so the real gateway must take it.
            None if !authorization.is_empty() => authorization,
            _ => return Err(Problem::new(401, "A bearer token is missing.")),
        };
        let grant = self.grants.lock().get(token).filter(|grant| grant.ends > Instant::now()).cloned();
        let grant = grant.ok_or_else(expired)?;
        if grant.tenant.to_string() != tenant {
            return Err(Problem::new(403, "The token is not one of this tenant."));
        }
        if !scope.is_empty() && !grant.scopes.iter().any(|granted| granted == scope) {
            return Err(Problem::new(403, "Scope validation failed"));
        }
        Ok(key)
    }
}

/// The refusal of a token that has expired or never was one.
pub(crate) fn expired() -> Problem {
    Problem::new(401, "The access token is invalid or has expired.")
}

fn refused(error: &str) -> Response {
    wire::typed(StatusCode::BAD_REQUEST, "application/json; charset=utf-8", json!({ "error": error }).to_string())
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |text: &str| tradewire_sandbox_seed::plan::route::percent_decode(text);
    Some((decode(id), decode(secret)))
}
