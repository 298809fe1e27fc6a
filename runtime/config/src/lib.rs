//! `tradewire.toml`: what an operator writes.
//!
//! It is checked as a whole: every fault is told at once, with its line and column, the line itself and what to write
//! instead ([`ConfigError`]). Secrets stand in it only as references ([`Secret`]).
//!
//! What an editor should know of it is its [`schema()`]. Secrets in one encrypted file are [`vault`]; what can be a
//! feed is [`feed`].
//!
#![doc = concat!("```toml\n", include_str!("sample.toml"), "```")]

mod fault;
pub mod feed;
mod limits;
mod model;
mod paths;
mod read;
mod schema;
mod secret;
mod sections;
mod shape;
mod source;
pub mod vault;

pub use fault::{ConfigError, Fault};
pub use feed::Feed;
pub use limits::Limits;
pub use model::{
    Caller, CallerKey, ClientId, Config, ContractCheck, Delivery, DestinationSettings, Encryption, Environment, Export,
    LONGEST_REPLAY_WINDOW, Middleware, MiddlewareGrant, On, Plugin, PublicKey, Runs, Serve, ServiceTitan,
    SignatureEncoding, Signing, Tenant, TextOrSecret, Tls, Trigger, VendorCall, Webhook, Work,
};
pub use paths::{NamedPath, Role};
pub use schema::schema;
pub use secret::{Reference, Secret, SecretError, VaultReference};
pub use sections::variable;
pub use vault::is_name;
