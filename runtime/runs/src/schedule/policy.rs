//! What a schedule does about slots that it could not take on time.

use serde::{Deserialize, Serialize};

/// What becomes of slots that fell due while nobody was there: the process was down, the machine slept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// None of them runs; each is recorded.
    Skip,
    /// The latest of them runs, the earlier ones are recorded.
    #[default]
    Latest,
    /// All of them run, in order.
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
    /// The run that goes on is cancelled for it.
    Replace,
}

impl Overlap {
    /// Its spellings in the configuration.
    pub const NAMES: [(&'static str, Overlap); 3] =
        [("skip", Overlap::Skip), ("queue", Overlap::Queue), ("replace", Overlap::Replace)];
}
