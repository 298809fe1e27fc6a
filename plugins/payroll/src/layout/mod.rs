//! Layouts: what a provider's file looks like, as data.
//!
//! A layout is a TOML file; those of [`PROVIDERS`] are part of the crate, and an operator may write another. Columns
//! say what stands in them; by what a file has rows follows from that: a file that shows days has a row a day, one
//! that shows the row's own code has a row for each kind of pay.
//!
//! ```
//! let layout = tradewire_payroll::Layout::parse(r#"
//! provider = "Example Pay"
//! about = "One row a person."
//! file-name = "{company}-{window-end:%Y%m%d}.csv"
//! content-type = "text/csv"
//! format = { separator = ",", line-ending = "crlf", encoding = "ascii", hours = "0.00", amounts = "0.00" }
//!
//! [[setting]]
//! name = "company"
//! about = "the company's code"
//! required = true
//! rule = { says = "two letters", pattern = "[A-Z]{2}" }
//! sure = "confirmed"
//!
//! [[column]]
//! title = "Employee"
//! text = "{external-id:0>6}"
//! sure = "confirmed"
//!
//! [[column]]
//! title = "Hours"
//! hours = "regular"
//! sure = "uncertain"
//! "#);
//! assert!(layout.is_ok());
//! ```
//!
//! | Key of a layout | |
//! |---|---|
//! | `provider`, `about` | for documents and messages |
//! | `file-name`, `content-type` | the name is a [text with fields](template): settings and `window-end` |
//! | `format` | `separator`, `line-ending` (`crlf`, `lf`), `encoding` (`ascii`, `utf-8`), `quoting`, `header`, `header-when`, and the steps of `hours` (`0.00`, `HH:MM`) and `amounts` (`0.00`) |
//! | `preamble` | rows before the header, each a list of texts |
//! | `class-codes` | the setting that holds the code of a class of time |
//! | `order` | a setting that lists titles: these columns are written, in that order |
//! | `only-one-of` | lists of titles of which a row may fill one |
//! | `[[setting]]` | `name`, `about`, `required`, `default`, `choices`, `table` (`key=value, key=value`; `*` is every other key), `rule`, `sure` |
//! | `[[column]]` | `title`, what stands in it, `when` it is there (`setting`: it is given; `setting=value`), `filled-when` it is not blank, `beside` (blank where that column is), `rule`, `sure`, `about` |
//!
//! What stands in a column is one of: `text`; `hours` or `amount` (`regular`, `overtime`, `double-overtime`,
//! `paid-time-off`, or `row`: of the row, which then has one kind of pay alone); `earnings` (the money of that code);
//! `slot-code` and `slot-amount` (the first, second… of the other codes, in as many rows as it takes); nothing.
//! A setting `time` chooses whether time is paid by `hours` or as `earnings`; without it, by hours.

mod bound;
mod check;
mod docs;
pub mod rule;
mod source;
pub mod template;

use std::collections::BTreeMap;

pub use bound::{Bound, BoundColumn};
use rule::Rule;
pub use source::{Of, Sure};
use template::Template;

use crate::postings::Step;
use crate::records::HoursClass;

/// The providers whose layouts are part of the crate, by the names that settings call them.
pub const PROVIDERS: [(&str, &str); 6] = [
    ("adp-workforce-now", include_str!("../../layouts/adp-workforce-now.toml")),
    ("adp-run", include_str!("../../layouts/adp-run.toml")),
    ("paychex-flex", include_str!("../../layouts/paychex-flex.toml")),
    ("gusto", include_str!("../../layouts/gusto.toml")),
    ("paylocity", include_str!("../../layouts/paylocity.toml")),
    ("quickbooks-desktop", include_str!("../../layouts/quickbooks-desktop.toml")),
];

/// Settings that no layout may have, because every export has them.
pub const COMMON_SETTINGS: [&str; 13] = [
    "provider",
    "layout",
    "codes",
    "kind-codes",
    "leave-out",
    "unclassified-time",
    "amount-adjustment",
    "time-adjustment-code",
    "unit-of-pay",
    "file-name",
    "when-empty",
    "longest-period-days",
    "look-back-weeks",
];

/// A layout without a fault.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The provider's name.
    pub provider: String,
    /// What kind of file it is.
    pub about: String,
    /// The file's media type.
    pub content_type: String,
    file_name: Template,
    format: Format,
    preamble: Vec<Vec<Template>>,
    class_codes: BTreeMap<HoursClass, String>,
    order: Option<String>,
    only_one_of: Vec<Vec<String>>,
    settings: Vec<Setting>,
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Format {
    separator: u8,
    crlf: bool,
    ascii: bool,
    quoting: bool,
    header: bool,
    header_when: Option<When>,
    hours: Step,
    amounts: Step,
}

/// A setting of a layout.
#[derive(Debug, Clone)]
pub struct Setting {
    name: String,
    about: String,
    required: bool,
    default: Option<Template>,
    written_default: Option<String>,
    choices: Vec<String>,
    table: bool,
    rule: Option<Rule>,
    sure: Option<Sure>,
}

#[derive(Debug, Clone)]
struct Column {
    title: Template,
    written_title: String,
    content: Content,
    when: Option<When>,
    filled_when: Option<When>,
    beside: Option<String>,
    rule: Option<Rule>,
    sure: Sure,
    about: Option<String>,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Content {
    Blank,
    Text(Template),
    Hours(Of),
    Amount(Of),
    Earnings(String),
    SlotCode(usize),
    SlotAmount(usize),
}

#[derive(Debug, Clone, PartialEq)]
struct When {
    setting: String,
    is: Option<String>,
}

impl Layout {
    /// Reads a layout.
    ///
    /// # Errors
    /// Every fault, with its line.
    pub fn parse(text: &str) -> Result<Layout, Vec<String>> {
        check::read(text)
    }

    /// The layout of a provider, by the name that settings call it.
    pub fn of(provider: &str) -> Option<Layout> {
        let (_, text) = PROVIDERS.iter().find(|(name, _)| *name == provider)?;
        Layout::parse(text).ok()
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.is {
            Some(is) => write!(f, "{}={is}", self.setting),
            None => f.write_str(&self.setting),
        }
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
