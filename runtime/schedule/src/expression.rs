//! Cron expressions, read as Unix reads them.
//!
//! The `cron` crate does the calendar; this file does what it leaves open or does otherwise:
//!
//! - five fields (minute, hour, day of month, month, day of week), or six with the second first; no year;
//! - `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`;
//! - days of the week are numbered as in Unix (0 and 7 are Sunday, 1 is Monday), or named, and a range may go over
//!   the end of the week (`FRI-MON`);
//! - where both the day of the month and the day of the week are restricted (neither begins with `*` or `?`),
//!   either one makes a day fit, as in every Unix cron.

use std::ops::Range;
use std::str::FromStr;

use chrono::{NaiveDateTime, TimeZone, Utc};
use cron::Schedule;
use serde::{Serialize, Serializer};

/// A cron expression that falls due at least once.
#[derive(Debug, Clone)]
pub struct CronExpression {
    source: String,
    /// One, or two where either kind of day makes a day fit.
    schedules: Vec<Schedule>,
}

/// What is wrong with a cron expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronFault {
    /// The bytes of the expression that are meant.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: Option<String>,
}

const SHORTHANDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// What a field is called, what it takes, and where the `cron` crate wants it.
struct FieldKind {
    name: &'static str,
    takes: &'static str,
    position: usize,
}

const FIELDS: [FieldKind; 5] = [
    FieldKind { name: "a second", takes: "0 to 59", position: 0 },
    FieldKind { name: "a minute", takes: "0 to 59", position: 1 },
    FieldKind { name: "an hour", takes: "0 to 23", position: 2 },
    FieldKind { name: "a day of the month", takes: "1 to 31", position: 3 },
    FieldKind { name: "a month", takes: "1 to 12 or JAN to DEC", position: 4 },
];

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl CronExpression {
    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The first local time after `local` that fits.
    pub(super) fn after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let local = Utc.from_utc_datetime(&local);
        self.schedules.iter().filter_map(|s| s.after(&local).next()).min().map(|fit| fit.naive_utc())
    }

    /// The last local time before `local` that fits.
    pub(super) fn before(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let local = Utc.from_utc_datetime(&local);
        self.schedules.iter().filter_map(|s| s.after(&local).next_back()).max().map(|fit| fit.naive_utc())
    }
}

impl Serialize for CronExpression {
    /// As it is written.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.source())
    }
}

impl FromStr for CronExpression {
    type Err = CronFault;

    fn from_str(source: &str) -> Result<Self, CronFault> {
        let whole = |message: String, help: Option<String>| CronFault { span: 0..source.len(), message, help };
        let text = match source.trim() {
            word if word.starts_with('@') => match SHORTHANDS.iter().find(|(name, _)| *name == word) {
                Some((_, expression)) => expression,
                None => {
                    let names: Vec<_> = SHORTHANDS.iter().map(|(name, _)| *name).collect();
                    let help = format!("known are {}", names.join(", "));
                    return Err(whole(format!("`{word}` is not a known schedule"), Some(help)));
                }
            },
            _ => source,
        };
        let mut fields = words(text);
        match fields.len() {
            5 => fields.insert(0, (0..0, "0")),
            6 => {}
            count => {
                let message = format!("a cron expression has 5 fields, or 6 with the second first; this has {count}");
                let help = "minute, hour, day of the month, month, day of the week: `0 6 * * MON` is Mondays at six";
                return Err(whole(message, Some(help.to_owned())));
            }
        }
        for (kind, (span, field)) in FIELDS.iter().zip(&fields) {
            kind.check(span, field)?;
        }
        let (span, day_of_week) = &fields[5];
        let days = days_of_week(day_of_week).map_err(|part| CronFault {
            span: span.clone(),
            message: format!("`{part}` is not a day of the week"),
            help: Some("0 to 7 (0 and 7 are Sunday) or SUN to SAT, with `a-b`, `a,b` and `/n`".to_owned()),
        })?;
        let day_of_month = fields[3].1;
        let open = |field: &str| field.starts_with(['*', '?']);
        let times: Vec<&str> = fields[..3].iter().map(|(_, field)| *field).collect();
        let build = |day_of_month: &str, days: &str| {
            let expression = format!("{} {day_of_month} {} {days}", times.join(" "), fields[4].1);
            Schedule::from_str(&expression)
                .map_err(|e| whole(format!("this cron expression cannot be read: {e}"), None))
        };
        let schedules = if open(day_of_month) || open(day_of_week) {
            vec![build(day_of_month, &days)?]
        } else {
            vec![build(day_of_month, "*")?, build("*", &days)?]
        };
        let expression = CronExpression { source: source.to_owned(), schedules };
        if expression.after(chrono::DateTime::UNIX_EPOCH.naive_utc()).is_none() {
            let message = "this cron expression never falls due: no such day exists".to_owned();
            let help = "write a day that the month has: `0 6 28 2 *` is the 28th of February at six";
            return Err(whole(message, Some(help.to_owned())));
        }
        Ok(expression)
    }
}

