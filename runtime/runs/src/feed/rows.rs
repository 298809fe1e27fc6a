//! A page's rows: what tells one from another, and the page without those that were handed over before.

use std::collections::HashSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tradewire_client::CallError;
use tradewire_config::feed::moment;

/// A page as it came, with its rows looked into.
pub(super) struct Rows<'p> {
    envelope: IndexMap<String, &'p RawValue>,
    pub(super) rows: Vec<Row<'p>>,
    pub(super) has_more: bool,
    pub(super) continue_from: Option<String>,
}

/// One row.
pub(super) struct Row<'p> {
    text: &'p RawValue,
    /// Told apart by it.
    pub(super) key: String,
    /// When it was changed, where it says so; and as it says so.
    pub(super) modified: Option<(DateTime<Utc>, String)>,
}

/// What a row says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Says<'p> {
    #[serde(borrow, default)]
    id: Option<&'p RawValue>,
    #[serde(default)]
    modified_on: Option<String>,
}

impl<'p> Rows<'p> {
    pub(super) fn read(page: &'p [u8]) -> Result<Rows<'p>, CallError> {
        let unreadable = |error: serde_json::Error| {
            CallError::new("unreadable", format!("the feed's page is not what the catalog says: {error}"))
        };
        let envelope: IndexMap<String, &RawValue> = serde_json::from_slice(page).map_err(unreadable)?;
        let texts: Vec<&RawValue> = member(&envelope, "data").map_err(unreadable)?.unwrap_or_default();
        let has_more = member(&envelope, "hasMore").map_err(unreadable)?.unwrap_or(false);
        let continue_from = member(&envelope, "continueFrom").map_err(unreadable)?;
        Ok(Rows { rows: texts.into_iter().map(Row::read).collect(), envelope, has_more, continue_from })
    }

    /// Leaves out rows; whether any were.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Row<'p>) -> bool) -> bool {
        let before = self.rows.len();
        self.rows.retain(|row| keep(row));
        self.rows.len() < before
    }

    /// Leaves out those that are known, and those that come twice; whether any were.
    pub(super) fn without(&mut self, known: &HashSet<String>) -> bool {
        let mut twice = HashSet::new();
        self.retain(|row| !known.contains(&row.key) && twice.insert(row.key.clone()))
    }

    /// The page with the rows that are left.
    pub(super) fn page(&self) -> Bytes {
        let mut page = String::from("{");
        for (n, (name, text)) in self.envelope.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            page += &format!("{comma}{}:", serde_json::Value::from(name.as_str()));
            match name.as_str() {
                "data" => {
                    let rows: Vec<&str> = self.rows.iter().map(|row| row.text.get()).collect();
                    page += &format!("[{}]", rows.join(","));
                }
                _ => page += text.get(),
            }
        }
        page.push('}');
        page.into()
    }
}

fn member<'p, T: Deserialize<'p>>(
    envelope: &IndexMap<String, &'p RawValue>,
    name: &str,
) -> Result<Option<T>, serde_json::Error> {
    envelope.get(name).map_or(Ok(None), |text| serde_json::from_str(text.get()))
}

impl<'p> Row<'p> {
    fn read(text: &'p RawValue) -> Row<'p> {
        let says = serde_json::from_str(text.get()).unwrap_or(Says { id: None, modified_on: None });
        let digest = match (says.id, &says.modified_on) {
            (Some(id), Some(modified)) => Sha256::digest(format!("{}\n{modified}", id.get())),
            _ => Sha256::digest(text.get()),
        };
        let modified = says.modified_on.and_then(|text| Some((moment(&text)?, text)));
        Row { text, key: HEXLOWER.encode(&digest[..8]), modified }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PAGE: &str = r#"{"page":1,"hasMore":true,"data":[{"id":1,"modifiedOn":"2026-01-01T00:00:00.1234567Z","a":[1.50]},
        {"modifiedOn":"2026-01-01T00:00:00.1234567","id":2},{"id":1,"a":2,"modifiedOn":"2026-01-01T00:00:00.1234567Z"},{"id":3}]}"#;

    #[test]
    fn rows_are_told_apart_by_id_and_time_of_change() {
        let page = Rows::read(PAGE.as_bytes()).unwrap();
        let keys: Vec<&str> = page.rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys[0], keys[2], "whatever else they say");
        assert!(keys[0] != keys[1] && keys[1] != keys[3]);
        let times: Vec<_> = page.rows.iter().map(|row| row.modified.as_ref().map(|(moment, _)| *moment)).collect();
        assert_eq!((times[0], times[3]), (times[1], None));
    }

    #[test]
    fn a_page_without_some_rows_is_else_as_it_came() {
        let mut page = Rows::read(PAGE.as_bytes()).unwrap();
        let known = HashSet::from([page.rows[1].key.clone()]);
        assert!(page.without(&known));
        let text = page.page();
        assert_eq!(
            text,
            r#"{"page":1,"hasMore":true,"data":[{"id":1,"modifiedOn":"2026-01-01T00:00:00.1234567Z","a":[1.50]},{"id":3}]}"#
        );
        assert!(Rows::read(&text).unwrap().has_more);
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        for page in ["", "[]", "{\"data\":{}}", "<html>", "{\"data\":[{}"] {
            assert!(Rows::read(page.as_bytes()).is_err(), "{page}");
        }
        assert!(Rows::read(b"{\"data\":null,\"hasMore\":null}").unwrap().rows.is_empty());
    }
}
