//! The settings of the export: its own, and those of the layout.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use tradewire_plugin::{Failure, Result, Settings};
use tradewire_purchasing::ledger::layout::By;
use tradewire_purchasing::ledger::{LEDGERS, Layout, Terms};

pub struct Options {
    pub layout: Layout,
    /// The layout's own settings.
    pub own: BTreeMap<String, String>,
    pub terms: Terms,
    /// What `syncStatus` says of bills that are not exported.
    pub statuses: Vec<String>,
    pub leave_out_faulty: bool,
    pub write_empty: bool,
    pub file_name: String,
}

impl Options {
    pub fn read(settings: &Settings, last_day: NaiveDate) -> Result<Options> {
        let mut reading = settings.reading();
        let (ledger, written) = (reading.optional("ledger"), reading.optional("layout"));
        let layout = match (&ledger, &written) {
            (_, Some(text)) => Layout::parse(text),
            (Some(name), None) => Layout::of(name).ok_or_else(|| {
                let known: Vec<&str> = LEDGERS.iter().map(|(name, _)| *name).collect();
                vec![format!("setting `ledger` is `{name}`: write {}", known.join(", "))]
            }),
            (None, None) => {
                Err(vec!["setting `ledger` is missing: add `ledger = \"…\"` to the export's settings".to_owned()])
            }
        };
        let layout =
            layout.map_err(|faults| Failure::refused("there is no layout to write the file by").because(faults))?;
        let mut own = BTreeMap::new();
        for setting in &layout.settings {
            let given = match setting.required {
                true => Some(reading.required(&setting.name)),
                false => reading.optional(&setting.name).or(setting.default.clone()),
            };
            own.insert(setting.name.clone(), given.unwrap_or_default());
        }
        let terms = Terms {
            vendors_by_name: reading.parsed("vendors-by", layout.vendors) == By::Name,
            accounts_by_name: reading.parsed("accounts-by", layout.accounts) == By::Name,
            vendors: reading.pairs("vendors"),
            line_account: reading.parsed("line-account", Default::default()),
            accounts: reading.pairs("accounts"),
            tax: reading.optional("tax-account"),
            shipping: reading.optional("shipping-account"),
            other: reading.optional("other-account"),
        };
        let statuses = reading.words("statuses");
        let leave_out_faulty = reading.choice("faulty", [("refuse", false), ("leave-out", true)]);
        let file_name = reading.optional("file-name").unwrap_or_else(|| layout.file_name(last_day));
        let write_empty = reading.parsed("write-empty", false);
        reading.finish()?;
        let statuses = if statuses.is_empty() { vec!["Pending".to_owned(), "Posted".to_owned()] } else { statuses };
        Ok(Options { layout, own, terms, statuses, leave_out_faulty, write_empty, file_name })
    }
}
