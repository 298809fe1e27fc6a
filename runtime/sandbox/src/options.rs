//! What a sandbox is started with.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::faults::Faults;

/// The tenant of [`Options::default`].
pub const DEMO_TENANT: i64 = 1_234_567_890;
/// Its client id.
pub const DEMO_CLIENT_ID: &str = "cid.sandbox";
/// Its client secret: it opens nothing but a sandbox.
pub const DEMO_CLIENT_SECRET: &str = "cs1.sandbox";
/// The application key of [`Options::default`].
pub const DEMO_APP_KEY: &str = "ak1.sandbox";

/// How a sandbox behaves and how much it holds.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything that is drawn is drawn from it: the same seed, size and `now` give the same records.
    pub seed: u64,
    /// The number of customers; jobs, invoices, technicians and the rest scale with it.
    pub customers: usize,
    /// Who may ask for tokens.
    pub tenants: Vec<SandboxTenant>,
    /// The application keys that are let in.
    pub app_keys: Vec<String>,
    /// The status of a missing or unknown application key: sources disagree whether it is 401 or 403.
    pub app_key_status: u16,
    /// Calls within any one second, for each application key and tenant; `None` is no limit.
    pub rate: Option<u32>,
    /// How long the same report is refused to the same tenant after it was given; `None` is no limit.
    pub report_interval: Option<Duration>,
    /// How long a token lives.
    pub token_life: Duration,
    /// The records of a page of an export feed.
    pub feed_page: usize,
    /// The faults to start with.
    pub faults: Faults,
    /// When the sandbox starts to live, by its own clock, which runs on from there. `None` is the real time, with
    /// the seeded records dated back from the last midnight.
    pub now: Option<DateTime<Utc>>,
}

/// A tenant and the credentials of the application in it.
#[derive(Clone)]
pub struct SandboxTenant {
    /// Its number.
    pub id: i64,
    /// The client id, which should look like `cid.…`.
    pub client_id: String,
    /// The client secret, which should look like `cs1.…`.
    pub client_secret: String,
    /// The scopes that the client was granted; `None` is all of them.
    pub scopes: Option<Vec<String>>,
}

impl std::fmt::Debug for SandboxTenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxTenant")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 1,
            customers: 200,
            tenants: vec![SandboxTenant {
                id: DEMO_TENANT,
                client_id: DEMO_CLIENT_ID.to_owned(),
                client_secret: DEMO_CLIENT_SECRET.to_owned(),
                scopes: None,
            }],
            app_keys: vec![DEMO_APP_KEY.to_owned()],
            app_key_status: 401,
            rate: Some(60),
            report_interval: Some(Duration::from_secs(60)),
            token_life: Duration::from_secs(900),
            feed_page: 1000,
            faults: Faults::default(),
            now: None,
        }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {addr}: {source}; choose another address or stop what listens there")]
    Listen {
        /// The address.
        addr: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nobody could ever call it.
    #[error("a sandbox needs at least one {0}")]
    Empty(&'static str),
    /// Two tenants share a client id, so a token request would not say whose it is.
    #[error("client id `{0}` belongs to two tenants: give each tenant a client id of its own")]
    DuplicateClient(String),
}
