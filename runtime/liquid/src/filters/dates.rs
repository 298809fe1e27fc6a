//! Dates: ISO 8601 first, the other forms that people write after it.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::{Given, Why, quoted};
use crate::val::Val;

/// Formats a date as Ruby's `strftime` does, in the zone it was written in, UTC if it names none, or `timezone:`.
pub(super) fn date<'a>(given: &mut Given<'a, '_>) -> Result<Val<'a>, Why> {
    let format = given.arg(0);
    given.meter.text(format.weight())?;
    let format = format.plain();
    let text = given.text()?.into_owned();
    let Some(moment) = read(text.trim()).filter(|_| !format.is_empty()) else { return Ok(given.input.clone()) };
    let (moment, zone) = match &given.named {
        Some(name) if !name.is_nil() => {
            let name = name.plain();
            let zone: Tz = name
                .parse()
                .map_err(|_| format!("there is no time zone {}; name one like `America/Denver`", quoted(&name)))?;
            let local = moment.with_timezone(&zone);
            (local.with_timezone(&local.offset().fix()), local.format("%Z").to_string())
        }
        _ => {
            let offset = moment.offset().local_minus_utc();
            (moment, if offset == 0 { "UTC".to_owned() } else { String::new() })
        }
    };
    let mut out = String::new();
    write(&mut out, &moment, &zone, &format);
    given.meter.text(out.len())?;
    Ok(Val::data(out))
}

fn read(text: &str) -> Option<DateTime<FixedOffset>> {
    if matches!(text, "now" | "today") {
        return Some(Utc::now().fixed_offset());
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Utc.timestamp_opt(text.parse().ok()?, 0).single().map(|moment| moment.fixed_offset());
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Some(moment);
    }
    let text = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")).unwrap_or(text);
    const ZONED: [&str; 5] = [
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f %#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%M%#z",
        "%a %b %d %H:%M:%S %z %Y",
    ];
    const LOCAL: [&str; 10] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%B %d, %Y %H:%M:%S",
        "%B %d, %Y %I:%M %p",
        "%a %b %d %H:%M:%S %Y",
        "%a, %d %b %Y %H:%M:%S",
        "%d %B %Y %H:%M:%S",
    ];
    const DAYS: [&str; 8] =
        ["%Y-%m-%d", "%Y/%m/%d", "%B %d, %Y", "%B %d %Y", "%d %B %Y", "%d.%m.%Y", "%Y%m%d", "%a %b %d %Y"];
    let utc = |local: NaiveDateTime| local.and_utc().fixed_offset();
    ZONED
        .iter()
        .find_map(|form| DateTime::parse_from_str(text, form).ok())
        .or_else(|| LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(utc))
        .or_else(|| {
            let day = DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())?;
            day.and_hms_opt(0, 0, 0).map(utc)
        })
}

/// How a directive is padded and cased.
#[derive(Default)]
struct Style {
    pad: Option<char>,
    none: bool,
    upper: bool,
    colon: bool,
    width: Option<usize>,
}

fn write(out: &mut String, moment: &DateTime<FixedOffset>, zone: &str, format: &str) {
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut style = Style::default();
        let written = rest.clone();
        let directive = loop {
            match rest.next() {
                Some('-') => style.none = true,
                Some('_') => style.pad = Some(' '),
                Some('^') => style.upper = true,
                Some('#') => style.upper = true,
                Some(':') => style.colon = true,
                Some('0') if style.width.is_none() => style.pad = Some('0'),
                Some(digit) if digit.is_ascii_digit() => {
                    let digit = digit.to_digit(10).unwrap_or(0) as usize;
                    style.width = Some((style.width.unwrap_or(0) * 10 + digit).min(100));
                }
                other => break other,
            }
        };
        let Some(directive) = directive else {
            out.push('%');
            out.push_str(written.as_str());
            return;
        };
        write_one(out, moment, zone, directive, &style);
    }
}

