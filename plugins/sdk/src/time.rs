//! Moments, as ServiceTitan writes them: RFC 3339 with up to seven fractional digits, sometimes without a zone (which
//! is then UTC), sometimes a plain day.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::Failure;

/// The moment of an optional field: none where ServiceTitan sent none.
///
/// # Errors
/// When the text is no moment.
pub fn moment(text: &Option<String>) -> Result<Option<DateTime<Utc>>, Failure> {
    text.as_deref().map(parse).transpose()
}

/// The moment that `text` is.
///
/// # Errors
/// When the text is no moment.
pub fn parse(text: &str) -> Result<DateTime<Utc>, Failure> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    let zoneless = || text.parse::<NaiveDateTime>().map(|moment| moment.and_utc());
    let day = || text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    zoned.or_else(|_| zoneless()).or_else(|_| day()).map_err(|_| Failure::refused(format!("`{text}` is not a moment")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_form_that_servicetitan_sends_is_read() {
        let moment = parse("2025-10-13T00:00:00Z").unwrap();
        for same in ["2025-10-13T00:00:00", "2025-10-13", "2025-10-12T17:00:00-07:00", "2025-10-13T00:00:00.0000000Z"] {
            assert_eq!(parse(same).unwrap(), moment, "{same}");
        }
        assert!(parse("2025-10-13T00:00:00.0000001Z").unwrap() > moment);
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        assert!(parse("13.10.2025").unwrap_err().message.contains("13.10.2025"));
    }
}
