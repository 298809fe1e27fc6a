//! What is remembered of an order that a vendor has.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::vendor::status::Status;

/// An order that a vendor has, as it is kept from run to run: a line of JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pushed {
    /// ServiceTitan's name of it.
    pub number: String,
    /// The vendor's; empty where it gives none.
    pub reference: String,
    /// The day to which the run accounted that has sent it.
    pub sent: NaiveDate,
    /// The vendor's last word.
    pub state: String,
    /// The shipments that have been received.
    pub received: Vec<String>,
    /// Nothing more is waited for.
    pub done: bool,
}

impl Pushed {
    /// Takes over what the vendor says.
    pub fn learn(&mut self, status: &Status) {
        if !status.reference.is_empty() {
            self.reference.clone_from(&status.reference);
        }
        self.state.clone_from(&status.state);
    }
}

impl std::fmt::Display for Pushed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl std::str::FromStr for Pushed {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}
