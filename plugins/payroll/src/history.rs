//! What was said to the provider about a payroll period, so that what changes later becomes a correction.
//!
//! A period is exported whole in the window in which it ends. Later windows may correct it: each says the difference
//! to everything that all *other* windows said. So whoever runs a window again gets what that window said before,
//! where nothing has changed since. A period that is exported whole again starts anew: the corrections are in it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::postings::{Account, Postings, What, difference};
use crate::records::{HoursClass, PersonKey, PersonKind};

/// All that was said of one payroll period.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The last day of the period.
    pub last_day: NaiveDate,
    /// What the numbers mean: only what was said under the same layout and settings can be compared.
    pub terms: String,
    said: BTreeMap<String, Postings>,
}

impl History {
    /// A period that `window` exports whole.
    pub fn whole(last_day: NaiveDate, terms: impl Into<String>, window: impl Into<String>, said: Postings) -> History {
        History { last_day, terms: terms.into(), said: BTreeMap::from([(window.into(), said)]) }
    }

    /// What `window` has to say, so that with all others it comes to `now`.
    pub fn correction(&self, window: &str, now: &Postings) -> Postings {
        let mut others = Postings::new();
        for postings in self.said.iter().filter(|(other, _)| *other != window).map(|(_, said)| said) {
            for (account, value) in postings {
                *others.entry(account.clone()).or_default() += *value;
            }
        }
        difference(now, &others)
    }

    /// Keeps what `window` says in correction. Whether that is anything else than before.
    pub fn correct(&mut self, window: &str, correction: Postings) -> bool {
        match correction.is_empty() {
            true => self.said.remove(window).is_some(),
            false => self.said.insert(window.to_owned(), correction.clone()) != Some(correction),
        }
    }

    /// The history as text: CSV, a row a number.
    pub fn write(&self) -> String {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let mut rows = vec![vec![self.last_day.to_string(), self.terms.clone()]];
        for (window, postings) in &self.said {
            rows.push(vec![window.clone()]);
            for (account, value) in postings {
                let (kind, id) = match account.person {
                    PersonKey { kind: PersonKind::Technician, id } => ("technician", id),
                    PersonKey { kind: PersonKind::Employee, id } => ("employee", id),
                };
                let (what, name) = match &account.what {
                    What::Hours(class) => ("hours", class.name()),
                    What::Wages(class) => ("wages", class.name()),
                    What::Earning(code) => ("earning", code.as_str()),
                };
                // An absent unit and an empty one are the same: lines never have the latter.
                let unit = account.unit.clone().unwrap_or_default();
                let day = account.day.map(|day| day.to_string()).unwrap_or_default();
                let (payroll, id) = (account.payroll.to_string(), id.to_string());
                rows.push([&payroll, kind, &id, what, name, &unit, &day, &value.to_string()].map(str::to_owned).into());
            }
        }
        for row in rows {
            // Into memory: nothing can fail.
            let _ = writer.write_record(row);
        }
        writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(text: &str) -> Result<History, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut rows = reader.records();
        let odd = || "what is kept of a payroll period cannot be read".to_owned();
        let head = rows.next().and_then(Result::ok).ok_or_else(odd)?;
        let (Some(last_day), Some(terms)) = (head.get(0).and_then(|day| day.parse().ok()), head.get(1)) else {
            return Err(odd());
        };
        let mut history = History { last_day, terms: terms.to_owned(), said: BTreeMap::new() };
        let mut window = None;
        for row in rows {
            let row = row.map_err(|_| odd())?;
            let cells: Vec<&str> = row.iter().collect();
            match (cells.as_slice(), &window) {
                ([own], _) => {
                    history.said.entry((*own).to_owned()).or_default();
                    window = Some((*own).to_owned());
                }
                (cells, Some(window)) => {
                    let (account, value) = posting(cells).ok_or_else(odd)?;
                    history.said.entry(window.clone()).or_default().insert(account, value);
                }
                _ => return Err(odd()),
            }
        }
        Ok(history)
    }
}

fn posting(cells: &[&str]) -> Option<(Account, Decimal)> {
    let [payroll, kind, id, what, name, unit, day, value] = *cells else { return None };
    let class = || HoursClass::ALL.into_iter().find(|class| class.name() == name);
    let kind = match kind {
        "technician" => PersonKind::Technician,
        "employee" => PersonKind::Employee,
        _ => return None,
    };
    let account = Account {
        payroll: payroll.parse().ok()?,
        person: PersonKey { kind, id: id.parse().ok()? },
        what: match what {
            "hours" => What::Hours(class()?),
            "wages" => What::Wages(class()?),
            "earning" => What::Earning(name.to_owned()),
            _ => return None,
        },
        unit: Some(unit.to_owned()).filter(|unit| !unit.is_empty()),
        day: if day.is_empty() { None } else { Some(day.parse().ok()?) },
    };
    Some((account, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(values: &[(&str, &str)]) -> Postings {
        let posting = |(code, value): &(&str, &str)| {
            let person = PersonKey { kind: PersonKind::Employee, id: 3 };
            let what = What::Earning((*code).to_owned());
            let account = Account { payroll: 10, person, what, unit: None, day: "2026-01-05".parse().ok() };
            (account, value.parse().unwrap())
        };
        values.iter().map(posting).collect()
    }

    fn history(values: &[(&str, &str)]) -> History {
        History::whole("2026-01-11".parse().unwrap(), "gusto", "w1", said(values))
    }

    #[test]
    fn a_window_says_what_all_others_have_not() {
        let mut history = history(&[("A", "10"), ("B", "5")]);
        let now = said(&[("A", "12"), ("C", "1")]);
        let first = history.correction("w2", &now);
        assert_eq!(first, said(&[("A", "2"), ("B", "-5"), ("C", "1")]));
        assert!(history.correct("w2", first.clone()));
        assert!(history.correction("w3", &now).is_empty(), "it is said already");

        // The same window again says the same, also when a later one has corrected more.
        assert_eq!(history.correction("w2", &now), first);
        assert!(!history.correct("w2", first.clone()));
        let later = said(&[("A", "12"), ("C", "4")]);
        let second = history.correction("w3", &later);
        assert_eq!(second, said(&[("C", "3")]));
        history.correct("w3", second);
        assert_eq!(history.correction("w2", &later), first);
    }

    #[test]
    fn a_correction_that_has_become_void_is_forgotten() {
        let mut history = history(&[("A", "10")]);
        history.correct("w2", said(&[("A", "1")]));
        assert!(history.correct("w2", history.correction("w2", &said(&[("A", "10")]))));
        assert_eq!(history, self::history(&[("A", "10")]));
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let mut history = history(&[("A, \"B\"\nC", "10.25"), ("B", "-5")]);
        history.correct("w2", said(&[("A", "1")]));
        assert_eq!(History::read(&history.write()).unwrap(), history);
        let empty = self::history(&[]);
        assert_eq!(History::read(&empty.write()).unwrap(), empty);
        assert!(History::read("").is_err() && History::read("2026-01-11,gusto\n1,2\n").is_err());
    }
}
