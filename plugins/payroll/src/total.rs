//! The control total: what a person compares with the provider's screen before saying yes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::records::HoursClass;
use crate::sheet::PaySheet;

/// The sums of what a file says: reckoned from the rounded values that were written, not from what they came of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ControlTotal {
    /// Rows, without the header.
    pub rows: usize,
    /// People.
    pub people: usize,
    /// Hours, by class.
    pub hours: BTreeMap<HoursClass, Decimal>,
    /// Money of time, by class, where time is paid by its amount.
    pub time: BTreeMap<HoursClass, Decimal>,
    /// Other money, by earnings code.
    pub earnings: BTreeMap<String, Decimal>,
}

impl ControlTotal {
    /// Names and values, in the order in which people read them; with what the sheet left out.
    pub fn lines(&self, sheet: &PaySheet) -> Vec<(String, String)> {
        let mut lines =
            vec![("rows".to_owned(), self.rows.to_string()), ("people".to_owned(), self.people.to_string())];
        for (class, hours) in &self.hours {
            lines.push((format!("{} hours", class.name()), format!("{hours:.2}")));
        }
        for (class, amount) in &self.time {
            lines.push((format!("{} amount", class.name()), format!("{amount:.2}")));
        }
        for (code, amount) in &self.earnings {
            lines.push((format!("earnings {code}"), format!("{amount:.2}")));
        }
        let amount: Decimal = self.earnings.values().chain(self.time.values()).sum();
        lines.push(("amount".to_owned(), format!("{amount:.2}")));
        for (kind, amount) in &sheet.skipped {
            lines.push((format!("left out: {kind}"), format!("{amount:.2}")));
        }
        if !sheet.excluded.is_empty() {
            lines.push(("left out: people not in payroll".to_owned(), sheet.excluded.len().to_string()));
        }
        lines
    }
}
