//! How long a server asks to wait: `Retry-After` as seconds, as seconds with a fraction, or as a date; and, where the
//! header is missing, the sentence that ServiceTitan puts into the title.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No server means more than this; a nonsensical number must not overflow the clock.
const LONGEST: f64 = 86_400.0;

/// The wait that the headers ask for.
pub(crate) fn from_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(wait) = seconds(text) {
        return Some(wait);
    }
    let until = httpdate::parse_http_date(text).ok()?;
    // Measured by the server's own clock where it shows it: ours may be minutes off.
    let now =
        headers.get(DATE).and_then(|d| d.to_str().ok()).and_then(|d| httpdate::parse_http_date(d).ok()).unwrap_or(now);
    let wait = until.duration_since(now).unwrap_or_default();
    Some(wait.min(Duration::from_secs_f64(LONGEST)))
}

/// The wait that a title asks for: `Rate limit is exceeded. Try again in 37 seconds.`
pub(crate) fn from_title(title: &str) -> Option<Duration> {
    let lower = title.to_ascii_lowercase();
    let (_, rest) = lower.split_once("try again in ")?;
    let (number, rest) = rest.trim_start().split_once(' ')?;
    let unit = rest.trim_start();
    if unit.starts_with("second") {
        seconds(number)
    } else if unit.starts_with("minute") {
        seconds(number).map(|m| m.saturating_mul(60).min(Duration::from_secs_f64(LONGEST)))
    } else {
        None
    }
}

fn seconds(text: &str) -> Option<Duration> {
    // `f64` would also read `inf`, `nan` and `1e9`.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    Some(Duration::from_secs_f64(number.clamp(0.0, LONGEST)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::UNIX_EPOCH;

    fn header(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        // Sun, 06 Nov 1994 08:49:37 GMT
        from_headers(&headers, UNIX_EPOCH + Duration::from_secs(784_111_777))
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
        assert_eq!(from_headers(&headers, SystemTime::now()), Some(Duration::from_secs(10)));
    }

    #[test]
    fn nonsense_is_nothing_and_huge_numbers_are_bounded() {
        for text in ["soon", "", "inf", "nan", "1e9", "--", "1.2.3"] {
            assert_eq!(header(text), None, "{text}");
        }
        assert_eq!(header("99999999999999999999999"), Some(Duration::from_secs(86_400)));
    }

    #[test]
    fn the_title_is_the_last_resort() {
        assert_eq!(from_title("Rate limit is exceeded. Try again in 37 seconds."), Some(Duration::from_secs(37)));
        assert_eq!(from_title("Try again in 1 second."), Some(Duration::from_secs(1)));
        assert_eq!(from_title("try again in 2 minutes"), Some(Duration::from_secs(120)));
        assert_eq!(from_title("Try again in a while."), None);
        assert_eq!(from_title("Rate limit is exceeded."), None);
    }
}
