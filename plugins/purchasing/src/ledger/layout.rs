//! Layouts: what a ledger's file looks like, as data.
//!
//! A layout is a TOML file; those of [`LEDGERS`] are part of the crate, and an operator may write another.
//!
//! | Key | |
//! |---|---|
//! | `ledger`, `about` | for documents and messages |
//! | `file-name`, `content-type` | `{window-end}` is the last day of the window |
//! | `format` | `separator`, `line-ending` (`crlf`, `lf`), `encoding` (`ascii`, `utf-8`), `quoting`, `dates` (as `strftime` has it) |
//! | `vendors`, `accounts` | what the ledger knows them by: `name` or `number` |
//! | `preamble`, `header` | rows before all others; whether the titles of `[[line]]` come then |
//! | `[[bill]]`, `[[line]]`, `after-bill` | the columns of the row of a bill, where it has one; of each of its debits; a row after them |
//! | `[[setting]]` | `name` (not one of a field or of the export's own settings), `about`, `required`, `default`, `sure` |
//!
//! A column has a `title`, a `text` (none leaves it blank), `first` (it stands on the first row of a bill alone), `free`
//! (text from people, made to fit; all else is refused where it does not), `longest`, `about` and `sure`: `confirmed` by
//! the ledger's own pages, from `implementations` by others, or `uncertain`.
//!
//! In texts `{…}` is a setting, or of the bill `bill`, `number`, `order`, `vendor`, `date`, `due`, `posted`, `terms`,
//! `memo`, `business-unit`, `amount`, `-amount`, or of the debit `line`, `account`, `line-amount`, `line-memo`, `item`,
//! `quantity`, `cost`.

use std::collections::BTreeMap;

use chrono::format::{Item, StrftimeItems};
use serde::Deserialize;

/// The ledgers whose layouts are part of the crate, by the names that settings call them.
pub const LEDGERS: [(&str, &str); 3] = [
    ("quickbooks-desktop", include_str!("../../layouts/quickbooks-desktop.toml")),
    ("sage-intacct", include_str!("../../layouts/sage-intacct.toml")),
    ("acumatica", include_str!("../../layouts/acumatica.toml")),
];

/// What stands in texts besides settings.
pub(super) const FIELDS: [&str; 19] = [
    "bill",
    "number",
    "order",
    "vendor",
    "date",
    "due",
    "posted",
    "terms",
    "memo",
    "business-unit",
    "amount",
    "-amount",
    "line",
    "account",
    "line-amount",
    "line-memo",
    "item",
    "quantity",
    "cost",
];

/// Settings that no layout may have, because every export has them.
const COMMON_SETTINGS: [&str; 14] = [
    "ledger",
    "layout",
    "vendors-by",
    "vendors",
    "line-account",
    "accounts-by",
    "accounts",
    "tax-account",
    "shipping-account",
    "other-account",
    "statuses",
    "faulty",
    "write-empty",
    "file-name",
];

/// A layout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layout {
    /// The ledger's name.
    pub ledger: String,
    /// What kind of file it is.
    pub about: String,
    /// The file's media type.
    pub content_type: String,
    /// What the ledger knows vendors by.
    pub vendors: By,
    /// What the ledger knows accounts by.
    pub accounts: By,
    file_name: String,
    pub(super) format: Format,
    #[serde(default)]
    pub(super) preamble: Vec<Vec<String>>,
    #[serde(default)]
    pub(super) header: bool,
    #[serde(default)]
    pub(super) bill: Vec<Column>,
    pub(super) line: Vec<Column>,
    #[serde(default)]
    pub(super) after_bill: Vec<String>,
    /// Its settings.
    #[serde(default, rename = "setting")]
    pub settings: Vec<Setting>,
}

/// What something is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum By {
    Name,
    Number,
}

