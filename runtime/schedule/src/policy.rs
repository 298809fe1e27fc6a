//! What a schedule does about slots that it could not take on time, and about runs that fail.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Blackout;

/// What a schedule does about slots that cannot simply run when they fall due.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `missed`.
    pub missed: Missed,
    /// `missed_cap`: with `missed = "all"`, the most that run; the latest ones do. 100; at most 10,000.
    pub missed_cap: usize,
    /// `overlap`.
    pub overlap: Overlap,
    /// `jitter`: how much later than its slot a run may begin; none is at the slot. Its slot and its window stay what
    /// they are. At most a day, and never past the next slot.
    pub jitter: Option<TimeDelta>,
    /// `blackout`: when nothing runs.
    pub blackout: Vec<Blackout>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            missed: Missed::default(),
            missed_cap: 100,
            overlap: Overlap::default(),
            jitter: None,
            blackout: Vec::new(),
        }
    }
}

/// What becomes of slots that fell due while nobody was there: the process was down, the machine slept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// None of them runs; each is recorded.
    Skip,
    /// The latest of them runs, the earlier ones are recorded.
    #[default]
    Latest,
    /// All of them run, one after the other in order, up to a cap.
    All,
}

impl Missed {
    /// Its spellings in the configuration.
    pub const NAMES: [(&'static str, Missed); 3] =
        [("skip", Missed::Skip), ("latest", Missed::Latest), ("all", Missed::All)];
}

/// What becomes of a slot that falls due while the run of an earlier one, of the same export and tenant, still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// It does not run; it is recorded.
    #[default]
    Skip,
    /// It waits its turn.
    Queue,
    /// The run that goes on is cancelled for it, and so is a slot that waits.
    Replace,
}

impl Overlap {
    /// Its spellings in the configuration.
    pub const NAMES: [(&'static str, Overlap); 3] =
        [("skip", Overlap::Skip), ("queue", Overlap::Queue), ("replace", Overlap::Replace)];
}

/// How often and when a run that failed for a transient reason is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The attempts after the first. 3.
    pub times: u32,
    /// The pause after the first attempt; it doubles with each. A minute.
    pub backoff: TimeDelta,
    /// The longest pause. An hour.
    pub longest: TimeDelta,
}

impl Default for Retries {
    fn default() -> Self {
        Self { times: 3, backoff: TimeDelta::minutes(1), longest: TimeDelta::hours(1) }
    }
}

impl Retries {
    /// The pause after this attempt, from 1; none after the last.
    pub fn pause(&self, attempt: u32) -> Option<TimeDelta> {
        let doubled = 1i32.checked_shl(attempt.saturating_sub(1)).filter(|factor| *factor > 0).unwrap_or(i32::MAX);
        let pause = self.backoff.checked_mul(doubled).unwrap_or(self.longest).min(self.longest);
        (attempt <= self.times).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let (backoff, longest) = (TimeDelta::minutes(1), TimeDelta::hours(1));
        let minutes =
            |times, attempt| Retries { times, backoff, longest }.pause(attempt).map(|pause| pause.num_minutes());
        assert_eq!([1, 2, 3, 4].map(|attempt| minutes(3, attempt)), [Some(1), Some(2), Some(4), None]);
        assert_eq!(
            [6, 7, 31, 32, 33, 100].map(|attempt| minutes(100, attempt)),
            [Some(32), Some(60), Some(60), Some(60), Some(60), Some(60)]
        );
    }
}
