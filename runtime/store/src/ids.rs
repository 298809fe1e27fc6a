//! Ids of rows, and what people write for them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

/// Ids: UUIDs of version 7, so that they sort by time.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident)*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Uuid);

            impl $name {
                /// A new one.
                #[allow(clippy::new_without_default)]
                pub fn new() -> Self {
                    Self(Uuid::now_v7())
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.hyphenated().fmt(f)
                }
            }

            impl FromStr for $name {
                type Err = uuid::Error;

                fn from_str(text: &str) -> Result<Self, uuid::Error> {
                    text.parse().map($name)
                }
            }

            impl Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )*
    };
}

ids! {
    /// A run's id: that of one attempt.
    RunId
    /// The id of a write in a run's journal.
    WriteId
    /// The id of a webhook event that is stored.
    EventId
}

impl RunId {
    /// The end of it, which tells runs apart well enough for people: the beginning is the time.
    pub fn short(&self) -> String {
        let id = self.to_string();
        id.get(id.len() - SHORT..).unwrap_or(&id).to_owned()
    }
}

/// How many characters of an id people are shown.
const SHORT: usize = 8;
/// How many they must write.
const SHORTEST: usize = 4;

/// What a person writes for a run: its id, or the beginning or the end of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunName(String);

/// That a text is no part of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a run: write its id as `tradewire runs list` shows it, or at least {SHORTEST} characters of its beginning \
     or its end"
)]
pub struct NotARunName;

impl RunName {
    /// The text, of hexadecimal digits and hyphens only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunName {
    type Err = NotARunName;

    fn from_str(text: &str) -> Result<Self, NotARunName> {
        let is_part = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_part && text.len() >= SHORTEST { Ok(RunName(text.to_ascii_lowercase())) } else { Err(NotARunName) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_run_is_named_by_a_part_of_its_id() {
        let id = RunId::new();
        let part: RunName = id.short().to_uppercase().parse().unwrap();
        assert!(id.to_string().ends_with(part.as_str()) && part.as_str().len() == SHORT);
        assert!(id.to_string().parse::<RunName>().is_ok());
        for text in ["", "abc", "12345%", "weekly-payroll", "019a_bcd"] {
            assert_eq!(text.parse::<RunName>(), Err(NotARunName), "{text}");
        }
    }
}
