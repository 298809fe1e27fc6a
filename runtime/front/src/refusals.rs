//! Who is refused, counted and told together, and slowed by where they come from.
//!
//! A warning for each would be what an attacker writes into the log, 25,000 lines a second. A key that is right is never
//! slowed, wherever it comes from: so a guess cannot be kept from being looked at, only from being answered quickly. What
//! makes guessing hopeless is the length of keys.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio_util::sync::CancellationToken;

use crate::Address;

/// How often it is told.
const TOLD: Duration = Duration::from_secs(5);
/// How many refusals of one address are answered at once: so many a second, and so many together.
const RATE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const BURST: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// How long any other waits for its answer, and how many may wait of one address and of all.
const WAIT: Duration = Duration::from_secs(1);
const WAITING: usize = 32;
const ALL_WAITING: usize = 512;
/// How many kinds of refusals and addresses are told apart.
const KINDS: usize = 64;
const ADDRESSES: usize = 4096;
/// How many addresses are named.
const NAMED: usize = 3;

/// Counts who is refused.
pub struct Refusals {
    limiter: DefaultKeyedRateLimiter<Address>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    kinds: HashMap<String, (u64, String)>,
    addresses: HashMap<Address, u64>,
    elsewhere: u64,
    waiting: HashMap<Address, usize>,
    all_waiting: usize,
}

/// When a refusal may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Now.
    Answered,
    /// It would have to wait behind too many of its address: it is to be told to come again later.
    TooMany,
}

impl Default for Refusals {
    fn default() -> Self {
        Refusals { limiter: RateLimiter::keyed(Quota::per_second(RATE).allow_burst(BURST)), counts: Mutex::default() }
    }
}

impl Refusals {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one: `kind` is what is told with its number, such as ``events of webhook `jobs` without a signature``;
    /// `detail` is told of the latest.
    pub fn count(&self, kind: &str, address: Address, detail: &str) {
        let mut counts = self.counts();
        if counts.kinds.len() < KINDS || counts.kinds.contains_key(kind) {
            let (count, latest) = counts.kinds.entry(kind.to_owned()).or_default();
            *count += 1;
            detail.clone_into(latest);
        } else {
            counts.kinds.entry("others".to_owned()).or_default().0 += 1;
        }
        if counts.addresses.len() < ADDRESSES || counts.addresses.contains_key(&address) {
            *counts.addresses.entry(address).or_default() += 1;
        } else {
            counts.elsewhere += 1;
        }
    }

    /// Counts one who could not say who they are, and waits until that may be answered.
    pub async fn slow(&self, kind: &str, address: Address, detail: &str) -> Pace {
        self.count(kind, address, detail);
        if self.limiter.check_key(&address).is_ok() {
            return Pace::Answered;
        }
        let Some(_waiting) = Waiting::begin(self, address) else { return Pace::TooMany };
        tokio::time::sleep(WAIT).await;
        Pace::Answered
    }

    /// Tells of them until it is told to stop.
    pub async fn tell(&self, stop: &CancellationToken) {
        loop {
            let is_over = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(TOLD) => false,
            };
            if let Some(text) = self.summary() {
                tracing::warn!("{text}");
            }
            self.limiter.retain_recent();
            if is_over {
                return;
            }
        }
    }

    /// What was refused since the last time.
    fn summary(&self) -> Option<String> {
        let mut counts = self.counts();
        let mut kinds: Vec<_> = std::mem::take(&mut counts.kinds).into_iter().collect();
        let mut addresses: Vec<_> = std::mem::take(&mut counts.addresses).into_iter().collect();
        let elsewhere = std::mem::take(&mut counts.elsewhere);
        drop(counts);
        if kinds.is_empty() {
            return None;
        }
        kinds.sort_by(|(one, (few, _)), (other, (many, _))| many.cmp(few).then(one.cmp(other)));
        addresses.sort_by(|(one, few), (other, many)| many.cmp(few).then(one.cmp(other)));
        let kinds = kinds.into_iter().map(|(kind, (count, latest))| match latest.as_str() {
            "" => format!("{count} {kind}"),
            latest => format!("{count} {kind} (the latest: {})", on_one_line(latest)),
        });
        let more = addresses.len().saturating_sub(NAMED);
        let mut from: Vec<String> =
            addresses.iter().take(NAMED).map(|(address, count)| format!("{address} ({count})")).collect();
        match (more, elsewhere) {
            (0, _) => {}
            (more, 0) => from.push(format!("{more} more addresses")),
            (more, _) => from.push(format!("more than {more} more addresses")),
        }
        let seconds = TOLD.as_secs();
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        Some(format!("refused in the last {seconds} s: {kinds}; from {}", from.join(", ")))
    }
}

