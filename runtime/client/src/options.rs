//! How a client is set up: what it calls, how fast, how patiently.

use std::time::Duration;

use secrecy::SecretString;
use tradewire_outbound::Ca;

use crate::environment::Environment;

/// The set-up of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct Options {
    /// Which ServiceTitan is called.
    pub environment: Environment,
    /// Whom it believes besides the authorities of this machine.
    pub ca: Ca,
    /// The application's key (`ak1.…`), sent as `ST-App-Key`.
    pub app_key: SecretString,
    /// What the client calls itself.
    pub user_agent: String,
    /// How fast it calls.
    pub rate: RateLimit,
    /// How often it tries again.
    pub retry: Retry,
    /// How long one attempt may take, body included; for downloads, each piece. ServiceTitan itself gives up after
    /// 100 s, so the default is 110 s.
    pub timeout: Duration,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// The largest JSON answer that is taken, in bytes after decompression (256 MiB). Downloads are streamed and
    /// not bound by it.
    pub max_answer: u64,
}

impl Options {
    /// The default set-up for that environment and app key.
    pub fn new(environment: Environment, app_key: SecretString) -> Options {
        Options {
            environment,
            ca: Ca::default(),
            app_key,
            user_agent: concat!("tradewire/", env!("CARGO_PKG_VERSION")).into(),
            rate: RateLimit::default(),
            retry: Retry::default(),
            timeout: Duration::from_secs(110),
            connect_timeout: Duration::from_secs(15),
            max_answer: 256 << 20,
        }
    }
}

impl Options {
    /// Whether calls by these options are one application's as far as pace, tokens and connections go.
    pub(crate) fn calls_like(&self, other: &Options) -> bool {
        self.environment == other.environment
            && self.ca == other.ca
            && self.user_agent == other.user_agent
            && self.rate == other.rate
            && self.retry == other.retry
            && (self.timeout, self.connect_timeout) == (other.timeout, other.connect_timeout)
    }
}

/// Who asks: the client id and secret of one tenant.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// ServiceTitan's number of the tenant.
    pub tenant: i64,
    /// The client id, `cid.…`.
    pub client_id: String,
    /// The client secret, `cs1.…`.
    pub client_secret: SecretString,
}

/// How fast one application calls for one tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// Requests a second, evenly spaced; none is no limit.
    ///
    /// ServiceTitan allows 60. The default is 58, which is never 61 in any second that a server may look at, even
    /// when requests reach it some 20 ms less apart than they left.
    pub per_second: Option<f64>,
    /// The least time between two requests for the data of the same report; none is no limit. ServiceTitan allows
    /// one a minute; the default adds a second.
    pub report_every: Option<Duration>,
}

impl RateLimit {
    /// No limit at all: for a sandbox without one.
    pub const UNLIMITED: RateLimit = RateLimit { per_second: None, report_every: None };
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit { per_second: Some(58.0), report_every: Some(Duration::from_secs(61)) }
    }
}

/// How often a call is tried again, and how long after. The waits back off with full jitter: any time up to `base`,
/// twice `base`, four times `base`…, at most `cap`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// The most attempts, the first included (5).
    pub attempts: u32,
    /// The upper bound of the first wait (500 ms).
    pub base: Duration,
    /// The upper bound of any wait that the client chooses itself (30 s).
    pub cap: Duration,
    /// The longest `Retry-After` that is waited for (2 min); a longer one ends the call with
    /// [`Kind::RateLimited`](crate::Kind::RateLimited) or [`Kind::Server`](crate::Kind::Server).
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            longest: Duration::from_secs(120),
        }
    }
}
