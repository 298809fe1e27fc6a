//! Vendors, as plugins see them: [`Middleware`].
//!
//! A trait, because the host knows neither packs nor templates: what answers is the caller's of [`Plugin::run`], and so
//! is the judgement which endpoints are granted.
//!
//! [`Plugin::run`]: crate::Plugin::run

use tradewire_client::Later;

/// The vendors that a run may call, through their request-middleware packs.
pub trait Middleware: Send + Sync {
    /// Calls an endpoint of a vendor's pack. `vendor` and `endpoint` look like names (1 to 64 letters, digits, `-`, `_`
    /// and `.`), `body` is whatever the plugin wrote.
    ///
    /// # Errors
    /// One line for the plugin, of what was not called at all: the pack or the endpoint is unknown or not granted. A
    /// call that fails is an answer, in the shape of the endpoint's contract.
    fn call<'a>(
        &'a self,
        vendor: &'a str,
        endpoint: &'a str,
        body: &'a str,
    ) -> Later<'a, Result<MiddlewareResponse, String>>;
}

/// A vendor's answer, as the pack's Response or Error template wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiddlewareResponse {
    /// The HTTP status.
    pub status: u16,
    /// Names and values, no name twice.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: String,
    /// What was not as the endpoint's contract says, and went on all the same.
    pub warnings: Vec<String>,
}

impl MiddlewareResponse {
    /// All that it hands to the plugin, in bytes.
    pub(crate) fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.body.len() + headers + self.warnings.iter().map(String::len).sum::<usize>()
    }
}

/// Whether a name may be one of the configuration. A plugin's texts are kept as the names of its calls, so others go no
/// further.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}
