//! How long a server asks to wait: `Retry-After` as seconds or as a date.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No server means more than this.
const LONGEST: Duration = Duration::from_secs(86_400);

pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are more than the longest.
        return Some(text.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let until = date(text)?;
    // Measured by the server's own clock where it shows it: ours may be minutes off.
    let now = headers.get(DATE).and_then(|text| date(text.to_str().ok()?)).unwrap_or(now);
    Some(until.duration_since(now).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(headers: &[(reqwest::header::HeaderName, &str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn both_forms_are_understood_and_nonsense_is_not() {
        assert_eq!(asked(&[(RETRY_AFTER, "37")]), Some(Duration::from_secs(37)));
        assert_eq!(asked(&[(RETRY_AFTER, "99999999999999999999999")]), Some(LONGEST));
        assert_eq!(asked(&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:40 GMT")]), Some(Duration::from_secs(3)));
        assert_eq!(asked(&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:07 GMT")]), Some(Duration::ZERO));
        let by_its_clock = [(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:40 GMT"), (DATE, "Sun, 06 Nov 1994 08:49:30 GMT")];
        assert_eq!(asked(&by_its_clock), Some(Duration::from_secs(10)));
        for nonsense in ["", "soon", "-3", "1.5"] {
            assert_eq!(asked(&[(RETRY_AFTER, nonsense)]), None, "{nonsense}");
        }
    }
}
