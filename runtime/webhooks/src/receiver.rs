//! What takes the events of one webhook in.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use tradewire_config::{Config, On, SecretError, Trigger, Webhook};
use tradewire_secrets::{Guessable, guessable};
use tradewire_store::{EventId, EventRecord, Incoming, StoreError};

use super::event::{Envelope, NotAnEvent};
use super::intake::Intake;
use super::signature::{Checking, Forged, Genuine, Signature};

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
    at_once: Option<usize>,
    takers: Vec<Taker>,
}

/// An export whose runs events of the webhook may begin.
struct Taker {
    export: String,
    tenants: Vec<String>,
    on: On,
}

/// An event as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The tenant that the address names.
    pub tenant: Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Why a webhook cannot take events in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverFault {
    /// The key cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The key is none of ServiceTitan's, which have 32 to 64 characters.
    #[error("{reference} holds {why}: set it to the webhook's key, as ServiceTitan shows it")]
    Key {
        /// Where it was found.
        reference: String,
        /// What is wrong with it.
        why: Guessable,
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
        "the event is of {}, which is {}", time.to_rfc3339(), if *is_ahead {
            "still to come: set this machine's clock".to_owned()
        } else {
            format!("out of the replay window: raise `replay_window` of `[webhook.{webhook}]`, or set this machine's clock")
        }
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
    /// It says of no tenant that it is its own, and another tenant's address has taken it.
    #[error(
        "the event has no `tenantId`, and came in before at the address of another tenant, whose it is since: it is sent \
         to one address"
    )]
    BoundElsewhere {
        /// That tenant, which is not told to whoever sends it.
        tenant: String,
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
    Store(#[from] Arc<StoreError>),
}

impl Receiver {
    /// Reads the key.
    pub fn load(webhook: &Webhook, config: &Config) -> Result<Receiver, ReceiverFault> {
        let key = webhook.secret.resolve()?;
        if let Some(why) = guessable(key.expose_secret(), SHORTEST_KEY) {
            return Err(ReceiverFault::Key { reference: webhook.secret.to_string(), why });
        }
        let tenants = webhook.tenants.iter().filter_map(|name| config.tenants.get(name));
        let takers = config.exports.values().filter_map(|export| match &export.trigger {
            Trigger::On(on) => {
                Some(Taker { export: export.name.clone(), tenants: export.tenants.clone(), on: on.clone() })
            }
            _ => None,
        });
        Ok(Receiver {
            takers: takers.collect(),
            name: webhook.name.clone(),
            header: webhook.header.clone(),
            signature: Signature::new(&key, webhook.encoding),
            tenants: tenants.map(|tenant| (tenant.name.clone(), tenant.id)).collect(),
            events: webhook.events.clone(),
            replay_window: TimeDelta::from_std(webhook.replay_window).unwrap_or(TimeDelta::MAX),
            at_once: webhook.at_once,
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

    /// How many of its events may be taken in at a time.
    pub fn at_once(&self) -> Option<usize> {
        self.at_once
    }

    /// Begins to check a body's signature by what the webhook's [`header`](Receiver::header) says: what has none, or one
    /// that is none, need not be received.
    pub fn begin<'h>(&self, signatures: impl Iterator<Item = &'h [u8]>) -> Result<Checking, Forged> {
        self.signature.begin(signatures)
    }

    /// Takes an event in whose body is [`Genuine`]: once this answers, it is stored.
    pub async fn receive(
        &self,
        intake: &Intake,
        genuine: Genuine,
        delivery: Delivery<'_>,
    ) -> Result<Received, Refused> {
        let (event, by_address) = self.check(&genuine, delivery)?;
        let (new, kind, tenant) = (event.id, event.kind.clone(), event.tenant.clone());
        let takes = |taker: &&Taker| taker.tenants.contains(&tenant) && taker.on.takes(&self.name, &kind);
        let takers = self.takers.iter().filter(takes).map(|taker| taker.export.clone()).collect();
        let stored = intake.store(Incoming { event, takers, by_address }).await?;
        match stored.bound_to {
            Some(tenant) => Err(Refused::BoundElsewhere { tenant }),
            None => Ok(Received { id: stored.id, kind, tenant, is_repeated: stored.id != new }),
        }
    }

    /// The event that [`receive`](Receiver::receive) would store, and whether only the address says whose it is.
    ///
    /// # Errors
    /// What is no event that the webhook takes.
    pub fn check(&self, _: &Genuine, delivery: Delivery<'_>) -> Result<(EventRecord, bool), Refused> {
        let event = Envelope::read(delivery.body)?;
        self.in_time(event.time, delivery.at)?;
        let by_address = event.tenant_id.is_none();
        let (tenant, tenant_id) = self.tenant(delivery.tenant, event.tenant_id)?;
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
            source: event.source,
            delivery: event.delivery,
            time: event.time,
            received: delivery.at,
            payload: event.payload.to_owned(),
        };
        Ok((record, by_address))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_config::SignatureEncoding;

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const NOW: &str = "2026-03-02T06:00:00Z";
    const EVENT: &str = r#"{ "specversion": "1.0", "id": "d-1", "type": "tn.jpm.job-completed", "source": "s",
        "time": "2026-03-02T05:59:00Z", "userassignedid": "o-1", "data": { "tenantId": 7 } }"#;

    /// What a webhook for tenants 7 and 8 makes of this body.
    fn told(tenant: Option<&str>, body: &str) -> Result<EventRecord, String> {
        checked(tenant, body).map(|(event, _)| event)
    }

    fn checked(tenant: Option<&str>, body: &str) -> Result<(EventRecord, bool), String> {
        let receiver = Receiver {
            name: "jobs".to_owned(),
            header: "x-signature".to_owned(),
            signature: Signature::new(&KEY.into(), Some(SignatureEncoding::Base64)),
            tenants: vec![("acme".to_owned(), 7), ("zenith".to_owned(), 8)],
            events: Some(vec!["tn.jpm.job-completed".to_owned()]),
            replay_window: TimeDelta::hours(1),
            at_once: None,
            takers: Vec::new(),
        };
        let (body, at) = (body.as_bytes(), NOW.parse().unwrap());
        let checked = receiver.check(&Genuine::assumed(), Delivery { tenant, body, at });
        checked.map_err(|refused| refused.to_string())
    }

    #[test]
    fn an_event_is_its_tenants_by_the_number_in_it_or_by_the_address() {
        let event = told(None, EVENT).unwrap();
        assert_eq!((event.tenant.as_str(), event.tenant_id, event.occurrence.as_str()), ("acme", 7, "o-1"));
        assert_eq!(told(None, &EVENT.replace("7 }", "8 }")).unwrap().tenant, "zenith");
        assert_eq!(told(Some("acme"), EVENT).unwrap().tenant, "acme");
        let silent = EVENT.replace(r#""tenantId": 7"#, "");
        let (event, by_address) = checked(Some("zenith"), &silent).unwrap();
        assert!(event.tenant_id == 8 && by_address && !checked(Some("acme"), EVENT).unwrap().1);
        assert!(told(None, &silent).unwrap_err().contains("write `/webhooks/jobs/<tenant>`"));
        assert!(told(None, &EVENT.replace("7 }", "9 }")).unwrap_err().contains("takes no events of tenant 9"));
        assert!(told(Some("nobody"), EVENT).unwrap_err().contains("takes no events of tenant `nobody`"));
        assert_eq!(told(Some("zenith"), EVENT).unwrap_err(), "the event is of tenant 7, the address says `zenith`");
    }

    #[test]
    fn what_is_too_old_or_still_to_come_is_refused() {
        let at = |time: &str| told(None, &EVENT.replace("2026-03-02T05:59:00Z", time));
        assert!(at("2026-03-02T05:00:00Z").is_ok() && at("2026-03-02T06:05:00Z").is_ok());
        assert!(at("2026-03-02T04:59:59Z").unwrap_err().contains("raise `replay_window` of `[webhook.jobs]`"));
        assert!(at("2026-03-02T06:05:01Z").unwrap_err().contains("set this machine's clock"));
    }

    #[test]
    fn a_type_that_is_not_among_the_events_is_refused() {
        let other = told(None, &EVENT.replace("completed", "updated")).unwrap_err();
        assert_eq!(other, "webhook `jobs` takes no `tn.jpm.job-updated`: it is not among its `events`");
    }
}
