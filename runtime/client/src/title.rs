//! How long ServiceTitan asks to wait in the title of a problem, where the header `Retry-After` is missing.

use std::time::Duration;

use tradewire_outbound::{LONGEST_WAIT, seconds};

/// The wait that a title asks for: `Rate limit is exceeded. Try again in 37 seconds.`
pub(crate) fn wait(title: &str) -> Option<Duration> {
    let lower = title.to_ascii_lowercase();
    let (_, rest) = lower.split_once("try again in ")?;
    let (number, rest) = rest.trim_start().split_once(' ')?;
    let unit = rest.trim_start();
    if unit.starts_with("second") {
        seconds(number)
    } else if unit.starts_with("minute") {
        seconds(number).map(|m| m.saturating_mul(60).min(LONGEST_WAIT))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_minutes_are_understood() {
        assert_eq!(wait("Rate limit is exceeded. Try again in 37 seconds."), Some(Duration::from_secs(37)));
        assert_eq!(wait("Try again in 1 second."), Some(Duration::from_secs(1)));
        assert_eq!(wait("try again in 2 minutes"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Try again in a while."), None);
        assert_eq!(wait("Rate limit is exceeded."), None);
    }
}
