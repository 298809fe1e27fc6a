//! How far a feed has come.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How far a feed has come: a JSON value in the export's state, of which `from` alone must be there to set it by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watermark {
    /// Where it goes on: an export feed's token, or a time; none is the beginning.
    pub from: Option<String>,
    /// The rows that may come again from there on and were handed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// What else the plugin asks the feed for, so that it is asked the same whether there is anything new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<(String, String)>,
    /// When it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<DateTime<Utc>>,
}

impl Watermark {
    /// One that is kept. The error is a line that says what to write.
    pub fn read(kept: &[u8]) -> Result<Watermark, String> {
        serde_json::from_slice(kept).map_err(|error| {
            format!(
                "the feed's watermark cannot be read: {error}; set it to `{{\"from\":\"2026-01-01\"}}`, or delete it"
            )
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        // Texts and a time: they can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
