//! The CloudEvents 1.0 envelope of an event.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event as it came. Its payload is kept as it is written: numbers in it may be money.
#[derive(Debug)]
pub(super) struct Envelope<'b> {
    /// `type`: `tn.jpm.job-completed`.
    pub(super) kind: String,
    /// `userassignedid`: what a repeated delivery is known by.
    pub(super) occurrence: String,
    /// `id`: of this delivery.
    pub(super) delivery: String,
    /// `source`; empty where it says none.
    pub(super) source: String,
    /// `time`: when it happened.
    pub(super) time: DateTime<Utc>,
    /// `data`.
    pub(super) payload: &'b str,
    /// `tenantId` of the payload.
    pub(super) tenant_id: Option<i64>,
}

/// Why a body is not an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnEvent {
    /// It is not JSON, or a member is of another type.
    #[error("the body is not a CloudEvents envelope: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A member is missing or empty.
    #[error("the event has no `{0}`")]
    Missing(&'static str),
    /// A member is longer than any of ServiceTitan's.
    #[error("the `{0}` of the event is longer than {LONGEST} bytes")]
    TooLong(&'static str),
    /// It is of another version of CloudEvents.
    #[error("the event is of CloudEvents `{0}`, not `1.0`")]
    Version(String),
    /// Its time cannot be read.
    #[error("the event's `time` is `{0}`, which is no moment of RFC 3339")]
    Time(String),
}

/// The most bytes of a member beside `data`: types, ids and addresses are kept, logged and looked for.
const LONGEST: usize = 1024;

#[derive(Deserialize)]
#[serde(expecting = "its members")]
struct Members<'b> {
    specversion: Option<String>,
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    time: Option<String>,
    userassignedid: Option<String>,
    #[serde(borrow)]
    data: Option<&'b RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object as `data`")]
struct Payload {
    #[serde(rename = "tenantId")]
    tenant_id: Option<i64>,
}

impl<'b> Envelope<'b> {
    pub(super) fn read(body: &'b [u8]) -> Result<Envelope<'b>, NotAnEvent> {
        let members: Members<'b> = serde_json::from_slice(body)?;
        let short =
            |name, value: String| if value.len() > LONGEST { Err(NotAnEvent::TooLong(name)) } else { Ok(value) };
        let need = |name, value: Option<String>| {
            short(name, value.filter(|value| !value.is_empty()).ok_or(NotAnEvent::Missing(name))?)
        };
        let version = need("specversion", members.specversion)?;
        if version != "1.0" {
            return Err(NotAnEvent::Version(version));
        }
        let time = need("time", members.time)?;
        let data = members.data.ok_or(NotAnEvent::Missing("data"))?;
        let Payload { tenant_id } = serde_json::from_str(data.get())?;
        Ok(Envelope {
            kind: need("type", members.kind)?,
            occurrence: need("userassignedid", members.userassignedid)?,
            delivery: need("id", members.id)?,
            source: short("source", members.source.unwrap_or_default())?,
            time: time.parse().map_err(|_| NotAnEvent::Time(time))?,
            payload: data.get(),
            tenant_id,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn event() -> Value {
        json!({
            "specversion": "1.0", "id": "d-1", "type": "tn.jpm.job-completed", "time": "2026-03-02T06:00:00.1234567Z",
            "source": "https://webhooks.servicetitan.io", "userassignedid": "o-1",
            "datacontenttype": "application/json", "data": { "tenantId": 7, "job": { "id": 1 } },
        })
    }

    fn fault(change: impl FnOnce(&mut Value)) -> String {
        let mut event = event();
        change(&mut event);
        Envelope::read(event.to_string().as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn no_member_beside_the_data_is_endless() {
        for member in ["specversion", "id", "type", "source", "time", "userassignedid"] {
            let told = fault(|event| event[member] = "x".repeat(LONGEST + 1).into());
            assert_eq!(told, format!("the `{member}` of the event is longer than 1024 bytes"));
        }
    }

    #[test]
    fn an_event_is_read_and_its_payload_left_as_it_is_written() {
        let body = event().to_string().replace("\"id\":1}", "\"total\": 12.10}");
        let read = Envelope::read(body.as_bytes()).unwrap();
        assert_eq!((read.kind.as_str(), read.occurrence.as_str()), ("tn.jpm.job-completed", "o-1"));
        assert_eq!((read.delivery.as_str(), read.tenant_id), ("d-1", Some(7)));
        assert_eq!(read.time.timestamp(), 1_772_431_200);
        assert_eq!(read.payload, r#"{"tenantId":7,"job":{"total": 12.10}}"#);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for member in ["specversion", "id", "type", "time", "userassignedid", "data"] {
            let told = format!("the event has no `{member}`");
            assert_eq!(fault(|event| drop(event.as_object_mut().unwrap().remove(member))), told);
            if member != "data" {
                assert_eq!(fault(|event| event[member] = "".into()), told);
            }
        }
        assert_eq!(fault(|event| event["specversion"] = "0.3".into()), "the event is of CloudEvents `0.3`, not `1.0`");
        assert!(fault(|event| event["time"] = "yesterday".into()).contains("`yesterday`, which is no moment"));
        assert!(fault(|event| event["id"] = 7.into()).contains("invalid type: integer `7`, expected a string"));
        assert!(fault(|event| event["data"] = "text".into()).starts_with("the body is not a CloudEvents envelope: "));
        for body in [&b""[..], b"null", b"[]", b"{", b"\xff\xfe", b"\"event\""] {
            assert!(Envelope::read(body).is_err(), "{body:?}");
        }
        let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        assert!(Envelope::read(&deep).is_err());
    }
}
