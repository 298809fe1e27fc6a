//! How much later than its slot a run begins, so that not everybody begins at once.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// A time from nothing to less than `most` that depends on the export, the tenant and the slot alone: whoever asks, and
/// whenever, it is the same.
pub(super) fn jitter(most: TimeDelta, export: &str, tenant: &str, due: DateTime<Utc>) -> TimeDelta {
    let Some(most) = u64::try_from(most.num_milliseconds()).ok().filter(|most| *most > 0) else {
        return TimeDelta::zero();
    };
    let mut hash = Sha256::new();
    for part in [export, tenant] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(due.timestamp_millis().to_le_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    TimeDelta::milliseconds((u64::from_le_bytes(first) % most) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_for_whoever_asks_and_spreads_tenants_and_slots() {
        let most = TimeDelta::minutes(2);
        let of = |tenant: usize, hour: i64| {
            jitter(most, "weekly", &format!("t{tenant}"), DateTime::UNIX_EPOCH + TimeDelta::hours(hour))
        };
        // Worked out by another program: a release that moved it would move everybody's runs.
        assert_eq!(of(1, 1), TimeDelta::milliseconds(73_908));
        let all: Vec<_> = (0..100).flat_map(|tenant| (0..100).map(move |hour| of(tenant, hour))).collect();
        assert!(all.iter().all(|jitter| (TimeDelta::zero()..most).contains(jitter)));
        for quarter in 0..4 {
            let from = TimeDelta::seconds(30) * quarter;
            let within = all.iter().filter(|jitter| (from..from + TimeDelta::seconds(30)).contains(jitter)).count();
            assert!((2300..2700).contains(&within), "{within} of 10,000 in quarter {quarter}");
        }
    }
}
