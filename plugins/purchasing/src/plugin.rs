//! What purchasing plugins do alike: how they read settings, keep what they know, and call vendors.

use std::collections::BTreeSet;

use tradewire_plugin::config::Reading;
use tradewire_plugin::{Failure, Result, State, Window, log, middleware};

use crate::vendor::Account;

/// The settings `vendor-id`, `account`, `sub-account` and `branch`.
pub fn account(reading: &mut Reading<'_>) -> Account {
    let account = Account {
        vendor: reading.parsed("vendor-id", 0),
        id: reading.required("account"),
        sub_account: reading.optional("sub-account"),
        branch: reading.optional("branch"),
    };
    if account.vendor <= 0 {
        reading.fault("setting `vendor-id` is missing: write the vendor's number in ServiceTitan");
    }
    account
}

/// The numbers in a state whose keys are a prefix and a number each: `bill-4711`.
///
/// # Errors
/// When the state cannot be read, or has another key: then with what `odd` says of it.
pub fn numbered(state: &State, prefix: &str, odd: impl Fn(&str) -> String) -> Result<BTreeSet<i64>> {
    let number = |key: String| {
        let number = key.strip_prefix(prefix).and_then(|number| number.parse().ok());
        number.ok_or_else(|| Failure::refused(odd(&key)))
    };
    state.keys()?.into_iter().map(number).collect()
}

/// A window as one word: its start and its end.
pub fn span(window: &Window) -> String {
    format!("{}/{}", window.start, window.end)
}

/// Calls an endpoint of a vendor's pack, and logs what is not as the contract says: `about` is what the call is about.
///
/// # Errors
/// Those of [`middleware::call`].
pub fn call(vendor: &str, endpoint: &str, body: impl AsRef<str>, about: &str) -> Result<middleware::Response> {
    let answer = middleware::call(vendor, endpoint, body)?;
    for warning in &answer.warnings {
        log::warn!("{about}: {warning}");
    }
    Ok(answer)
}
