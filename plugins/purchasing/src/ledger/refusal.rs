//! Why there is no file.

use std::fmt;

/// A reason, and the bill that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// ServiceTitan's number of the bill.
    pub bill: i64,
    /// The number on the vendor's invoice; empty where it has none.
    pub reference: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reference.as_str() {
            "" => write!(f, "bill {}: {}", self.bill, self.reason),
            reference => write!(f, "bill {} ({}): {}", self.bill, reference.escape_debug(), self.reason),
        }
    }
}