impl std::str::FromStr for By {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "name" => Ok(By::Name),
            "number" => Ok(By::Number),
            _ => Err("write `name` or `number`"),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Format {
    pub separator: String,
    pub line_ending: LineEnding,
    pub encoding: Encoding,
    pub quoting: bool,
    pub dates: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LineEnding {
    Crlf,
    Lf,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) enum Encoding {
    #[serde(rename = "ascii")]
    Ascii,
    #[serde(rename = "utf-8")]
    Utf8,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Column {
    pub title: String,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub first: bool,
    #[serde(default)]
    pub free: bool,
    pub longest: Option<usize>,
    #[serde(default)]
    pub about: String,
    pub sure: Sure,
}

/// A setting of a layout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// What it is where it is not given.
    pub default: Option<String>,
    /// How sure it is that the ledger takes it so.
    pub sure: Sure,
}

/// How sure a part of a layout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// By the ledger's own pages.
    Confirmed,
    /// From implementations by others.
    Implementations,
    /// Neither: try it, or ask.
    Uncertain,
}

impl std::fmt::Display for Sure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sure::Confirmed => "confirmed",
            Sure::Implementations => "implementations",
            Sure::Uncertain => "uncertain",
        })
    }
}

impl Layout {
    /// Reads a layout.
    ///
    /// # Errors
    /// What is wrong, with its line where it is the TOML that is.
    pub fn parse(text: &str) -> Result<Layout, Vec<String>> {
        let layout: Layout = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
        let mut faults = Vec::new();
        if layout.format.separator.len() != 1 {
            faults.push(format!("`separator` is `{}`: write one character", layout.format.separator.escape_debug()));
        }
        if StrftimeItems::new(&layout.format.dates).any(|item| item == Item::Error) {
            faults.push(format!("`dates` is `{}`, which is no form of a day: write `%m/%d/%Y`", layout.format.dates));
        }
        for Setting { name, .. } in &layout.settings {
            if COMMON_SETTINGS.contains(&name.as_str()) || FIELDS.contains(&name.as_str()) {
                faults.push(format!("setting `{name}` has a name that every layout has: take another"));
            }
        }
        let is_known =
            |name: &str| FIELDS.contains(&name) || layout.settings.iter().any(|setting| setting.name == name);
        for column in layout.bill.iter().chain(&layout.line) {
            for field in fields(&column.text).filter(|field| !is_known(field)) {
                faults.push(format!(
                    "column `{}` has `{{{field}}}`, which is neither a field nor a setting",
                    column.title
                ));
            }
        }
        if faults.is_empty() { Ok(layout) } else { Err(faults) }
    }

    /// The layout of a ledger, by the name that settings call it.
    pub fn of(ledger: &str) -> Option<Layout> {
        let (_, text) = LEDGERS.iter().find(|(name, _)| *name == ledger)?;
        Layout::parse(text).ok()
    }

    /// The file's name, for a window that ends on that day.
    pub fn file_name(&self, window_end: chrono::NaiveDate) -> String {
        self.file_name.replace("{window-end}", &window_end.format("%Y%m%d").to_string())
    }

    /// Its section of a README, in Markdown: `name` is what settings call it.
    pub fn markdown(&self, name: &str) -> String {
        let mut text = format!("### {}: `{name}`\n\n{}\n\n", self.ledger, self.about);
        text += "| | Sure | |\n|---|---|---|\n";
        for Setting { name, about, required, default, sure } in &self.settings {
            let default = match (required, default) {
                (true, _) => " (required)".to_owned(),
                (false, Some(default)) => format!(" (`{default}`)"),
                (false, None) => String::new(),
            };
            text += &format!("| setting `{name}`{default} | {sure} | {about} |\n");
        }
        for (row, columns) in [("bill", &self.bill), ("line", &self.line)] {
            for Column { title, sure, about, text: written, .. } in columns {
                let about = if about.is_empty() { format!("`{written}`") } else { about.clone() };
                text += &format!("| {row} `{title}` | {sure} | {about} |\n");
            }
        }
        text
    }
}

/// The names in `{…}`.
pub(super) fn fields(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// A text with its fields filled in.
pub(super) fn filled(text: &str, values: &BTreeMap<&str, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        out += before;
        out += values.get(name).map(String::as_str).unwrap_or_default();
        rest = after;
    }
    out + rest
}
