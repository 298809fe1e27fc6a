//! Where ServiceTitan is: its production, its integration environment, or an address of your own.

use std::fmt;
use std::str::FromStr;

use tradewire_outbound::{Origin, this_machine};
use url::Url;

/// Which ServiceTitan is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// `api.servicetitan.io`.
    Production,
    /// `api-integration.servicetitan.io`.
    Integration,
    /// A sandbox, a proxy or a test server.
    Custom {
        /// The base of the API's paths.
        api: Url,
        /// The base of `connect/token`.
        auth: Url,
    },
}

/// A text that names no environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an environment: {reason}")]
pub struct UnknownEnvironment {
    given: String,
    reason: String,
}

impl Environment {
    /// The base address of the API.
    pub fn api(&self) -> Url {
        match self {
            Environment::Production => fixed("https://api.servicetitan.io/"),
            Environment::Integration => fixed("https://api-integration.servicetitan.io/"),
            Environment::Custom { api, .. } => api.clone(),
        }
    }

    /// The address that gives tokens.
    pub fn token_endpoint(&self) -> Url {
        let mut url = match self {
            Environment::Production => fixed("https://auth.servicetitan.io/"),
            Environment::Integration => fixed("https://auth-integration.servicetitan.io/"),
            Environment::Custom { auth, .. } => auth.clone(),
        };
        url.set_path(&format!("{}/connect/token", url.path().trim_end_matches('/')));
        url
    }

    /// What is connected to for calls and tokens.
    pub(crate) fn origins(&self) -> impl Iterator<Item = Origin> {
        [self.api(), self.token_endpoint()].into_iter().filter_map(|url| Origin::of(&url))
    }

    /// Whether the API is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        this_machine(&self.api())
    }
}

impl FromStr for Environment {
    type Err = UnknownEnvironment;

    /// `production`, `integration`, or one address that serves both the API and tokens.
    fn from_str(text: &str) -> Result<Self, UnknownEnvironment> {
        let refuse = |reason: &str| UnknownEnvironment { given: text.to_owned(), reason: reason.to_owned() };
        match text {
            "production" => return Ok(Environment::Production),
            "integration" => return Ok(Environment::Integration),
            _ => {}
        }
        let names = "write `production`, `integration` or an address such as `http://127.0.0.1:8123`";
        let url = Url::parse(text).map_err(|_| refuse(names))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refuse(names));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // The address is shown in errors, so the text itself is not repeated here.
            return Err(UnknownEnvironment {
                given: "the address".into(),
                reason: "leave user and password out of it".into(),
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("leave out what follows `?` or `#`"));
        }
        Ok(Environment::Custom { api: url.clone(), auth: url })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Environment::Production => f.write_str("production"),
            Environment::Integration => f.write_str("integration"),
            Environment::Custom { api, .. } => api.fmt(f),
        }
    }
}

/// `host:port`, the part of an address that errors may show.
pub(crate) fn place(url: &Url) -> String {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        _ => "an address without a host".into(),
    }
}

#[allow(clippy::expect_used)]
fn fixed(address: &str) -> Url {
    Url::parse(address).expect("a constant of this file")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_two_known_names_lead_to_their_own_hosts() {
        let production: Environment = "production".parse().unwrap();
        assert_eq!(production.token_endpoint().as_str(), "https://auth.servicetitan.io/connect/token");
        let integration: Environment = "integration".parse().unwrap();
        assert_eq!(integration.api().as_str(), "https://api-integration.servicetitan.io/");
    }

    #[test]
    fn an_address_serves_both_and_keeps_its_own_path() {
        let custom: Environment = "http://127.0.0.1:8123/st/".parse().unwrap();
        assert_eq!(custom.token_endpoint().as_str(), "http://127.0.0.1:8123/st/connect/token");
        assert!(custom.is_loopback());
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_choices() {
        for text in ["prod", "localhost:8123", "ftp://x", "", "http://", "https://x/?a=b"] {
            let error = text.parse::<Environment>().unwrap_err().to_string();
            assert!(error.contains("write `production`") || error.contains("leave out"), "{error}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let error = "https://me:hunter2@example.com".parse::<Environment>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
