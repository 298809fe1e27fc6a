//! What takes the events of one webhook in.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;

use super::event::{Envelope, NotAnEvent};
use super::signature::{Forged, Signature};
use crate::clock::Clock;
use crate::config::{Config, SecretError, Webhook};
use crate::store::{EventId, EventRecord, Store, StoreError};

/// A key of fewer characters is none of ServiceTitan's, and may be guessed.
const SHORTEST_KEY: usize = 32;
/// By how much ServiceTitan's clock may be ahead of this machine's.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What takes the events of one webhook in.
pub struct Receiver {
    name: String,
    header: String,
    signature: Signature,
    /// Names and numbers of the tenants whose events it takes.
    tenants: Vec<(String, i64)>,
    events: Option<Vec<String>>,
    replay_window: TimeDelta,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// Why a webhook cannot take events in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverFault {
    /// The key cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The key is none.
    #[error(
        "{reference} holds {characters} characters, ServiceTitan's keys have 32 to 64: set it to the webhook's key"
    )]
    Key {
        /// Where it was found.
        reference: String,
        /// How many it has.
        characters: usize,
    },
}

/// An event that is stored, or was before.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The event; of one that came again, the one that is stored.
    pub id: EventId,
    /// Its CloudEvents type.
    pub kind: String,
    /// The tenant's name.
    pub tenant: String,
    /// Whether it was stored before.
    pub is_repeated: bool,
}

/// Why an event is not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is not ServiceTitan's.
    #[error(transparent)]
    Forged(#[from] Forged),
    /// It may be someone's who listened.
    #[error(
        "the event happened at {}, which is {} of the replay window: raise `replay_window` of `[webhook.{webhook}]`, or \
         set this machine's clock", time.to_rfc3339(), if *is_ahead { "ahead" } else { "out" }
    )]
    OutOfTime {
        /// The webhook.
        webhook: String,
        /// When the event says that it happened.
        time: DateTime<Utc>,
        /// Whether that is still to come.
        is_ahead: bool,
    },
    /// It is none.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// It does not say whose it is, and neither does the address.
    #[error("the event has no `tenantId`, and the address names no tenant: write `/webhooks/{webhook}/<tenant>`")]
    NoTenant {
        /// The webhook.
        webhook: String,
    },
    /// It is a tenant's whose events are not taken.
    #[error("webhook `{webhook}` takes no events of tenant {tenant}: it is not among its `tenants`")]
    OtherTenant {
        /// The webhook.
        webhook: String,
        /// The tenant, as the event or the address calls it.
        tenant: String,
    },
    /// Event and address disagree.
    #[error("the event is of tenant {found}, the address says `{named}`")]
    TenantsDiffer {
        /// As the event says.
        found: i64,
        /// As the address says.
        named: String,
    },
    /// It is of a type that is not taken.
    #[error("webhook `{webhook}` takes no `{kind}`: it is not among its `events`")]
    OtherType {
        /// The webhook.
        webhook: String,
        /// The type.
        kind: String,
    },
    /// It could not be stored: whoever sent it is to send it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Receiver {
    /// Reads the key.
    pub fn load(
        webhook: &Webhook,
        config: &Config,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Receiver, ReceiverFault> {
        let key = webhook.secret.resolve()?;
        let characters = key.expose_secret().chars().count();
        let bad_key = || ReceiverFault::Key { reference: webhook.secret.to_string(), characters };
        let signature = Signature::new(&key, webhook.encoding).filter(|_| characters >= SHORTEST_KEY);
        let tenants = webhook.tenants.iter().filter_map(|name| config.tenants.get(name));
        Ok(Receiver {
            name: webhook.name.clone(),
            header: webhook.header.clone(),
            signature: signature.ok_or_else(bad_key)?,
            tenants: tenants.map(|tenant| (tenant.name.clone(), tenant.id)).collect(),
            events: webhook.events.clone(),
            replay_window: TimeDelta::from_std(webhook.replay_window).unwrap_or(TimeDelta::MAX),
            store,
            clock,
        })
    }

    /// The webhook's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The header that the signature stands in.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// Takes an event in: once this answers, it is stored. `tenant` is the one that the address names.
    pub async fn receive(
        &self,
        tenant: Option<&str>,
        signature: Option<&[u8]>,
        body: &[u8],
    ) -> Result<Received, Refused> {
        self.signature.verify(signature, body)?;
        let event = Envelope::read(body)?;
        let received = self.clock.now();
        self.in_time(event.time, received)?;
        let (tenant, tenant_id) = self.tenant(tenant, event.tenant_id)?;
        if self.events.as_ref().is_some_and(|events| !events.contains(&event.kind)) {
            return Err(Refused::OtherType { webhook: self.name.clone(), kind: event.kind });
        }
        let record = EventRecord {
            id: EventId::new(),
            webhook: self.name.clone(),
            tenant,
            tenant_id,
            kind: event.kind,
            occurrence: event.occurrence,
            delivery: event.delivery,
            time: event.time,
            received,
            payload: event.payload.to_owned(),
        };
        let id = self.store.store_event(&record).await?;
        let EventRecord { id: new, kind, tenant, .. } = record;
        Ok(Received { id, kind, tenant, is_repeated: id != new })
    }

    fn in_time(&self, time: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refused> {
        let age = now - time;
        let is_ahead = age < -AHEAD;
        if is_ahead || age > self.replay_window {
            return Err(Refused::OutOfTime { webhook: self.name.clone(), time, is_ahead });
        }
        Ok(())
    }

    /// Whose event it is: the address and the event may both say it, one has to.
    fn tenant(&self, named: Option<&str>, found: Option<i64>) -> Result<(String, i64), Refused> {
        let webhook = || self.name.clone();
        let known = match (named, found) {
            (Some(named), _) => self.tenants.iter().find(|(name, _)| name == named),
            (None, Some(found)) => self.tenants.iter().find(|(_, id)| *id == found),
            (None, None) => return Err(Refused::NoTenant { webhook: webhook() }),
        };
        let Some((name, id)) = known else {
            let tenant = named.map(|name| format!("`{name}`")).or(found.map(|id| id.to_string())).unwrap_or_default();
            return Err(Refused::OtherTenant { webhook: webhook(), tenant });
        };
        match found {
            Some(found) if found != *id => Err(Refused::TenantsDiffer { found, named: name.clone() }),
            _ => Ok((name.clone(), *id)),
        }
    }
}
