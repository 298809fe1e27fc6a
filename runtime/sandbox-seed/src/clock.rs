//! The sandbox's time: .NET ticks of 100 ns, because ServiceTitan's timestamps have seven fractional digits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A moment, in ticks of 100 ns since 1970.
pub type Ticks = i64;

/// Ticks in a second.
pub const SECOND: Ticks = 10_000_000;
/// Ticks in a day.
pub const DAY: Ticks = 86_400 * SECOND;

/// A clock that starts where it is told.
pub struct Clock {
    /// The moment that seeded records are dated back from.
    pub origin: Ticks,
    start: Ticks,
    started: Instant,
    /// Ticks that it was moved on by.
    ahead: AtomicI64,
    last_write: AtomicI64,
}

impl Clock {
    /// A clock that starts at this moment, or now; its seeded records are then dated back from the day's beginning.
    pub fn new(now: Option<DateTime<Utc>>) -> Clock {
        let start = ticks(now.unwrap_or_else(Utc::now));
        let origin = if now.is_some() { start } else { start - start.rem_euclid(DAY) };
        Clock { origin, start, started: Instant::now(), ahead: AtomicI64::new(0), last_write: AtomicI64::new(start) }
    }

    /// Now.
    pub fn now(&self) -> Ticks {
        let run = i64::try_from(self.started.elapsed().as_nanos() / 100).unwrap_or(i64::MAX / 2);
        self.start.saturating_add(run).saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Moves it on to a moment, from where it runs on. It never goes back: whether it went.
    pub fn move_on(&self, to: Ticks) -> bool {
        let by = to.saturating_sub(self.now());
        if by > 0 {
            self.ahead.fetch_add(by, Ordering::Relaxed);
        }
        by > 0
    }

    /// A moment for a write, later than that of any write before it: an export feed's cursor then never passes a
    /// change that it has not shown.
    pub fn next_write(&self) -> Ticks {
        let now = self.now();
        let before = self
            .last_write
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)))
            .unwrap_or_else(|last| last);
        now.max(before + 1)
    }
}

/// A moment in ticks.
pub fn ticks(at: DateTime<Utc>) -> Ticks {
    at.timestamp() * SECOND + i64::from(at.timestamp_subsec_nanos() / 100)
}

/// As ServiceTitan writes it: seven fractional digits and `Z`.
pub fn write(at: Ticks) -> String {
    let seconds = at.div_euclid(SECOND);
    let fraction = at.rem_euclid(SECOND);
    match DateTime::from_timestamp(seconds, 0) {
        Some(moment) => format!("{}.{fraction:07}Z", moment.format("%Y-%m-%dT%H:%M:%S")),
        None => "0001-01-01T00:00:00Z".to_owned(),
    }
}

/// The day of a moment.
pub fn write_day(at: Ticks) -> String {
    DateTime::from_timestamp(at.div_euclid(SECOND), 0)
        .map_or_else(|| "0001-01-01".to_owned(), |moment| moment.format("%Y-%m-%d").to_string())
}

/// Reads a moment in any form that the real API takes: with a zone, without one (then it is UTC), or a bare day.
pub fn read(text: &str) -> Option<Ticks> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(ticks(moment.with_timezone(&Utc)));
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, form) {
            return Some(ticks(moment.and_utc()));
        }
    }
    // A `+` of a zone that was not percent-encoded arrives as a space.
    if let Some((before, zone)) = text.rsplit_once(' ')
        && zone.len() == 5
        && let Ok(moment) = DateTime::parse_from_rfc3339(&format!("{before}+{zone}"))
    {
        return Some(ticks(moment.with_timezone(&Utc)));
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|moment| ticks(moment.and_utc()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_moment_survives_writing_and_reading_to_the_tick() {
        let at = read("2026-03-01T10:20:30.1234567Z").unwrap();
        assert_eq!(write(at), "2026-03-01T10:20:30.1234567Z");
        assert_eq!(read("2026-03-01T12:20:30.1234567+02:00"), Some(at));
        assert_eq!(read("2026-03-01T12:20:30.1234567 02:00"), Some(at));
    }

    #[test]
    fn a_moment_without_a_zone_is_utc_and_a_day_is_its_midnight() {
        assert_eq!(read("2026-03-01T00:00:00"), read("2026-03-01"));
        assert_eq!(read("2026-13-01"), None);
        assert_eq!(read("yesterday"), None);
    }

    #[test]
    fn a_clock_is_moved_on_and_never_back() {
        let clock = Clock::new(None);
        let before = clock.now();
        assert!(clock.move_on(before + DAY));
        assert!(clock.now() >= before + DAY && clock.next_write() >= before + DAY);
        assert!(!clock.move_on(before));
        assert!(clock.now() >= before + DAY);
    }

    #[test]
    fn writes_never_share_a_moment() {
        let clock = Clock::new(None);
        let moments: Vec<_> = (0..1000).map(|_| clock.next_write()).collect();
        assert!(moments.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
