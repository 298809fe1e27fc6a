//! How a bucket is reached.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tradewire_outbound::Ca;
use url::Url;

/// A bucket of an S3-compatible store, who writes to it, and the prefix there. `S` is a secret, `T` a text that may be one,
/// or what says where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings<T = String, S = SecretString> {
    /// `s3://bucket/prefix`.
    pub url: Url,
    /// The bucket's region, such as `us-east-1`; stores that know none take any.
    pub region: String,
    /// The store's address, where it is not Amazon's. The bucket is then part of the path.
    pub endpoint: Option<Url>,
    /// The id of the access key.
    pub access_key_id: T,
    /// Its secret.
    pub secret_access_key: S,
    /// The token of a session, where the key is one of a session.
    pub session_token: Option<S>,
    /// The longest that connecting may take. Each request as a whole may take as long, and a second more for each
    /// 64 KiB that it sends.
    pub timeout: Duration,
    /// Whether the endpoint may be another machine's without TLS.
    pub allow_http: bool,
    /// Whom the endpoint's certificate may be signed by, besides the authorities of this machine.
    pub ca: Ca,
}

impl<T, S> S3Settings<T, S> {
    /// The same with its secrets, as `read` and `read_text` answer them; they are told the setting of each.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn with_secrets<E>(
        &self,
        read_text: impl Fn(&'static str, &T) -> Result<SecretString, E>,
        read: impl Fn(&'static str, &S) -> Result<SecretString, E>,
    ) -> Result<S3Settings, E> {
        Ok(S3Settings {
            url: self.url.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            access_key_id: read_text("access_key_id", &self.access_key_id)?.expose_secret().to_owned(),
            secret_access_key: read("secret_access_key", &self.secret_access_key)?,
            session_token: self.session_token.as_ref().map(|token| read("session_token", token)).transpose()?,
            timeout: self.timeout,
            allow_http: self.allow_http,
            ca: self.ca.clone(),
        })
    }
}
