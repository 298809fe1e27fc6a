//! Which span of time a run accounts for.

use std::fmt;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Slots;
use super::slots::moment;

/// A half-open span: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub start: DateTime<Tz>,
    /// The first moment after it.
    pub end: DateTime<Tz>,
}

/// A text that gives no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// Neither a day nor a moment.
    #[error("`{0}` is neither a day nor a moment: write `2025-10-06`, or `2025-10-06T06:00:00-07:00`")]
    NotAMoment(String),
    /// It has no length, or less.
    #[error("a window from `{from}` to `{to}` is empty: its end must be later than its start")]
    Empty {
        /// The start as it was written.
        from: String,
        /// The end as it was written.
        to: String,
    },
}

impl Window {
    /// The window of a single moment: a millisecond, the grain of what is recorded.
    pub fn moment(at: DateTime<Utc>) -> Window {
        let start = at.with_timezone(&Tz::UTC);
        Window { start, end: start + TimeDelta::milliseconds(1) }
    }

    /// The same window, told in this zone.
    pub fn in_zone(self, zone: Tz) -> Window {
        Window { start: self.start.with_timezone(&zone), end: self.end.with_timezone(&zone) }
    }

    /// The window between two texts. Each is a moment, in RFC 3339 with offset, or a day, which is its first moment in
    /// this zone.
    pub fn parse(from: &str, to: &str, zone: Tz) -> Result<Window, WindowError> {
        let moment = |text: &str| match text.parse::<NaiveDate>() {
            Ok(day) => Ok(midnight(zone, day)),
            Err(_) => DateTime::parse_from_rfc3339(text)
                .map(|moment| moment.with_timezone(&zone))
                .map_err(|_| WindowError::NotAMoment(text.to_owned())),
        };
        let window = Window { start: moment(from)?, end: moment(to)? };
        if window.start < window.end {
            Ok(window)
        } else {
            Err(WindowError::Empty { from: from.to_owned(), to: to.to_owned() })
        }
    }
}

impl fmt::Display for Window {
    /// As ISO 8601 writes an interval: both ends in RFC 3339 with offset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start.to_rfc3339(), self.end.to_rfc3339())
    }
}

impl Serialize for Window {
    /// Both ends in RFC 3339 with offset.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut window = serializer.serialize_struct("Window", 2)?;
        window.serialize_field("start", &self.start.to_rfc3339())?;
        window.serialize_field("end", &self.end.to_rfc3339())?;
        window.end()
    }
}

/// How an export's windows are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WindowRule {
    /// From the slot before to the slot itself: no moment is left out or accounted for twice.
    #[default]
    Slot,
    /// The latest calendar day that is complete at the slot, in the schedule's zone.
    Day,
    /// The latest week, from Monday to Monday, that is complete at the slot.
    Week,
    /// The latest calendar month that is complete at the slot.
    Month,
}

impl WindowRule {
    /// Its spellings in the configuration.
    pub const NAMES: [(&'static str, WindowRule); 4] = [
        ("slot", WindowRule::Slot),
        ("day", WindowRule::Day),
        ("week", WindowRule::Week),
        ("month", WindowRule::Month),
    ];

    /// The window of the slot that is due at `due`. None where the rule needs a schedule and there is none, or the
    /// calendar ends.
    pub fn window(self, slots: Option<&Slots>, zone: Tz, due: DateTime<Utc>) -> Option<Window> {
        let today = due.with_timezone(&zone).date_naive();
        let (first, end) = match self {
            WindowRule::Slot => {
                let start = slots?.previous(due)?;
                return Some(Window { start, end: due.with_timezone(&zone) });
            }
            WindowRule::Day => (today.checked_sub_days(Days::new(1))?, today),
            WindowRule::Week => {
                let monday = today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into()))?;
                (monday.checked_sub_days(Days::new(7))?, monday)
            }
            WindowRule::Month => {
                let month = today.with_day(1)?;
                (month.checked_sub_months(Months::new(1))?, month)
            }
        };
        Some(Window { start: midnight(zone, first), end: midnight(zone, end) })
    }

    /// The windows that lie wholly within this span, in order.
    pub fn within(self, slots: Option<&Slots>, zone: Tz, span: Window) -> Vec<Window> {
        let (start, end) = (span.start.to_utc(), span.end.to_utc());
        let ends: Vec<DateTime<Utc>> = match (self, slots) {
            (WindowRule::Slot, None) => Vec::new(),
            (WindowRule::Slot, Some(slots)) => slots.between(start, end).map(|slot| slot.to_utc()).collect(),
            _ => {
                let first = span.start.with_timezone(&zone).date_naive();
                let midnights = first.iter_days().map(|day| midnight(zone, day).to_utc());
                midnights.take_while(|midnight| *midnight <= end).collect()
            }
        };
        // A midnight in the middle of a week or month ends no window.
        let window = |end: DateTime<Utc>| self.window(slots, zone, end).filter(|window| window.end == end);
        ends.into_iter().filter_map(window).filter(|window| window.start >= start).collect()
    }

    /// The latest window that is complete at this moment.
    pub fn latest(self, slots: Option<&Slots>, zone: Tz, at: DateTime<Utc>) -> Option<Window> {
        match self {
            WindowRule::Slot => self.window(slots, zone, slots?.latest(at)?.to_utc()),
            _ => self.window(slots, zone, at),
        }
    }
}

