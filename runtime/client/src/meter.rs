//! What a tenant's calls have cost so far, so that a run can say so.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A reading of what the calls of one [`Tenant`](crate::Tenant) have cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meter {
    /// Requests sent, repeated ones and followed redirects included, those for tokens not.
    pub requests: u64,
    /// Requests that were repetitions.
    pub retries: u64,
    /// Requests that the rate limit held back.
    pub waits: u64,
    /// How long it held them back, summed over all requests.
    pub waited: Duration,
    /// Bytes of bodies sent; files on disk are not counted.
    pub sent: u64,
    /// Bytes of bodies received, after decompression.
    pub received: u64,
}

/// The counters behind the readings.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    waits: AtomicU64,
    waited_micros: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Counters {
    pub(crate) fn request(&self, body: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.sent.fetch_add(body as u64, Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(crate) fn wait(&self, time: Duration) {
        if !time.is_zero() {
            self.waits.fetch_add(1, Relaxed);
            self.waited_micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
        }
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn read(&self) -> Meter {
        Meter {
            requests: self.requests.load(Relaxed),
            retries: self.retries.load(Relaxed),
            waits: self.waits.load(Relaxed),
            waited: Duration::from_micros(self.waited_micros.load(Relaxed)),
            sent: self.sent.load(Relaxed),
            received: self.received.load(Relaxed),
        }
    }
}
