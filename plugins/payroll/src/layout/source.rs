//! The layout file as it is written: TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::rule;
use crate::records::HoursClass;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Source {
    pub provider: String,
    pub about: String,
    pub file_name: Spanned<String>,
    pub content_type: String,
    pub format: Spanned<FormatSource>,
    #[serde(default)]
    pub preamble: Vec<Vec<Spanned<String>>>,
    #[serde(default)]
    pub class_codes: BTreeMap<HoursClass, Spanned<String>>,
    pub order: Option<Spanned<String>>,
    #[serde(default)]
    pub only_one_of: Vec<Spanned<Vec<String>>>,
    #[serde(default)]
    pub setting: Vec<SettingSource>,
    #[serde(default)]
    pub column: Vec<ColumnSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FormatSource {
    pub separator: String,
    pub line_ending: LineEnding,
    pub encoding: Encoding,
    #[serde(default = "yes")]
    pub quoting: bool,
    #[serde(default = "yes")]
    pub header: bool,
    pub header_when: Option<String>,
    pub hours: String,
    pub amounts: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LineEnding {
    Crlf,
    Lf,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Encoding {
    Ascii,
    #[serde(rename = "utf-8")]
    Utf8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SettingSource {
    pub name: Spanned<String>,
    pub about: String,
    #[serde(default)]
    pub required: bool,
    pub default: Option<String>,
    #[serde(default)]
    pub choices: Vec<String>,
    #[serde(default)]
    pub table: bool,
    pub rule: Option<rule::Source>,
    pub sure: Option<Sure>,
}

/// How sure a part of a layout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// By the provider's own pages.
    Confirmed,
    /// From two or more implementations by others.
    Implementations,
    /// Neither: ask the provider.
    Uncertain,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ColumnSource {
    pub title: Spanned<String>,
    pub text: Option<String>,
    pub hours: Option<Of>,
    pub amount: Option<Of>,
    pub earnings: Option<String>,
    pub slot_code: Option<usize>,
    pub slot_amount: Option<usize>,
    pub when: Option<String>,
    pub filled_when: Option<String>,
    pub beside: Option<String>,
    pub rule: Option<rule::Source>,
    pub sure: Sure,
    pub about: Option<String>,
}

/// Whose hours or money: of a class of time, or of the row, which then has one kind of pay alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    #[allow(missing_docs)]
    Regular,
    #[allow(missing_docs)]
    Overtime,
    #[allow(missing_docs)]
    DoubleOvertime,
    #[allow(missing_docs)]
    PaidTimeOff,
    /// Whatever the row is about.
    Row,
}

impl Of {
    /// The class, where it is one.
    pub fn class(self) -> Option<HoursClass> {
        match self {
            Of::Regular => Some(HoursClass::Regular),
            Of::Overtime => Some(HoursClass::Overtime),
            Of::DoubleOvertime => Some(HoursClass::DoubleOvertime),
            Of::PaidTimeOff => Some(HoursClass::PaidTimeOff),
            Of::Row => None,
        }
    }
}

fn yes() -> bool {
    true
}
