//! How fast one application calls for one tenant.
//!
//! Requests leave evenly spaced rather than in bursts: a server that counts over any second of its own never sees
//! more than its limit. The spacing is counted in halves of a period, of which one may be caught up: a timer that
//! fires late loses nothing, and the count in a second still grows by less than one.
//!
//! Who waits stands in line, so order is kept and one timer runs at a time. Dropping a waiting future leaves the line.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::{Instant, sleep_until};

use crate::options::RateLimit;

const GRAINS: NonZeroU32 = NonZeroU32::new(2).unwrap();
const BURST: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The runtime's clock, so that pacing follows a paused one in tests.
#[derive(Debug, Clone)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

type Spacing = RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<Nanos>>;

/// The pace of one tenant.
#[derive(Debug)]
pub(crate) struct Pace {
    line: tokio::sync::Mutex<()>,
    spacing: Option<Spacing>,
    clock: RuntimeClock,
    paused_until: Mutex<Option<Instant>>,
    report_every: Option<Duration>,
    /// When the data of a report may be asked for next, by path.
    reports: Mutex<HashMap<String, Instant>>,
    longest: Duration,
}

/// A pause that is longer than anyone should wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong(pub(crate) Duration);

impl Pace {
    pub(crate) fn new(rate: RateLimit, longest: Duration) -> Pace {
        let clock = RuntimeClock(Instant::now());
        let spacing = rate.per_second.and_then(|per_second| {
            let grain = Duration::from_secs_f64(1.0 / per_second / f64::from(GRAINS.get()));
            Some(RateLimiter::direct_with_clock(Quota::with_period(grain)?.allow_burst(BURST), clock.clone()))
        });
        Pace {
            line: tokio::sync::Mutex::default(),
            spacing,
            clock,
            paused_until: Mutex::default(),
            report_every: rate.report_every,
            reports: Mutex::default(),
            longest,
        }
    }

    /// Waits until a request may leave, and says how long that took. `report` is the path of a report's data.
    pub(crate) async fn wait(&self, report: Option<&str>) -> Result<Duration, TooLong> {
        let start = Instant::now();
        if let Some(report) = report {
            self.wait_for_report(report).await?;
        }
        loop {
            self.wait_for_pause().await?;
            if let Some(spacing) = &self.spacing {
                let _turn = self.line.lock().await;
                while let Ok(Err(not_yet)) = spacing.check_n(GRAINS) {
                    let wait = not_yet.wait_time_from(self.clock.now());
                    sleep_until(Instant::now() + wait).await;
                }
            }
            if self.pause_left().is_none() {
                return Ok(start.elapsed());
            }
        }
    }

    /// Holds everything back for that long: the server said so.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |earlier| earlier.max(until)));
    }

    /// Holds one report back for that long.
    pub(crate) fn pause_report(&self, report: &str, wait: Duration) {
        let until = Instant::now() + wait;
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let next = reports.entry(report.to_owned()).or_insert(until);
        *next = (*next).max(until);
    }

    fn pause_left(&self) -> Option<Instant> {
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = paused.filter(|until| *until > Instant::now());
        *paused
    }

    async fn wait_for_pause(&self) -> Result<(), TooLong> {
        while let Some(until) = self.pause_left() {
            let left = until - Instant::now();
            if left > self.longest {
                return Err(TooLong(left));
            }
            sleep_until(until).await;
        }
        Ok(())
    }

    async fn wait_for_report(&self, report: &str) -> Result<(), TooLong> {
        loop {
            let until = {
                let now = Instant::now();
                let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
                reports.retain(|_, until| *until > now);
                match (reports.get(report), self.report_every) {
                    (Some(until), _) => *until,
                    (None, Some(every)) => {
                        reports.insert(report.to_owned(), now + every);
                        return Ok(());
                    }
                    (None, None) => return Ok(()),
                }
            };
            let left = until - Instant::now();
            if left > self.longest {
                return Err(TooLong(left));
            }
            sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;

    const LONGEST: Duration = Duration::from_secs(120);

    async fn departures(pace: &Arc<Pace>, count: usize) -> Vec<Instant> {
        let tasks: Vec<_> = (0..count)
            .map(|_| {
                let pace = Arc::clone(pace);
                tokio::spawn(async move {
                    pace.wait(None).await.unwrap();
                    Instant::now()
                })
            })
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.push(task.await.unwrap());
        }
        times.sort();
        times
    }

    fn most_in_a_second(times: &[Instant]) -> usize {
        times
            .iter()
            .map(|t| times.iter().filter(|u| *u >= t && **u - *t <= Duration::from_secs(1)).count())
            .max()
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_ever_holds_more_than_the_limit_and_little_is_wasted() {
        let pace = Arc::new(Pace::new(RateLimit::default(), LONGEST));
        let times = departures(&pace, 600).await;
        assert!(most_in_a_second(&times) <= 60, "{}", most_in_a_second(&times));
        let rate = 599.0 / (times[599] - times[0]).as_secs_f64();
        assert!(rate >= 57.0, "{rate} a second");
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_is_not_saved_up_for_a_burst() {
        let pace = Arc::new(Pace::new(RateLimit::default(), LONGEST));
        departures(&pace, 5).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let times = departures(&pace, 200).await;
        assert!(most_in_a_second(&times) <= 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everyone_and_ends_without_a_burst() {
        let pace = Arc::new(Pace::new(RateLimit::default(), LONGEST));
        let start = Instant::now();
        pace.pause(Duration::from_millis(2500));
        pace.pause(Duration::from_millis(100)); // a shorter one takes nothing away
        let times = departures(&pace, 100).await;
        assert!(times[0] - start >= Duration::from_millis(2500));
        assert!(most_in_a_second(&times) <= 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_anyone_waits_is_said_at_once() {
        let pace = Pace::new(RateLimit::default(), LONGEST);
        pace.pause(Duration::from_secs(3600));
        let before = Instant::now();
        assert!(pace.wait(None).await.is_err());
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_reaches_those_who_already_stand_in_line() {
        let pace = Arc::new(Pace::new(RateLimit { per_second: Some(1.0), report_every: None }, LONGEST));
        pace.wait(None).await.unwrap();
        let waiting = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move {
                pace.wait(None).await.unwrap();
                Instant::now()
            }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        let start = Instant::now();
        pace.pause(Duration::from_secs(10));
        assert!(waiting.await.unwrap() - start >= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_leaves_the_line_and_takes_no_turn() {
        let pace = Arc::new(Pace::new(RateLimit { per_second: Some(1.0), report_every: None }, LONGEST));
        pace.wait(None).await.unwrap();
        for _ in 0..5 {
            let impatient = tokio::time::timeout(Duration::from_millis(10), pace.wait(None)).await;
            assert!(impatient.is_err());
        }
        let waited = pace.wait(None).await.unwrap();
        assert!(waited <= Duration::from_secs(1), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_report_waits_a_minute_and_another_one_does_not() {
        let pace = Pace::new(RateLimit::default(), LONGEST);
        let start = Instant::now();
        pace.wait(Some("/reports/1/data")).await.unwrap();
        pace.wait(Some("/reports/2/data")).await.unwrap();
        pace.wait(None).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(1));
        pace.wait(Some("/reports/1/data")).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let pace = Pace::new(RateLimit::UNLIMITED, LONGEST);
        for _ in 0..1000 {
            assert_eq!(pace.wait(Some("/r/data")).await.unwrap(), Duration::ZERO);
        }
    }
}
