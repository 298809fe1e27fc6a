//! How a bucket is reached.

use std::time::Duration;

use secrecy::SecretString;
use tradewire_outbound::Ca;
use url::Url;

/// A bucket of an S3-compatible store, who writes to it, and the prefix there.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// `s3://bucket/prefix`.
    pub url: Url,
    /// The bucket's region, such as `us-east-1`; stores that know none take any.
    pub region: String,
    /// The store's address, where it is not Amazon's. The bucket is then part of the path.
    pub endpoint: Option<Url>,
    /// The id of the access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretString,
    /// The token of a session, where the key is one of a session.
    pub session_token: Option<SecretString>,
    /// The longest that connecting may take. Each request as a whole may take as long, and a second more for each
    /// 64 KiB that it sends.
    pub timeout: Duration,
    /// Whether the endpoint may be another machine's without TLS.
    pub allow_http: bool,
    /// Whom the endpoint's certificate may be signed by, besides the authorities of this machine.
    pub ca: Ca,
}