fn write_one(out: &mut String, moment: &DateTime<FixedOffset>, zone: &str, directive: char, style: &Style) {
    let number = |out: &mut String, value: i64, width: usize, pad: char| {
        let text = value.to_string();
        let width = if style.none { 0 } else { style.width.unwrap_or(width) };
        let pad = style.pad.unwrap_or(pad);
        out.extend(std::iter::repeat_n(pad, width.saturating_sub(text.len())));
        out.push_str(&text);
    };
    let word = |out: &mut String, text: &str| {
        out.extend(std::iter::repeat_n(style.pad.unwrap_or(' '), style.width.unwrap_or(0).saturating_sub(text.len())));
        out.push_str(&if style.upper { text.to_uppercase() } else { text.to_owned() });
    };
    let half = |hour: u32| i64::from(if hour.is_multiple_of(12) { 12 } else { hour % 12 });
    let inner = |out: &mut String, format: &str| write(out, moment, zone, format);
    match directive {
        'Y' => number(out, moment.year().into(), 1, '0'),
        'C' => number(out, i64::from(moment.year()).div_euclid(100), 2, '0'),
        'y' => number(out, i64::from(moment.year()).rem_euclid(100), 2, '0'),
        'm' => number(out, moment.month().into(), 2, '0'),
        'd' => number(out, moment.day().into(), 2, '0'),
        'e' => number(out, moment.day().into(), 2, ' '),
        'j' => number(out, moment.ordinal().into(), 3, '0'),
        'H' => number(out, moment.hour().into(), 2, '0'),
        'k' => number(out, moment.hour().into(), 2, ' '),
        'I' => number(out, half(moment.hour()), 2, '0'),
        'l' => number(out, half(moment.hour()), 2, ' '),
        'M' => number(out, moment.minute().into(), 2, '0'),
        'S' => number(out, moment.second().into(), 2, '0'),
        's' => number(out, moment.timestamp(), 1, '0'),
        'u' => number(out, moment.weekday().number_from_monday().into(), 1, '0'),
        'w' => number(out, moment.weekday().num_days_from_sunday().into(), 1, '0'),
        'G' => number(out, moment.iso_week().year().into(), 1, '0'),
        'V' => number(out, moment.iso_week().week().into(), 2, '0'),
        'L' | 'N' => {
            let digits = style.width.unwrap_or(if directive == 'L' { 3 } else { 9 });
            let nanos = format!("{:09}", moment.nanosecond() % 1_000_000_000);
            out.extend(nanos.chars().chain(std::iter::repeat('0')).take(digits));
        }
        'B' => word(out, &moment.format("%B").to_string()),
        'b' | 'h' => word(out, &moment.format("%b").to_string()),
        'A' => word(out, &moment.format("%A").to_string()),
        'a' => word(out, &moment.format("%a").to_string()),
        'U' | 'W' | 'g' => word(out, &moment.format(&format!("%{directive}")).to_string()),
        'p' => out.push_str(if moment.hour() < 12 { "AM" } else { "PM" }),
        'P' => out.push_str(if moment.hour() < 12 { "am" } else { "pm" }),
        'z' => out.push_str(&moment.format(if style.colon { "%:z" } else { "%z" }).to_string()),
        'Z' => out.push_str(zone),
        'F' => inner(out, "%Y-%m-%d"),
        'D' | 'x' => inner(out, "%m/%d/%y"),
        'T' | 'X' => inner(out, "%H:%M:%S"),
        'R' => inner(out, "%H:%M"),
        'r' => inner(out, "%I:%M:%S %p"),
        'c' => inner(out, "%a %b %e %H:%M:%S %Y"),
        'v' => inner(out, "%e-%^b-%Y"),
        '+' => inner(out, "%a %b %e %H:%M:%S %Z %Y"),
        'n' => out.push('\n'),
        't' => out.push('\t'),
        '%' => out.push('%'),
        other => {
            out.push('%');
            out.push(other);
        }
    }
}
