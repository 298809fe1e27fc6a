//! What `tradewire serve` answers: vendors to whoever has a key, and ServiceTitan's webhook events.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use indexmap::IndexMap;
use tradewire_outbound::{Ca, Origin};
use tradewire_surface::grants::Grants;
use url::Url;

use crate::Secret;

/// A vendor behind its request-middleware pack.
#[derive(Debug, Clone)]
pub struct Middleware {
    /// Its name in the configuration and in addresses.
    pub name: String,
    /// `pack`: the folder, seen from the configuration's folder.
    pub pack: PathBuf,
    /// `tenants`: those whose calls it takes.
    pub tenants: Vec<String>,
    /// `grant`: what its templates may call at ServiceTitan.
    pub grants: Grants,
    /// The line of the file, from 1, that holds `grant`, or the section's head.
    pub grant_line: usize,
    /// `check`.
    pub check: ContractCheck,
    /// `base_url`: the vendor's address, in place of the pack's own.
    pub base_url: Option<Url>,
    /// `hosts`: what the pack may name besides: where tokens come from, and its own address where `base_url` is not said.
    pub hosts: Vec<Origin>,
    /// `ca`: whom its certificate may be signed by, besides the authorities of this machine.
    pub ca: Ca,
    /// `timeout`: how long the vendor may take to answer. 30 seconds; at most an hour.
    pub timeout: Duration,
    /// `deadline`: how long a whole call may take. 2 minutes; at most an hour.
    pub deadline: Duration,
    /// `answer`: bytes of one answer of the vendor. 16 MiB; at most 1 GiB.
    pub answer: u64,
    /// `secrets`: what the pack's authentication names.
    pub secrets: IndexMap<String, Secret>,
}

impl Default for Middleware {
    fn default() -> Self {
        Middleware {
            name: String::new(),
            pack: PathBuf::new(),
            tenants: Vec::new(),
            grants: Grants::default(),
            grant_line: 0,
            check: ContractCheck::default(),
            base_url: None,
            hosts: Vec::new(),
            ca: Ca::default(),
            timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            answer: 16 * 1024 * 1024,
            secrets: IndexMap::new(),
        }
    }
}

/// What a document that is not the contract's comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContractCheck {
    /// It goes on, and is told.
    #[default]
    Warn,
    /// It is refused.
    Refuse,
}

impl ContractCheck {
    /// The words of the configuration.
    pub const NAMES: [(&'static str, ContractCheck); 2] =
        [("warn", ContractCheck::Warn), ("refuse", ContractCheck::Refuse)];
}

/// A vendor that a plugin may call: `harborline`, or one endpoint of it: `harborline/purchaseorder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiddlewareGrant {
    /// The vendor.
    pub vendor: String,
    /// The endpoint; none is all.
    pub endpoint: Option<String>,
}

/// Who calls vendors over HTTP.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its name in the configuration.
    pub name: String,
    /// `key` or `key_sha256`: what it shows.
    pub key: CallerKey,
    /// `at_once`: how many of its calls are carried at a time; none is what `[serve]` leaves to one.
    pub at_once: Option<usize>,
    /// `middleware`: the vendors that it may call; none is all.
    pub middleware: Option<Vec<String>>,
    /// `tenants`: those that it may call for; none is all.
    pub tenants: Option<Vec<String>>,
}

/// How the key of a caller is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerKey {
    /// `key`: where it is.
    Secret(Secret),
    /// `key_sha256`: its digest, which tells nobody the key.
    Sha256([u8; 32]),
}

/// The longest `replay_window`: what is older can be read from ServiceTitan's export feeds.
pub const LONGEST_REPLAY_WINDOW: TimeDelta = TimeDelta::days(30);

/// Where ServiceTitan's webhook events come in: `POST /webhooks/{name}`.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its name in the configuration and in the address.
    pub name: String,
    /// `tenants`: those whose events it takes.
    pub tenants: Vec<String>,
    /// `secret`: the key that ServiceTitan signs with.
    pub secret: Secret,
    /// `header`, in lower case: where the signature stands. `x-servicetitan-signature`.
    pub header: String,
    /// `encoding`: how the signature is written; none is either, which cannot be taken for each other.
    pub encoding: Option<SignatureEncoding>,
    /// `events`: the CloudEvents types that it takes; none is all, also those that the catalog does not know.
    pub events: Option<Vec<String>>,
    /// `replay_window`: how old an event may be. A day; at most [`LONGEST_REPLAY_WINDOW`].
    pub replay_window: Duration,
    /// `at_once`: how many of its events are taken in at a time; none is what `[serve]` leaves to one.
    pub at_once: Option<usize>,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureEncoding {
    /// Hexadecimal digits, of either case.
    Hex,
    /// Base64, with padding.
    Base64,
}

impl SignatureEncoding {
    /// The words of the configuration.
    pub const NAMES: [(&'static str, SignatureEncoding); 2] =
        [("hex", SignatureEncoding::Hex), ("base64", SignatureEncoding::Base64)];
}

/// How callers are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// `listen`: `127.0.0.1:8080`. Plain HTTP without `tls`: where callers are on other machines, something that speaks
    /// TLS belongs before it.
    pub listen: SocketAddr,
    /// `at_once`: how many calls are carried at a time; more are told to come again. 64.
    pub at_once: usize,
    /// `body`: bytes of one call. 4 MiB.
    pub body: u64,
    /// `tls`: who the server is to its clients; none is plain HTTP.
    pub tls: Option<Tls>,
    /// `proxies`: those that pass on the calls of others, and say whose in `X-Forwarded-For`.
    pub proxies: Vec<IpAddr>,
}

/// The server's certificate and its key, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// `certificate`: the file, seen from the configuration's folder.
    pub certificate: PathBuf,
    /// `key`.
    pub key: Secret,
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            at_once: 64,
            body: 4 * 1024 * 1024,
            tls: None,
            proxies: Vec::new(),
        }
    }
}
