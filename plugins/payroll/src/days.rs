//! Days of moments. ServiceTitan writes the days of payroll as moments: a period begins and ends at midnight, either
//! the company's or UTC's, and an item's date is midnight of its day.

use chrono::{DateTime, Days, Duration, FixedOffset, NaiveDate, NaiveTime, Utc};

/// The first and the last day of a period that begins at one midnight and ends at another, which is no more part of it.
///
/// `offset` is the company's distance from UTC on some day near; the midnight meant is the nearest there is, so neither
/// a change of clocks nor an end at 23:59:59 moves a day.
pub fn of_period(started: DateTime<Utc>, ended: DateTime<Utc>, offset: FixedOffset) -> (NaiveDate, NaiveDate) {
    let nearest = |moment: DateTime<Utc>| (moment.with_timezone(&offset).naive_local() + Duration::hours(12)).date();
    let (first, end) = (nearest(started), nearest(ended));
    (first, end.checked_sub_days(Days::new(1)).unwrap_or(end).max(first))
}

/// The day of an item whose date is `moment`: as it is written where that is a midnight, else as it is in the company.
///
/// Midnights of the company may seem an hour early where the clocks change between the item and `offset`.
pub fn of_item(moment: DateTime<Utc>, offset: FixedOffset) -> NaiveDate {
    let written = moment.naive_utc();
    if written.time() == NaiveTime::MIN {
        return written.date();
    }
    (moment.with_timezone(&offset).naive_local() + Duration::hours(1)).date()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_has_the_same_days_whichever_midnight_is_written() {
        let (phoenix, denver) = (FixedOffset::west_opt(7 * 3600).unwrap(), FixedOffset::west_opt(6 * 3600).unwrap());
        let week = (day("2025-12-29"), day("2026-01-04"));
        for (from, to) in [
            ("2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"),
            ("2025-12-29T07:00:00Z", "2026-01-05T07:00:00Z"),
            ("2025-12-29T07:00:00Z", "2026-01-05T06:59:59.999Z"),
        ] {
            assert_eq!(of_period(at(from), at(to), phoenix), week);
            assert_eq!(of_period(at(from), at(to), denver), week, "the clocks changed since");
        }
    }

    #[test]
    fn an_item_belongs_to_the_day_that_is_written_or_that_it_was_there() {
        let phoenix = FixedOffset::west_opt(7 * 3600).unwrap();
        for (written, meant) in [
            ("2025-12-29T00:00:00Z", "2025-12-29"),
            ("2025-12-29T07:00:00Z", "2025-12-29"),
            ("2025-12-29T06:00:00Z", "2025-12-29"),
            ("2025-12-30T02:15:00Z", "2025-12-29"),
        ] {
            assert_eq!(of_item(at(written), phoenix), day(meant), "{written}");
        }
    }
}