/// When a day begins: midnight, or right after where a clock change skips midnight.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Tz> {
    moment(zone, day.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn window(rule: WindowRule, cron: &str, zone: Tz, due: &str) -> String {
        let slots = Slots::new(cron.parse().unwrap(), zone);
        rule.window(Some(&slots), zone, due.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_slot_accounts_for_the_time_since_the_slot_before() {
        assert_eq!(
            window(WindowRule::Slot, "0 6 * * MON", Tz::America__Phoenix, "2026-03-09T13:00:00Z"),
            "2026-03-02T06:00:00-07:00/2026-03-09T06:00:00-07:00"
        );
        // Over a clock change the week has 167 hours; both ends are still at six.
        assert_eq!(
            window(WindowRule::Slot, "0 6 * * MON", Tz::America__New_York, "2026-03-09T10:00:00Z"),
            "2026-03-02T06:00:00-05:00/2026-03-09T06:00:00-04:00"
        );
    }

    #[test]
    fn calendar_windows_are_cut_at_local_midnight() {
        let cut = |rule| window(rule, "0 6 * * *", Tz::America__New_York, "2026-03-11T10:00:00Z");
        assert_eq!(cut(WindowRule::Day), "2026-03-10T00:00:00-04:00/2026-03-11T00:00:00-04:00");
        assert_eq!(cut(WindowRule::Week), "2026-03-02T00:00:00-05:00/2026-03-09T00:00:00-04:00");
        assert_eq!(cut(WindowRule::Month), "2026-02-01T00:00:00-05:00/2026-03-01T00:00:00-05:00");
    }

    #[test]
    fn where_midnight_is_skipped_the_day_begins_after_the_gap() {
        // Beirut, 2026-03-29: 00:00 becomes 01:00.
        assert_eq!(
            window(WindowRule::Day, "0 6 * * *", Tz::Asia__Beirut, "2026-03-30T06:00:00Z"),
            "2026-03-29T01:00:00+03:00/2026-03-30T00:00:00+03:00"
        );
    }

    #[test]
    fn a_window_can_be_asked_for_by_days_and_by_moments() {
        let parse = |from, to| Window::parse(from, to, Tz::America__Phoenix).map(|window| window.to_string());
        assert_eq!(
            parse("2025-10-06", "2025-10-13T15:00:00Z").unwrap(),
            "2025-10-06T00:00:00-07:00/2025-10-13T08:00:00-07:00"
        );
        assert!(matches!(parse("2025-10-06", "2025-10-06"), Err(WindowError::Empty { .. })));
        for text in ["", "yesterday", "2025-10-32", "2025-10-06T06:00:00", "06/10/2025"] {
            assert_eq!(parse(text, "2025-10-13"), Err(WindowError::NotAMoment(text.to_owned())));
        }
    }

    #[test]
    fn the_windows_of_a_span_follow_one_another_and_none_is_cut() {
        let zone = Tz::America__New_York;
        let slots = Slots::new("0 6 * * MON".parse().unwrap(), zone);
        let within = |rule: WindowRule, from, to| {
            let span = Window::parse(from, to, zone).unwrap();
            let windows = rule.within(Some(&slots), zone, span);
            assert!(windows.windows(2).all(|pair| pair[0].end == pair[1].start));
            windows.iter().map(|window| window.start.format("%m-%d").to_string()).collect::<Vec<_>>()
        };
        // From slot to slot, over the change of the 8th; what lies before the first slot is left out.
        assert_eq!(within(WindowRule::Slot, "2026-02-25", "2026-03-17"), ["03-02", "03-09"]);
        assert_eq!(within(WindowRule::Slot, "2026-03-02T06:00:00-05:00", "2026-03-09T06:00:00-04:00"), ["03-02"]);
        assert_eq!(within(WindowRule::Slot, "2026-03-02T06:00:01-05:00", "2026-03-09T06:00:00-04:00"), [""; 0]);
        assert_eq!(within(WindowRule::Day, "2026-03-07", "2026-03-10"), ["03-07", "03-08", "03-09"]);
        assert_eq!(within(WindowRule::Week, "2026-02-25", "2026-03-17"), ["03-02", "03-09"]);
        assert_eq!(within(WindowRule::Month, "2026-01-01", "2026-03-17"), ["01-01", "02-01"]);
        assert_eq!(within(WindowRule::Month, "2026-01-02", "2026-02-28"), [""; 0]);
    }

    #[test]
    fn the_latest_window_is_a_complete_one() {
        let slots = Slots::new("0 6 * * MON".parse().unwrap(), Tz::UTC);
        let latest = WindowRule::Slot.latest(Some(&slots), Tz::UTC, "2026-03-11T00:00:00Z".parse().unwrap());
        assert_eq!(latest.unwrap().to_string(), "2026-03-02T06:00:00+00:00/2026-03-09T06:00:00+00:00");
        assert!(WindowRule::Slot.latest(None, Tz::UTC, Utc::now()).is_none());
    }
}
