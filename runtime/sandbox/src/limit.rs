//! The real limits: so many calls within any second for each application and tenant, and a report once a minute.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::problem::Problem;

/// A sliding window for each key. What is refused does not count.
pub(crate) struct Windows<K> {
    most: usize,
    span: Duration,
    taken: Mutex<HashMap<K, VecDeque<Instant>>>,
}

impl<K: Eq + Hash> Windows<K> {
    /// At most `most` within any `span`.
    pub fn new(most: usize, span: Duration) -> Self {
        Windows { most, span, taken: Mutex::default() }
    }

    /// Takes one at `now`, or says how long until there is room.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut taken = self.taken.lock();
        let window = taken.entry(key).or_default();
        while window.front().is_some_and(|first| now.duration_since(*first) >= self.span) {
            window.pop_front();
        }
        match window.front() {
            Some(first) if window.len() >= self.most => Err(self.span.saturating_sub(now.duration_since(*first))),
            _ => {
                window.push_back(now);
                Ok(())
            }
        }
    }
}

/// The refusal of a call that came too early, with whole seconds to wait.
pub(crate) fn refusal(wait: Duration) -> Problem {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    let title = format!("Rate limit is exceeded. Try again in {seconds} seconds.");
    Problem { retry_after: Some(seconds.to_string()), ..Problem::new(429, title) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_than_the_limit_wherever_it_starts() {
        let windows = Windows::new(60, Duration::from_secs(1));
        let start = Instant::now();
        let mut granted = Vec::new();
        for millisecond in 0..5000 {
            let now = start + Duration::from_millis(millisecond);
            if windows.take("app", now).is_ok() {
                granted.push(now);
            }
        }
        for window in granted.windows(61) {
            assert!(window[60].duration_since(window[0]) >= Duration::from_secs(1));
        }
        assert_eq!(granted.len(), 300);
    }

    #[test]
    fn keys_do_not_share_a_window_and_a_refusal_says_how_long() {
        let windows = Windows::new(1, Duration::from_secs(60));
        let now = Instant::now();
        assert!(windows.take(1, now).is_ok());
        assert!(windows.take(2, now).is_ok());
        assert_eq!(windows.take(1, now + Duration::from_secs(20)), Err(Duration::from_secs(40)));
        assert!(windows.take(1, now + Duration::from_secs(60)).is_ok());
    }
}