/// What others wrote begins no line of its own and is not endless.
fn on_one_line(text: &str) -> String {
    text.chars().take(200).flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// One whose answer waits.
struct Waiting<'r> {
    refusals: &'r Refusals,
    address: Address,
}

impl<'r> Waiting<'r> {
    fn begin(refusals: &'r Refusals, address: Address) -> Option<Waiting<'r>> {
        let mut counts = refusals.counts();
        let own = counts.waiting.get(&address).copied().unwrap_or_default();
        if own >= WAITING || counts.all_waiting >= ALL_WAITING {
            return None;
        }
        counts.waiting.insert(address, own + 1);
        counts.all_waiting += 1;
        Some(Waiting { refusals, address })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut counts = self.refusals.counts();
        counts.all_waiting -= 1;
        if let Some(own) = counts.waiting.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                counts.waiting.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::IpAddr;
    use std::sync::Arc;

    fn address(last: u8) -> Address {
        Address::from(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn they_are_told_together_in_one_line() {
        let refusals = Refusals::default();
        assert_eq!(refusals.summary(), None);
        for n in 0..2000 {
            refusals.count("calls with a key that is nobody's", address(1 + u8::from(n % 100 == 0)), "");
        }
        refusals.count("events of webhook `jobs` that it does not take", address(3), "no `a\n\u{1b}[2J`");
        refusals.count("events of webhook `jobs` that it does not take", address(4), "no `b\n`");
        refusals.count("events of webhook `jobs` that it does not take", address(5), "no `b\n`");
        assert_eq!(
            refusals.summary().unwrap(),
            "refused in the last 5 s: 2000 calls with a key that is nobody's, 3 events of webhook `jobs` that it does not \
             take (the latest: no `b\\n`); from 10.0.0.1 (1980), 10.0.0.2 (20), 10.0.0.3 (1), 2 more addresses"
        );
        assert_eq!(refusals.summary(), None);
    }

    #[test]
    fn what_is_kept_of_them_is_bounded() {
        let refusals = Refusals::default();
        for n in 0..10_000_u32 {
            refusals.count(&n.to_string(), Address::from(IpAddr::from(n.to_be_bytes())), "");
        }
        let counts = refusals.counts();
        assert!(counts.kinds.len() <= KINDS + 1 && counts.addresses.len() <= ADDRESSES);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_often_waits_and_others_do_not() {
        let refusals = Arc::new(Refusals::default());
        for _ in 0..BURST.get() {
            assert_eq!(refusals.slow("", address(1), "").await, Pace::Answered);
        }
        let start = tokio::time::Instant::now();
        let waiting: Vec<_> = (0..WAITING + 5)
            .map(|_| {
                let refusals = refusals.clone();
                tokio::spawn(async move { refusals.slow("", address(1), "").await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(refusals.slow("", address(2), "").await, Pace::Answered);
        assert!(start.elapsed() < WAIT);
        let mut paces = Vec::new();
        for waiting in waiting {
            paces.push(waiting.await.unwrap());
        }
        assert!(start.elapsed() >= WAIT);
        assert!(paces.iter().filter(|pace| **pace == Pace::TooMany).count() >= 4);
        assert_eq!(refusals.counts().all_waiting, 0);
    }
}
