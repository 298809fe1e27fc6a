//! The control total: what a person compares with the provider's screen before saying yes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::line::Sheet;
use crate::postings::{Grain, Postings, What};
use crate::records::HoursClass;

/// The sums of what a file says: reckoned from the rounded values that were written, not from what they came of.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlTotal {
    /// Rows, without the header.
    pub rows: usize,
    /// People.
    pub people: usize,
    /// Hours by class, money of time by class where time is paid by its amount, other money by earnings code.
    pub sums: BTreeMap<What, Decimal>,
    grain: Grain,
}

impl ControlTotal {
    pub(crate) fn of(postings: &Postings, rows: usize, people: usize, grain: Grain) -> ControlTotal {
        let mut sums = BTreeMap::new();
        for (account, value) in postings {
            *sums.entry(account.what.clone()).or_default() += *value;
        }
        ControlTotal { rows, people, sums, grain }
    }

    /// Hours of a class, in the file's steps.
    pub fn hours(&self, class: HoursClass) -> Decimal {
        self.sums.get(&What::Hours(class)).copied().unwrap_or_default()
    }

    /// All money.
    pub fn amount(&self) -> Decimal {
        self.sums.iter().filter(|(what, _)| !matches!(what, What::Hours(_))).map(|(_, sum)| *sum).sum()
    }

    /// Names and values, in the order in which people read them; with what the sheet left out.
    pub fn lines(&self, sheet: &Sheet) -> Vec<(String, String)> {
        let mut lines =
            vec![("rows".to_owned(), self.rows.to_string()), ("people".to_owned(), self.people.to_string())];
        for (what, sum) in &self.sums {
            let name = match what {
                What::Hours(class) => format!("{} hours", class.name()),
                What::Wages(class) => format!("{} amount", class.name()),
                What::Earning(code) => format!("earnings {code}"),
            };
            lines.push((name, self.grain.step(what).write(*sum)));
        }
        lines.push(("amount".to_owned(), self.grain.money.write(self.amount())));
        for (kind, amount) in &sheet.skipped {
            let money = self.grain.money;
            lines.push((format!("left out: {kind}"), money.write(money.round(*amount))));
        }
        if !sheet.excluded.is_empty() {
            lines.push(("left out: people not in payroll".to_owned(), sheet.excluded.len().to_string()));
        }
        lines
    }
}
