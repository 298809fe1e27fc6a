//! How long a server asks to wait: `Retry-After` as seconds, as seconds with a fraction, or as a date.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No server means more than this; a nonsensical number must not overflow the clock.
pub const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// The wait that an answer's headers ask for, a day at most; none where they ask for none, or for what nobody can read.
/// A moment that has passed is no wait.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(wait) = seconds(text) {
        return Some(wait);
    }
    let until = httpdate::parse_http_date(text).ok()?;
    // Measured by the server's own clock where it shows it: ours may be minutes off.
    let now =
        headers.get(DATE).and_then(|d| d.to_str().ok()).and_then(|d| httpdate::parse_http_date(d).ok()).unwrap_or(now);
    let wait = until.duration_since(now).unwrap_or_default();
    Some(wait.min(LONGEST_WAIT))
}

/// A number of seconds as servers write it, a day at most: whole or with a fraction.
pub fn seconds(text: &str) -> Option<Duration> {
    // `f64` would also read `inf`, `nan` and `1e9`.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    Some(Duration::from_secs_f64(number.clamp(0.0, LONGEST_WAIT.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::UNIX_EPOCH;

    fn header(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&headers, UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn whole_seconds_fractions_and_dates_are_understood() {
        assert_eq!(header("37"), Some(Duration::from_secs(37)));
        assert_eq!(header(" 0.25 "), Some(Duration::from_millis(250)));
        assert_eq!(header("Sun, 06 Nov 1994 08:49:40 GMT"), Some(Duration::from_secs(3)));
        assert_eq!(header("Sunday, 06-Nov-94 08:49:40 GMT"), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_moment_that_has_passed_is_no_wait() {
        assert_eq!(header("Sun, 06 Nov 1994 08:49:07 GMT"), Some(Duration::ZERO));
        assert_eq!(header("-3"), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_is_measured_by_the_servers_own_clock() {
        let headers = HeaderMap::from_iter([
            (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:40 GMT".parse().unwrap()),
            (DATE, "Sun, 06 Nov 1994 08:49:30 GMT".parse().unwrap()),
        ]);
        assert_eq!(retry_after(&headers, SystemTime::now()), Some(Duration::from_secs(10)));
    }

    #[test]
    fn nonsense_is_nothing_and_huge_numbers_are_bounded() {
        for text in ["soon", "", "inf", "nan", "1e9", "--", "1.2.3"] {
            assert_eq!(header(text), None, "{text}");
        }
        assert_eq!(header("99999999999999999999999"), Some(Duration::from_secs(86_400)));
    }
}
