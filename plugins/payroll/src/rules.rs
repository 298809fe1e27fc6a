//! How the operator wants pay to be read: what the data alone does not decide.

use std::collections::{BTreeMap, BTreeSet};

use crate::records::PayKind;

/// The operator's rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Earnings codes, by the activity code's `code` or name. Without an entry an activity code is its own.
    pub codes: BTreeMap<String, String>,
    /// Earnings codes of items that have no activity code, by [`PayKind::name`].
    pub kind_codes: BTreeMap<String, String>,
    /// Kinds of pay that are left out, by [`PayKind::name`]: salaries that the provider pays by itself, for instance.
    pub skipped: BTreeSet<String>,
    /// Whether time whose class ServiceTitan does not say is regular time. Otherwise it is refused.
    pub unclassified_is_regular: bool,
    /// Whether `amountAdjustment` is part of `amount` already. Nobody says.
    pub adjustment: AmountAdjustment,
    /// Whether time is paid by its hours (the provider knows the rates) and not by ServiceTitan's amounts.
    pub time_by_hours: bool,
    /// The earnings code of what was changed by hand of the money of time, where time is paid by its hours.
    pub time_adjustment_code: Option<String>,
    /// Whether the provider finds people by their names, so that nobody needs an id there.
    pub by_name: bool,
}

/// What `amountAdjustment` is to `amount`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AmountAdjustment {
    /// `amount` is what is paid.
    #[default]
    Included,
    /// `amount` plus `amountAdjustment` is what is paid.
    Added,
}

impl Rules {
    /// Faults in the rules themselves: kinds of pay that do not exist.
    pub fn faults(&self) -> Vec<String> {
        let kinds = self.kind_codes.keys().chain(&self.skipped);
        kinds
            .filter(|kind| !PayKind::NAMES.contains(&kind.as_str()))
            .map(|kind| format!("`{kind}` is not a kind of pay: write one of {}", PayKind::NAMES.join(", ")))
            .collect()
    }
}
