//! `vendor.json`: where a vendor is and how it authenticates.
//!
//! Only the kind `ApiKey` is published. The others' spelling is not: whatever spelling can only mean one of them is
//! taken, and everything else is refused by name.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use crate::fault::Fault;

/// Where a vendor is and how it authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// `config.baseUrl` in templates.
    pub base_url: Url,
    /// How it authenticates.
    pub authentication: Authentication,
}

/// How a vendor authenticates. Values are names of secrets, never secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Not at all.
    None,
    /// Keys that go where they are mapped.
    ApiKey(Vec<Mapping>),
    /// HTTP Basic, with the secrets of these names.
    Basic {
        /// The user's name.
        username: String,
        /// The password.
        password: String,
    },
    /// OAuth 2.0 client credentials, with the secrets `ClientId` and `ClientSecret`.
    OAuth2 {
        /// Where tokens come from.
        token_url: Url,
        /// What is asked for.
        scope: Option<String>,
    },
    /// The caller's own `Authorization` goes on to the vendor.
    PassThrough,
}

/// A secret and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The secret's name.
    pub secret: String,
    /// Where it goes.
    pub output: Output,
    /// What it is called there.
    pub name: String,
}

/// Where a secret goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Output {
    /// A header.
    Header,
    /// A parameter of the query.
    #[serde(alias = "QueryParameter", alias = "QueryString")]
    Query,
    /// A member of the body.
    Body,
}

impl Authentication {
    /// The names of the secrets that it needs.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Authentication::None | Authentication::PassThrough => Vec::new(),
            Authentication::ApiKey(mappings) => mappings.iter().map(|mapping| mapping.secret.as_str()).collect(),
            Authentication::Basic { username, password } => vec![username, password],
            Authentication::OAuth2 { .. } => vec!["ClientId", "ClientSecret"],
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VendorFile {
    base_url: String,
    authentication: Option<AuthenticationFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthenticationFile {
    kind: String,
    #[serde(default)]
    value_mappings: Vec<MappingFile>,
    token_url: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MappingFile {
    authentication_key: String,
    output_type: Output,
    output_key: String,
}

pub(super) fn read(file: &Path, found: VendorFile, faults: &mut Vec<Fault>) -> Option<Vendor> {
    let base_url = address(file, "baseUrl", &found.base_url, faults);
    let authentication = match found.authentication {
        None => Some(Authentication::None),
        Some(found) => authentication(file, found, faults),
    };
    Some(Vendor { base_url: base_url?, authentication: authentication? })
}

fn authentication(file: &Path, found: AuthenticationFile, faults: &mut Vec<Fault>) -> Option<Authentication> {
    let kind: String = found.kind.chars().filter(char::is_ascii_alphanumeric).collect();
    let named = |wanted: &str| {
        let mapping = found.value_mappings.iter().find(|m| m.authentication_key.eq_ignore_ascii_case(wanted));
        mapping.map_or_else(|| wanted.to_owned(), |mapping| mapping.authentication_key.clone())
    };
    match kind.to_ascii_lowercase().as_str() {
        "none" => Some(Authentication::None),
        "apikey" if found.value_mappings.is_empty() => {
            let fault = Fault::error(file, "`ApiKey` has no `valueMappings`, so the key goes nowhere");
            faults.push(
                fault.help(
                    r#"add `{ "authenticationKey": "ApiKey", "outputType": "Header", "outputKey": "X-API-KEY" }`"#,
                ),
            );
            None
        }
        "apikey" => Some(Authentication::ApiKey(
            found
                .value_mappings
                .into_iter()
                .map(|m| Mapping { secret: m.authentication_key, output: m.output_type, name: m.output_key })
                .collect(),
        )),
        "basic" | "basicauth" | "basicauthentication" => {
            Some(Authentication::Basic { username: named("Username"), password: named("Password") })
        }
        "oauth" | "oauth2" | "oauth20" | "oauth2clientcredentials" | "clientcredentials" => match &found.token_url {
            Some(url) => {
                let token_url = address(file, "tokenUrl", url, faults)?;
                Some(Authentication::OAuth2 { token_url, scope: found.scope })
            }
            None => {
                faults.push(Fault::error(file, "OAuth 2.0 needs `tokenUrl` beside `kind`"));
                None
            }
        },
        "passthrough" => Some(Authentication::PassThrough),
        _ => {
            let fault = Fault::error(file, format!("nobody knows the authentication kind `{}`", found.kind));
            faults.push(fault.help("it is one of ApiKey, Basic, OAuth2, PassThrough and None"));
            None
        }
    }
}

fn address(file: &Path, name: &str, text: &str, faults: &mut Vec<Fault>) -> Option<Url> {
    match Url::parse(text) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none() =>
        {
            Some(url)
        }
        Ok(_) => {
            let fault = Fault::error(file, format!("`{name}` is no plain http or https address"));
            faults.push(fault.help("leave user and password out of it; they are secrets"));
            None
        }
        Err(error) => {
            faults.push(Fault::error(file, format!("`{name}` is no address: {error}")));
            None
        }
    }
}
