//! Feeds: exports that run where ServiceTitan has something new.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use tradewire_surface::{Catalog, OperationRef, Paging, ParameterIn};

/// The parameter of a list that says from when on records are wanted.
pub const MODIFIED: &str = "modifiedOnOrAfter";

/// A feed, as an export names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// `feed`: the operation.
    pub operation: String,
    /// `since`: a day or a moment from which on it begins, the first time; none is the beginning.
    pub since: Option<String>,
}

/// Why an operation cannot be a feed.
pub fn refusal(operation: OperationRef<'_>) -> Option<String> {
    let operation = operation.operation;
    let param = |name: &str| operation.params.iter().find(|param| param.wire == name);
    if let Some(param) = operation.params.iter().find(|param| param.required || param.place == ParameterIn::Path) {
        return Some(format!("it has to be asked for a `{}`", param.wire));
    }
    match operation.paging {
        Some(Paging::Feed) => None,
        Some(Paging::Pages { .. }) if param(MODIFIED).is_some() => {
            let is_sorted = param("sort").is_some_and(|sort| sort.choices.iter().any(|field| field == "ModifiedOn"));
            let why = "it cannot be sorted by `ModifiedOn`, so that records which change meanwhile would be lost";
            (!is_sorted).then(|| why.to_owned())
        }
        _ => Some(format!("it is neither an export feed nor a list with `{MODIFIED}`")),
    }
}

/// The operations of a catalog that can be feeds.
pub fn possible(catalog: &Catalog) -> impl Iterator<Item = String> + '_ {
    catalog.operations().filter(|operation| refusal(*operation).is_none()).map(|operation| operation.id())
}

/// A moment or a day as ServiceTitan writes it: without a zone it is UTC.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()).ok();
    let local = || text.parse::<NaiveDateTime>().ok();
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    zoned.or_else(|| Some(local().or_else(day)?.and_utc()))
}