impl FieldKind {
    fn check(&self, span: &Range<usize>, field: &str) -> Result<(), CronFault> {
        let mut expression = ["*"; 6];
        expression[self.position] = field;
        // A step of zero never advances; the crate may take it.
        let zero_step = field.split(',').filter_map(|part| part.split_once('/')).any(|(_, n)| n.parse() == Ok(0));
        if !zero_step && !field.is_empty() && Schedule::from_str(&expression.join(" ")).is_ok() {
            return Ok(());
        }
        Err(CronFault {
            span: span.clone(),
            message: format!("`{field}` is not {}", self.name),
            help: Some(format!("{}, with `*`, `a-b`, `a,b` and `/n`", self.takes)),
        })
    }
}

/// The days that a Unix day-of-week field names, as the `cron` crate numbers them (1 is Sunday); else the part that
/// names none.
fn days_of_week(field: &str) -> Result<String, String> {
    let mut fits = [false; 7];
    for part in field.split(',') {
        let wrong = || part.to_owned();
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|n| (1..=7).contains(n)).ok_or_else(wrong)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (0, 6),
            Some((first, last)) => (day(first).ok_or_else(wrong)?, day(last).ok_or_else(wrong)?),
            None => {
                let first = day(range).ok_or_else(wrong)?;
                (first, if part.contains('/') { first.max(6) } else { first })
            }
        };
        // `FRI-MON` goes on into the next week.
        let last = if last < first { last + 7 } else { last };
        for day in (first..=last).step_by(step) {
            fits[day % 7] = true;
        }
    }
    if fits.iter().all(|fit| *fit) {
        return Ok("*".to_owned());
    }
    let days: Vec<String> = (0..7).filter(|day| fits[*day]).map(|day| (day + 1).to_string()).collect();
    Ok(days.join(","))
}

/// 0 to 7 by number, 0 to 6 by name.
fn day(text: &str) -> Option<usize> {
    if text.len() == 1 {
        return text.parse().ok().filter(|day| *day <= 7);
    }
    let name = text.get(..3)?;
    let day = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name))?;
    const FULL: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    (text.len() == 3 || FULL[day].eq_ignore_ascii_case(text)).then_some(day)
}

