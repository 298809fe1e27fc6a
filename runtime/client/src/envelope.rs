//! The few facts that paging needs from a page, read without building its records.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What stands around the records of a page.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope {
    /// The page's number; feeds have none.
    #[serde(default)]
    pub(crate) page: Option<u32>,
    /// Whether another page follows. Null has been seen and means no.
    #[serde(default)]
    pub(crate) has_more: Option<bool>,
    /// Where a feed goes on.
    #[serde(default)]
    pub(crate) continue_from: Option<String>,
    /// How many records there are.
    #[serde(default, rename = "data")]
    pub(crate) records: Count,
}

/// The length of an array whose items are skipped; null and a missing array have none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of records")
            }

            fn visit_unit<E>(self) -> Result<Count, E> {
                Ok(Count(0))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
                let mut count = 0;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }
        deserializer.deserialize_any(Counting)
    }
}

impl Envelope {
    pub(crate) fn read(body: &[u8]) -> Result<Envelope, serde_json::Error> {
        // A derived reader takes an array for a record's fields in order, and here each of them may be missing.
        if body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
            return Err(serde::de::Error::custom("an array where a page is expected"));
        }
        serde_json::from_slice(body)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pages_and_feeds_are_read_around_their_records() {
        let page =
            Envelope::read(br#"{"page":2,"pageSize":50,"hasMore":true,"totalCount":null,"data":[{"a":[1,2]},{}]}"#);
        assert_eq!(
            page.unwrap(),
            Envelope { page: Some(2), has_more: Some(true), continue_from: None, records: Count(2) }
        );
        let feed = Envelope::read(br#"{"data":[],"continueFrom":"a\u002bb","hasMore":false}"#).unwrap();
        assert_eq!(feed.continue_from.as_deref(), Some("a+b"));
        assert_eq!(feed.records, Count(0));
    }

    #[test]
    fn nulls_are_nothing() {
        let page = Envelope::read(br#"{"page":null,"hasMore":null,"continueFrom":null,"data":null}"#).unwrap();
        assert_eq!(page, Envelope { page: None, has_more: None, continue_from: None, records: Count(0) });
    }

    #[test]
    fn what_is_no_envelope_or_ends_early_is_an_error() {
        let broken: [&[u8]; 6] = [b"", b"[]", b"<html>", b"{\"data\":[{}", b"{\"data\":{}}", b"{\"data\":[]} x"];
        for body in broken {
            assert!(Envelope::read(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
        let deep = format!("{{\"data\":[{}", "[".repeat(1_000_000));
        assert!(Envelope::read(deep.as_bytes()).is_err());
    }
}
