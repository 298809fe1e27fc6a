//! Cursors of export feeds: a place in the order of changes, sealed so that nobody makes one up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tradewire_sandbox_seed::clock::{self, Ticks};

/// A place in the order of changes: all that comes after this moment, or at it after this place, is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    pub moment: Ticks,
    /// The place of the last record seen at that moment; -1 is none of them.
    pub place: i64,
}

impl Cursor {
    /// Before everything.
    pub const START: Cursor = Cursor { moment: Ticks::MIN, place: -1 };

    /// Whether a record is still to come.
    pub fn precedes(self, moment: Ticks, place: u32) -> bool {
        (self.moment, self.place) < (moment, i64::from(place))
    }
}

/// Seals and opens cursors. A token is good for the feed and the tenant that it was given for.
pub(crate) struct Seal {
    key: Vec<u8>,
}

impl Seal {
    pub fn new(seed: u64) -> Seal {
        Seal { key: format!("continuation tokens of sandbox {seed}").into_bytes() }
    }

    fn mac(&self, tenant: i64, collection: usize, body: &[u8]) -> Vec<u8> {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return Vec::new() };
        mac.update(&tenant.to_be_bytes());
        mac.update(&(collection as u64).to_be_bytes());
        mac.update(body);
        mac.finalize().into_bytes()[..12].to_vec()
    }

    /// A token for a place.
    pub fn close(&self, tenant: i64, collection: usize, cursor: Cursor) -> String {
        let mut token = Vec::with_capacity(28);
        token.extend_from_slice(&cursor.moment.to_be_bytes());
        token.extend_from_slice(&cursor.place.to_be_bytes());
        let mac = self.mac(tenant, collection, &token);
        token.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The place that `from` means: a token's, or a date's.
    pub fn open(&self, tenant: i64, collection: usize, from: &str) -> Option<Cursor> {
        if let Some(moment) = clock::read(from) {
            return Some(Cursor { moment, place: -1 });
        }
        let token = URL_SAFE_NO_PAD.decode(from).ok()?;
        let (body, mac) = token.split_at_checked(16)?;
        if mac != self.mac(tenant, collection, body) {
            return None;
        }
        let moment = i64::from_be_bytes(body[..8].try_into().ok()?);
        let place = i64::from_be_bytes(body[8..].try_into().ok()?);
        Some(Cursor { moment, place })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_opens_for_its_own_feed_and_tenant_only() {
        let seal = Seal::new(1);
        let cursor = Cursor { moment: 123_456_789, place: 4 };
        let token = seal.close(7, 3, cursor);
        assert_eq!(seal.open(7, 3, &token), Some(cursor));
        assert_eq!(seal.open(8, 3, &token), None);
        assert_eq!(seal.open(7, 4, &token), None);
        assert_eq!(Seal::new(2).open(7, 3, &token), None);
    }

    #[test]
    fn garbage_is_no_token() {
        let seal = Seal::new(1);
        for garbage in ["", "x", "////", "AAAA", "2026-99-99", "ünïcode"] {
            assert_eq!(seal.open(7, 3, garbage), None, "{garbage}");
        }
    }

    #[test]
    fn a_date_starts_with_what_changed_at_that_very_moment() {
        let cursor = Seal::new(1).open(7, 3, "2026-01-01").unwrap();
        assert!(cursor.precedes(cursor.moment, 0));
        assert!(!cursor.precedes(cursor.moment - 1, 9));
    }
}
