//! How an HTTP receiver is reached.

use std::time::Duration;

use secrecy::SecretString;
use tradewire_outbound::Ca;
use url::Url;

/// The method that a file is sent with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpMethod {
    /// `POST`.
    #[default]
    Post,
    /// `PUT`, to the address as it is.
    Put,
}

/// An HTTP receiver. `T` is a text that may be a secret, or what says where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings<T = SecretString> {
    /// `https://…`; `http` is for this machine, unless [`allow_http`](Self::allow_http). Its query is sent and never shown.
    pub url: Url,
    /// The method.
    pub method: HttpMethod,
    /// Headers that go with each file, such as `Authorization`.
    pub headers: Vec<(String, T)>,
    /// The longest that connecting may take, and the longest that nothing may move: neither may the receiver take none
    /// of the file, nor answer nothing once it has all of it.
    pub timeout: Duration,
    /// Whether it may be another machine's without TLS.
    pub allow_http: bool,
    /// Whom its certificate may be signed by, besides the authorities of this machine.
    pub ca: Ca,
}

impl<T> HttpSettings<T> {
    /// The same with its secrets, as `read` answers them; it is told the setting of each.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn with_secrets<E>(
        &self,
        read: impl Fn(&'static str, &T) -> Result<SecretString, E>,
    ) -> Result<HttpSettings, E> {
        let header = |(name, value): &(String, T)| Ok((name.clone(), read("headers", value)?));
        Ok(HttpSettings {
            url: self.url.clone(),
            method: self.method,
            headers: self.headers.iter().map(header).collect::<Result<_, E>>()?,
            timeout: self.timeout,
            allow_http: self.allow_http,
            ca: self.ca.clone(),
        })
    }
}
