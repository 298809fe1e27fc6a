//! What is wrong with a destination's settings, found before anything is sent, and how its address is shown.

use tradewire_outbound::this_machine;
use url::Url;

/// A setting that cannot be used. The message says what to write instead, and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: {message}")]
pub struct SettingsError {
    /// The field of the settings that is at fault, such as `url` or `host_keys`.
    pub setting: &'static str,
    /// What is wrong with it, and what to do about it.
    pub message: String,
}

impl SettingsError {
    pub(crate) fn new(setting: &'static str, message: impl Into<String>) -> Self {
        Self { setting, message: message.into() }
    }
}

/// An address as it is recorded and shown: without user, password and query, and, except for HTTP, without `/` at its
/// end.
pub fn address(url: &Url) -> String {
    let mut address = url.clone();
    // What cannot have a user or a password has none.
    let _ = address.set_username("");
    let _ = address.set_password(None);
    address.set_query(None);
    // A receiver may have both `/files` and `/files/`.
    if !matches!(url.scheme(), "http" | "https") {
        address.set_path(url.path().trim_end_matches('/'));
    }
    address.into()
}

/// Refuses what would be recorded and shown with an address, or has no meaning in one.
pub(crate) fn check_url(url: &Url, example: &str) -> Result<(), SettingsError> {
    let fault = |message: String| Err(SettingsError::new("url", message));
    if url.host_str().is_none_or(str::is_empty) {
        return fault(format!("it names no host; write `{example}`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault(format!(
            "it holds a user or a password; write `{example}` and give those as settings of their own"
        ));
    }
    if url.fragment().is_some() {
        return fault(format!("it has a part after `#`; write `{example}`"));
    }
    Ok(())
}

/// Refuses what goes without TLS to another machine, unless that is said.
pub(crate) fn check_plain(setting: &'static str, url: &Url, allow_http: bool, what: &str) -> Result<(), SettingsError> {
    if url.scheme() != "http" || allow_http || this_machine(url) {
        return Ok(());
    }
    let message =
        format!("`http` would let everyone in between {what}; write `https://…`, or `allow_http = true` beside it");
    Err(SettingsError::new(setting, message))
}

/// The path of an address, decoded: slashes at the end are not part of it.
pub(crate) fn decoded_path(url: &Url) -> Result<String, SettingsError> {
    let decoded = percent_encoding::percent_decode_str(url.path()).decode_utf8();
    let path = decoded.map_err(|_| SettingsError::new("url", "its path is not UTF-8; write it in UTF-8"))?;
    if path.chars().any(char::is_control) {
        return Err(SettingsError::new("url", "its path holds a control character; take it out"));
    }
    Ok(path.trim_end_matches('/').to_owned())
}

/// Refuses a timeout that ends everything at once.
pub(crate) fn check_timeout(timeout: std::time::Duration) -> Result<(), SettingsError> {
    if timeout.is_zero() { Err(SettingsError::new("timeout", "it is nothing; write `30 s`")) } else { Ok(()) }
}
