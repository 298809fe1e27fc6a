//! Spans of local time in which nothing runs.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

/// A span of local time that comes again, or once.
///
/// | written | means |
/// |---|---|
/// | `22:00-04:00` | every day from the first time on, up to the second, over midnight where that is earlier |
/// | `SAT`, `FRI-MON` | these whole days of every week |
/// | `2026-12-25`, `2026-12-24/2026-12-26` | these whole days, the last one too |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blackout {
    source: String,
    span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Span {
    Times { from: NaiveTime, until: NaiveTime },
    Weekdays { first: Weekday, last: Weekday },
    Days { first: NaiveDate, last: NaiveDate },
}

/// A text that is no blackout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlackoutError {
    /// None of the forms.
    #[error("`{0}` is not a span of time")]
    Unreadable(String),
    /// It has no length, or less.
    #[error("`{0}` is empty: its end must be later than its start")]
    Empty(String),
}

impl Blackout {
    /// Whether this moment lies in it, by the clocks of its zone.
    pub fn covers(&self, moment: DateTime<Tz>) -> bool {
        let (day, time) = (moment.date_naive(), moment.time());
        match self.span {
            Span::Times { from, until } if from < until => (from..until).contains(&time),
            Span::Times { from, until } => time >= from || time < until,
            Span::Weekdays { first, last } => day.weekday().days_since(first) <= last.days_since(first),
            Span::Days { first, last } => (first..=last).contains(&day),
        }
    }
}

impl FromStr for Blackout {
    type Err = BlackoutError;

    fn from_str(source: &str) -> Result<Self, BlackoutError> {
        let empty = || BlackoutError::Empty(source.to_owned());
        let span = if let Some((from, until)) = pair(source, '-', time) {
            if from == until {
                return Err(empty());
            }
            Span::Times { from, until }
        } else if let Some((first, last)) = pair(source, '-', weekday).or_else(|| twice(weekday(source))) {
            Span::Weekdays { first, last }
        } else if let Some((first, last)) = pair(source, '/', day).or_else(|| twice(day(source))) {
            if last < first {
                return Err(empty());
            }
            Span::Days { first, last }
        } else {
            return Err(BlackoutError::Unreadable(source.to_owned()));
        };
        Ok(Self { source: source.to_owned(), span })
    }
}

impl fmt::Display for Blackout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn pair<T>(text: &str, between: char, read: impl Fn(&str) -> Option<T>) -> Option<(T, T)> {
    let (first, second) = text.split_once(between)?;
    Some((read(first)?, read(second)?))
}

fn twice<T: Copy>(one: Option<T>) -> Option<(T, T)> {
    one.map(|one| (one, one))
}

/// `24:00` is the end of the day.
fn time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    if text == "24:00" { Some(NaiveTime::MIN) } else { NaiveTime::parse_from_str(text, "%H:%M").ok() }
}

fn weekday(text: &str) -> Option<Weekday> {
    let text = text.trim();
    text.parse().ok().filter(|_| text.len() == 3)
}

fn day(text: &str) -> Option<NaiveDate> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn covers(blackout: &str, moment: &str) -> bool {
        let moment = DateTime::parse_from_rfc3339(moment).unwrap();
        blackout.parse::<Blackout>().unwrap().covers(moment.with_timezone(&Tz::America__New_York))
    }

    #[test]
    fn times_hold_every_day_and_over_midnight() {
        assert!(covers("09:00-17:00", "2026-03-02T09:00:00-05:00"));
        assert!(!covers("09:00-17:00", "2026-03-02T17:00:00-05:00"));
        for (time, held) in
            [("21:59:59", false), ("22:00:00", true), ("00:00:00", true), ("03:59:59", true), ("04:00:00", false)]
        {
            assert_eq!(covers("22:00-04:00", &format!("2026-03-02T{time}-05:00")), held, "{time}");
        }
        assert!(covers("22:00-24:00", "2026-03-02T23:59:59-05:00"));
        assert!(!covers("22:00-24:00", "2026-03-02T00:00:00-05:00"));
    }

    #[test]
    fn times_are_those_of_the_clock_on_the_wall_on_both_clock_changes() {
        // Both turns of 01:30, and 03:00, which is right after the gap.
        assert!(covers("01:00-02:00", "2026-11-01T01:30:00-04:00"));
        assert!(covers("01:00-02:00", "2026-11-01T01:30:00-05:00"));
        assert!(!covers("02:00-03:00", "2026-03-08T03:00:00-04:00"));
    }

    #[test]
    fn days_are_whole_ones_of_the_zone() {
        // In UTC it is Sunday.
        assert!(covers("SAT", "2026-03-08T04:30:00Z"));
        assert!(!covers("SAT", "2026-03-08T05:30:00Z"));
        for (day, held) in [(5, false), (6, true), (8, true), (9, true), (10, false)] {
            assert_eq!(covers("FRI-MON", &format!("2026-03-{day:02}T12:00:00-04:00")), held, "{day}");
        }
        for (day, held) in [(23, false), (24, true), (26, true), (27, false)] {
            assert_eq!(covers("2026-12-24/2026-12-26", &format!("2026-12-{day}T23:59:59-05:00")), held, "{day}");
        }
        assert!(covers("2026-12-25", "2026-12-25T00:00:00-05:00"));
    }

    #[test]
    fn what_is_no_span_is_told() {
        let error = |text: &str| text.parse::<Blackout>().unwrap_err();
        for text in
            ["", "22:00", "22-4", "25:00-04:00", "SATURDAY", "SAT-", "SAT/SUN", "2026-02-30", "2026-12-24-2026-12-26"]
        {
            assert_eq!(error(text), BlackoutError::Unreadable(text.to_owned()));
        }
        for text in ["22:00-22:00", "2026-12-26/2026-12-24"] {
            assert_eq!(error(text), BlackoutError::Empty(text.to_owned()));
        }
    }
}
