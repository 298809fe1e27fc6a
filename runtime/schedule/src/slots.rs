//! The slots of a schedule: the moments at which a cron expression falls due in a time zone.
//!
//! The expression speaks of local time, and a local time does not always stand for one moment:
//!
//! - A local time that a clock change skips falls due once, right after the gap: where 02:00 becomes 03:00, a slot at
//!   02:30 is at 03:00. Several skipped times, and one that stands at the end of the gap anyway, are one slot.
//! - A local time that a clock change repeats falls due once, the first time. So an expression of every 15 minutes
//!   rests during the repeated hour; since a window runs from slot to slot, no time is left out.
//!
//! Slots are therefore strictly increasing, and depend on nothing but the expression, the zone and the zone's rules.

use chrono::{DateTime, Days, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

use super::CronExpression;

/// A cron expression in a time zone; or none, where something else begins the runs.
#[derive(Debug, Clone)]
pub struct Slots {
    cron: Option<CronExpression>,
    zone: Tz,
}

impl Slots {
    /// The slots of this expression in this zone.
    pub fn new(cron: CronExpression, zone: Tz) -> Self {
        Self { cron: Some(cron), zone }
    }

    /// No slots.
    pub fn none(zone: Tz) -> Self {
        Self { cron: None, zone }
    }

    /// The expression.
    pub fn cron(&self) -> Option<&CronExpression> {
        self.cron.as_ref()
    }

    /// The zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first slot after this moment. None past the end of the calendar (the year 2100).
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Tz>> {
        let cron = self.cron.as_ref()?;
        // No slot whose local time is at or before that of `after` can be later than `after`: a skipped one is due at
        // the end of its gap, a repeated one the first time.
        let mut local = after.with_timezone(&self.zone).naive_local();
        loop {
            local = cron.after(local)?;
            let slot = moment(self.zone, local);
            if slot > after {
                return Some(slot);
            }
        }
    }

    /// The next slots after this moment, in order.
    pub fn upcoming(&self, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Tz>> + '_ {
        std::iter::successors(self.next(after), |slot| self.next(slot.to_utc()))
    }

    /// The slots after `after`, up to and including `until`.
    pub fn between(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Tz>> + '_ {
        self.upcoming(after).take_while(move |slot| *slot <= until)
    }

    /// The last slot before this moment. None before 1970.
    pub fn previous(&self, before: DateTime<Utc>) -> Option<DateTime<Tz>> {
        let cron = self.cron.as_ref()?;
        let mut local = before.with_timezone(&self.zone).naive_local();
        if let MappedLocalTime::Ambiguous(..) = self.zone.from_local_datetime(&local) {
            // In the second turn of a repeated span, local times ahead have had their moment in the first.
            local += REPEATED_AT_MOST;
        }
        loop {
            local = cron.before(local)?;
            let slot = moment(self.zone, local);
            if slot < before {
                return Some(slot);
            }
        }
    }

    /// The last slot at or before this moment.
    pub fn latest(&self, at: DateTime<Utc>) -> Option<DateTime<Tz>> {
        self.previous(at + TimeDelta::seconds(1)).filter(|slot| *slot <= at).or_else(|| self.previous(at))
    }
}

/// A clock change turns the clock back by an hour or less, but for a few of long ago that moved the date line.
const REPEATED_AT_MOST: TimeDelta = TimeDelta::hours(3);

/// The moment that a local time stands for.
pub(super) fn moment(zone: Tz, local: NaiveDateTime) -> DateTime<Tz> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => moment,
        MappedLocalTime::None => match GapInfo::new(&local, &zone).and_then(|gap| gap.end) {
            Some(end) => end,
            // The zone's data names no end; with the day before's offset the moment is at least after the gap began.
            None => {
                let before = local.checked_sub_days(Days::new(1)).unwrap_or(local);
                let known = zone.from_local_datetime(&before).earliest();
                let shifted = known.map(|known| known.to_utc() + (local - before));
                shifted.unwrap_or_else(|| local.and_utc()).with_timezone(&zone)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn slots(cron: &str, zone: Tz) -> Slots {
        Slots::new(cron.parse().unwrap(), zone)
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Every slot ahead, checked against the table; then the same table backwards.
    fn expect(cron: &str, zone: Tz, after: &str, table: &[&str]) {
        let slots = slots(cron, zone);
        let ahead: Vec<String> = slots.upcoming(utc(after)).take(table.len()).map(|s| s.to_rfc3339()).collect();
        assert_eq!(ahead, table, "{cron} in {zone}");
        let end = slots.next(utc(table.last().unwrap())).unwrap().to_utc();
        let back = std::iter::successors(slots.previous(end), |s| slots.previous(s.to_utc()));
        let mut back: Vec<String> = back.take(table.len()).map(|s| s.to_rfc3339()).collect();
        back.reverse();
        assert_eq!(back, table, "{cron} in {zone}, backwards");
    }

    #[test]
    fn new_york_springs_forward_and_a_skipped_time_is_due_right_after_the_gap() {
        // 2026-03-08, 02:00 EST becomes 03:00 EDT.
        expect(
            "30 2 * * *",
            Tz::America__New_York,
            "2026-03-07T00:00:00Z",
            &["2026-03-07T02:30:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"],
        );
        expect(
            "*/20 1-3 8 3 *",
            Tz::America__New_York,
            "2026-03-08T00:00:00Z",
            &[
                "2026-03-08T01:00:00-05:00",
                "2026-03-08T01:20:00-05:00",
                "2026-03-08T01:40:00-05:00",
                "2026-03-08T03:00:00-04:00",
                "2026-03-08T03:20:00-04:00",
                "2026-03-08T03:40:00-04:00",
            ],
        );
    }

    #[test]
    fn new_york_falls_back_and_a_repeated_time_is_due_once() {
        // 2026-11-01, 02:00 EDT becomes 01:00 EST.
        expect(
            "30 1 * * *",
            Tz::America__New_York,
            "2026-10-31T00:00:00Z",
            &["2026-10-31T01:30:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"],
        );
        expect(
            "*/30 0-2 1 11 *",
            Tz::America__New_York,
            "2026-11-01T00:00:00Z",
            &[
                "2026-11-01T00:00:00-04:00",
                "2026-11-01T00:30:00-04:00",
                "2026-11-01T01:00:00-04:00",
                "2026-11-01T01:30:00-04:00",
                "2026-11-01T02:00:00-05:00",
                "2026-11-01T02:30:00-05:00",
            ],
        );
    }

    #[test]
    fn inside_the_repeated_hour_the_slots_lie_where_they_were() {
        let slots = slots("*/30 * * * *", Tz::America__New_York);
        // 01:10 EST, the second turn.
        let second = utc("2026-11-01T06:10:00Z");
        assert_eq!(slots.next(second).unwrap().to_rfc3339(), "2026-11-01T02:00:00-05:00");
        assert_eq!(slots.previous(second).unwrap().to_rfc3339(), "2026-11-01T01:30:00-04:00");
        // 01:10 EDT, the first.
        let first = utc("2026-11-01T05:10:00Z");
        assert_eq!(slots.next(first).unwrap().to_rfc3339(), "2026-11-01T01:30:00-04:00");
        assert_eq!(slots.previous(first).unwrap().to_rfc3339(), "2026-11-01T01:00:00-04:00");
    }

    #[test]
    fn lord_howe_changes_by_half_an_hour() {
        // 2026-10-04, 02:00 +10:30 becomes 02:30 +11:00.
        expect(
            "15 2 * * *",
            Tz::Australia__Lord_Howe,
            "2026-10-02T12:00:00Z",
            &["2026-10-03T02:15:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"],
        );
        // 2026-04-05, 02:00 +11:00 becomes 01:30 +10:30.
        expect(
            "45 1 * * *",
            Tz::Australia__Lord_Howe,
            "2026-04-03T16:00:00Z",
            &["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
        );
        expect(
            "*/15 1,2 5 4 *",
            Tz::Australia__Lord_Howe,
            "2026-04-04T12:00:00Z",
            &[
                "2026-04-05T01:00:00+11:00",
                "2026-04-05T01:15:00+11:00",
                "2026-04-05T01:30:00+11:00",
                "2026-04-05T01:45:00+11:00",
                "2026-04-05T02:00:00+10:30",
                "2026-04-05T02:15:00+10:30",
                "2026-04-05T02:30:00+10:30",
                "2026-04-05T02:45:00+10:30",
            ],
        );
    }

    #[test]
    fn phoenix_never_changes() {
        expect(
            "30 2 8 3 *",
            Tz::America__Phoenix,
            "2026-01-01T00:00:00Z",
            &["2026-03-08T02:30:00-07:00", "2027-03-08T02:30:00-07:00"],
        );
        expect(
            "0 6 * * MON",
            Tz::America__Phoenix,
            "2026-10-30T00:00:00Z",
            &["2026-11-02T06:00:00-07:00", "2026-11-09T06:00:00-07:00"],
        );
    }

    #[test]
    fn leap_day_comes_every_fourth_year() {
        expect(
            "0 0 29 2 *",
            Tz::UTC,
            "2026-01-01T00:00:00Z",
            &["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"],
        );
    }

    #[test]
    fn a_day_that_a_country_skipped_is_due_when_the_next_began() {
        // Samoa went over the date line: there was no 2011-12-30.
        expect(
            "0 12 30 12 *",
            Tz::Pacific__Apia,
            "2011-01-01T00:00:00Z",
            &["2011-12-31T00:00:00+14:00", "2012-12-30T12:00:00+14:00"],
        );
    }

    #[test]
    fn slots_strictly_increase_over_twenty_years_of_clock_changes() {
        for zone in [Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Africa__Casablanca, Tz::Europe__London] {
            let slots = slots("15,45 0-3 * * *", zone);
            let mut last = utc("2010-01-01T00:00:00Z");
            for slot in slots.between(last, utc("2030-01-01T00:00:00Z")) {
                assert!(slot > last, "{slot}");
                assert_eq!(slots.previous(slot.to_utc() + TimeDelta::seconds(1)).unwrap(), slot);
                last = slot.to_utc();
            }
        }
    }

    #[test]
    fn the_latest_slot_may_be_this_very_moment() {
        let slots = slots("0 6 * * *", Tz::UTC);
        let six = utc("2026-03-01T06:00:00Z");
        assert_eq!(slots.latest(six).unwrap(), six);
        assert_eq!(slots.latest(six - TimeDelta::milliseconds(1)).unwrap(), six - TimeDelta::days(1));
        assert_eq!(slots.latest(six + TimeDelta::milliseconds(1)).unwrap(), six);
    }
}
