//! The settings that the operator gave, and a reader that finds every fault in them at once.
//!
//! ```
//! use tradewire_plugin::Settings;
//!
//! let settings = Settings::from([("company-code", "AB"), ("decimals", "two"), ("colour", "red")]);
//! let mut reading = settings.reading();
//! let company = reading.required("company-code");
//! let decimals: u32 = reading.parsed("decimals", 2);
//! let faults = reading.finish().unwrap_err().reasons;
//! assert_eq!(faults, ["setting `decimals` is `two`: invalid digit found in string", "setting `colour` is unknown"]);
//! # let _ = (company, decimals);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use crate::bindings::wasi::config::store;
use crate::{Failure, Result};

/// All settings of the run, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(crate) fn read() -> Result<Self> {
        Ok(Settings(store::get_all()?.into_iter().collect()))
    }

    /// The setting of that name, where the operator gave one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Begins to read them: faults are gathered, and [`Reading::finish`] tells all of them.
    pub fn reading(&self) -> Reading<'_> {
        Reading { settings: self, known: BTreeSet::new(), faults: Vec::new() }
    }
}

impl<N: Into<String>, V: Into<String>, const COUNT: usize> From<[(N, V); COUNT]> for Settings {
    fn from(settings: [(N, V); COUNT]) -> Self {
        Settings(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Settings being read.
pub struct Reading<'a> {
    settings: &'a Settings,
    known: BTreeSet<String>,
    faults: Vec<String>,
}

impl Reading<'_> {
    /// A setting that must be there. It is empty, and a fault is noted, where it is not.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.fault(format!("setting `{name}` is missing: add `{name} = \"…\"` to the export's settings"));
            String::new()
        })
    }

    /// A setting that may be left out.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.known.insert(name.to_owned());
        self.settings.get(name).map(str::to_owned)
    }

    /// A setting of some type, `otherwise` where it is left out.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str, otherwise: T) -> T {
        let Some(text) = self.optional(name) else { return otherwise };
        text.parse().unwrap_or_else(|e| {
            self.fault(format!("setting `{name}` is `{text}`: {e}"));
            otherwise
        })
    }

    /// A setting that is one of two words, each with what it stands for; the first where it is left out.
    pub fn choice<T: Copy>(&mut self, name: &str, words: [(&str, T); 2]) -> T {
        let given = self.optional(name);
        let given = given.as_deref().unwrap_or(words[0].0);
        match words.iter().find(|(word, _)| *word == given) {
            Some((_, value)) => *value,
            None => {
                self.fault(format!("setting `{name}` is `{given}`: write `{}` or `{}`", words[0].0, words[1].0));
                words[0].1
            }
        }
    }

    /// A setting that is a table in one line: `Bonus=BON, Spiff=SPF`. Empty where it is left out.
    pub fn pairs(&mut self, name: &str) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        for pair in self.words(name) {
            match pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    if pairs.insert(key.to_owned(), value.to_owned()).is_some() {
                        self.fault(format!("setting `{name}` names `{key}` twice"));
                    }
                }
                _ => self.fault(format!("setting `{name}` holds `{pair}`: write `key=value, key=value`")),
            }
        }
        pairs
    }

    /// A setting that is a list in one line: `salary, reimbursement`. Empty where it is left out.
    pub fn words(&mut self, name: &str) -> Vec<String> {
        self.words_or(name, "")
    }

    /// A setting that is a list in one line, `otherwise` where it is left out.
    pub fn words_or(&mut self, name: &str, otherwise: &str) -> Vec<String> {
        let text = self.optional(name);
        let words = text.as_deref().unwrap_or(otherwise).split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// Notes a fault of the plugin's own finding.
    pub fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    /// Ends the reading. A setting that nobody asked for is a fault, too: it is most likely misspelt.
    ///
    /// # Errors
    /// A refusal with every fault as a reason.
    pub fn finish(mut self) -> Result<()> {
        for (name, _) in self.settings.iter() {
            if !self.known.contains(name) {
                self.faults.push(format!("setting `{name}` is unknown"));
            }
        }
        match self.faults.len() {
            0 => Ok(()),
            1 => Err(Failure::refused(self.faults[0].clone()).because(self.faults)),
            many => Err(Failure::refused(format!("{many} settings are wrong")).because(self.faults)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let settings = Settings::from([("a", "x"), ("c", "1")]);
        let mut reading = settings.reading();
        reading.parsed::<u8>("a", 0);
        reading.required("b");
        let failure = reading.finish().unwrap_err();
        assert_eq!(failure.message, "3 settings are wrong");
        assert_eq!(failure.reasons.len(), 3);
    }

    #[test]
    fn a_choice_is_the_first_where_it_is_left_out_and_a_fault_where_it_is_neither() {
        let settings = Settings::from([("unit", "cents"), ("time", "minutes")]);
        let mut reading = settings.reading();
        assert_eq!(reading.choice("sign", [("plus", 1), ("minus", -1)]), 1);
        assert_eq!(reading.choice("unit", [("dollars", 100), ("cents", 1)]), 1);
        reading.choice("time", [("hours", 60), ("days", 1440)]);
        let reasons = reading.finish().unwrap_err().reasons;
        assert_eq!(reasons, ["setting `time` is `minutes`: write `hours` or `days`"]);
    }

    #[test]
    fn a_list_that_is_left_out_is_another() {
        let settings = Settings::from([("given", "a, ,b"), ("none", "")]);
        let mut reading = settings.reading();
        assert_eq!(reading.words_or("given", "c"), ["a", "b"]);
        assert_eq!(reading.words_or("left-out", "c, d"), ["c", "d"]);
        assert!(reading.words_or("none", "c").is_empty());
        reading.finish().unwrap();
    }

    #[test]
    fn a_table_in_one_line_keeps_its_pairs_and_tells_what_is_none() {
        let settings = Settings::from([("codes", "Bonus=BON, Spiff = SPF,,oops, Bonus=B2")]);
        let mut reading = settings.reading();
        assert_eq!(reading.pairs("codes")["Spiff"], "SPF");
        let reasons = reading.finish().unwrap_err().reasons;
        assert_eq!(
            reasons,
            ["setting `codes` holds `oops`: write `key=value, key=value`", "setting `codes` names `Bonus` twice"]
        );
    }
}