/// The words of a text and where they stand.
fn words(text: &str) -> Vec<(Range<usize>, &str)> {
    let start_of = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace().map(|word| (start_of(word)..start_of(word) + word.len(), word)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::{Datelike, NaiveDate, Weekday};

    fn weekdays(expression: &str) -> Vec<Weekday> {
        let cron: CronExpression = expression.parse().unwrap();
        // 2026-03-01 is a Sunday.
        let mut at = NaiveDate::from_ymd_opt(2026, 2, 28).unwrap().and_hms_opt(23, 59, 59).unwrap();
        let end = NaiveDate::from_ymd_opt(2026, 3, 8).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let mut days = Vec::new();
        while let Some(next) = cron.after(at).filter(|next| *next < end) {
            days.push(next.weekday());
            at = next;
        }
        days
    }

    #[test]
    fn days_of_the_week_are_numbered_as_unix_numbers_them() {
        use Weekday::*;
        assert_eq!(weekdays("0 6 * * 0"), [Sun]);
        assert_eq!(weekdays("0 6 * * 7"), [Sun]);
        assert_eq!(weekdays("0 6 * * 1"), [Mon]);
        assert_eq!(weekdays("0 6 * * 6"), [Sat]);
        assert_eq!(weekdays("0 6 * * MON"), [Mon]);
        assert_eq!(weekdays("0 6 * * friday"), [Fri]);
        assert_eq!(weekdays("0 6 * * 1-5"), [Mon, Tue, Wed, Thu, Fri]);
        assert_eq!(weekdays("0 6 * * 5-7"), [Sun, Fri, Sat]);
        assert_eq!(weekdays("0 6 * * FRI-MON"), [Sun, Mon, Fri, Sat]);
        assert_eq!(weekdays("0 6 * * 1-5/2"), [Mon, Wed, Fri]);
        assert_eq!(weekdays("0 6 * * */2"), [Sun, Tue, Thu, Sat]);
        assert_eq!(weekdays("0 6 * * 2,THU"), [Tue, Thu]);
        assert_eq!(weekdays("0 6 * * 0-7"), [Sun, Mon, Tue, Wed, Thu, Fri, Sat]);
        assert_eq!(weekdays("30 0 6 * * 1"), [Mon]);
        assert_eq!(weekdays("@weekly"), [Sun]);
        assert_eq!(weekdays("@daily").len(), 7);
    }

    #[test]
    fn either_kind_of_day_fits_where_both_are_restricted() {
        use Weekday::*;
        assert_eq!(weekdays("0 6 3 * FRI"), [Tue, Fri]);
        assert_eq!(weekdays("0 6 */2 * FRI"), Vec::<Weekday>::new(), "the 6th is even: `*/2` is not a restriction");
        assert_eq!(weekdays("0 6 3 * ?"), [Tue]);
    }

    #[test]
    fn looking_back_mirrors_looking_ahead() {
        let cron: CronExpression = "*/7 3,4 1,15 * MON".parse().unwrap();
        let mut at = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let ahead: Vec<_> = std::iter::from_fn(|| {
            at = cron.after(at)?;
            Some(at)
        })
        .take(200)
        .collect();
        let mut at = cron.after(at).unwrap();
        let mut back: Vec<_> = std::iter::from_fn(|| {
            at = cron.before(at)?;
            Some(at)
        })
        .take(200)
        .collect();
        back.reverse();
        assert_eq!(ahead, back);
    }

    #[test]
    fn each_fault_says_where_it_is() {
        let fault = |text: &str| {
            let fault = text.parse::<CronExpression>().unwrap_err();
            (text.get(fault.span.clone()).unwrap().to_owned(), fault.message)
        };
        assert_eq!(fault("61 6 * * MON"), ("61".into(), "`61` is not a minute".into()));
        assert_eq!(fault("0 24 * * *"), ("24".into(), "`24` is not an hour".into()));
        assert_eq!(fault("0  6 32 * *"), ("32".into(), "`32` is not a day of the month".into()));
        assert_eq!(fault("0 6 * FOO *"), ("FOO".into(), "`FOO` is not a month".into()));
        assert_eq!(fault("0 6 * * MOO"), ("MOO".into(), "`MOO` is not a day of the week".into()));
        assert_eq!(fault("0 6 * * 8"), ("8".into(), "`8` is not a day of the week".into()));
        assert_eq!(fault("*/0 * * * *"), ("*/0".into(), "`*/0` is not a minute".into()));
        assert_eq!(fault("0 6 * * MON/0"), ("MON/0".into(), "`MON/0` is not a day of the week".into()));
        assert!(fault("0 6 * *").1.contains("this has 4"));
        assert!(fault("0 0 6 * * MON 2026").1.contains("this has 7"));
        assert!(fault("").1.contains("this has 0"));
        assert!(fault("@reboot").1.contains("not a known schedule"));
        assert!(fault("0 6 30 2 *").1.contains("never falls due"));
        assert!(fault("0 6 é * *").1.contains("day of the month"));
    }
}
