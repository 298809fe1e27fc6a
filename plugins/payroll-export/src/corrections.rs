//! Late changes to periods that were exported before: kept in the state what was said of each, and told the difference.

use std::collections::BTreeMap;

use tradewire_payroll::{History, PayrollPeriod, Postings};
use tradewire_plugin::state::State;
use tradewire_plugin::{Failure, Result, Run, log};

/// What was exported of payroll periods, by their numbers. What changes in it is kept when the run succeeds.
pub(crate) struct Exported {
    state: State,
    /// Keys by the periods' numbers: `2026-01-11.4711`, so that old ones can be forgotten unread.
    keys: BTreeMap<i64, String>,
    window: String,
    terms: String,
}

impl Exported {
    /// All that is kept; `terms` are the layout's.
    pub fn open(run: &Run, terms: String) -> Result<Exported> {
        let state = run.state()?;
        let keys = state.keys()?.into_iter().filter_map(|key| {
            let (_, payroll) = key.split_once('.')?;
            Some((payroll.parse().ok()?, key))
        });
        let keys = keys.collect();
        let window = format!("{}/{}", run.window().start, run.window().end);
        Ok(Exported { state, keys, window, terms })
    }

    /// Those of the periods that can be compared with what was said of them.
    pub fn comparable(&self, periods: Vec<PayrollPeriod>) -> Result<Vec<(PayrollPeriod, History)>> {
        let mut comparable = Vec::new();
        for period in periods {
            let Some(history) = self.history(period.id)? else { continue };
            if history.terms != self.terms {
                log::warn!(
                    "payroll {} was exported as `{}` and is not compared with `{}`",
                    period.id,
                    history.terms,
                    self.terms
                );
            } else if !period.is_approved() {
                log::warn!("payroll {} was exported and is not approved any more: not compared", period.id);
            } else {
                comparable.push((period, history));
            }
        }
        Ok(comparable)
    }

    fn history(&self, payroll: i64) -> Result<Option<History>> {
        let Some(key) = self.keys.get(&payroll) else { return Ok(None) };
        let text = self.state.get::<String>(key)?.unwrap_or_default();
        History::read(&text).map(Some).map_err(|fault| Failure::refused(format!("`{key}` in the state: {fault}")))
    }

    /// Keeps that the periods are exported whole by this run.
    pub fn keep_whole(&self, periods: &[PayrollPeriod], postings: &Postings) -> Result<()> {
        let mut said = by_payroll(postings);
        for period in periods {
            let said = said.remove(&period.id).unwrap_or_default();
            let history = History::whole(period.last_day, &self.terms, &self.window, said);
            self.keep(period.id, &history)?;
        }
        Ok(())
    }

    /// What this run has to say, so that all that was said of the periods comes to `now`; and keeps that it is said.
    pub fn correct(&self, earlier: Vec<(PayrollPeriod, History)>, now: &Postings) -> Result<Postings> {
        let mut now = by_payroll(now);
        let mut corrections = Postings::new();
        for (period, mut history) in earlier {
            let correction = history.correction(&self.window, &now.remove(&period.id).unwrap_or_default());
            if history.correct(&self.window, correction.clone()) {
                self.keep(period.id, &history)?;
            }
            corrections.extend(correction);
        }
        Ok(corrections)
    }

    /// Forgets the periods that ended before this day: nobody looks at them again.
    pub fn forget_before(&self, day: chrono::NaiveDate) -> Result<()> {
        for key in self.keys.values() {
            let last_day = key.split_once('.').and_then(|(day, _)| day.parse::<chrono::NaiveDate>().ok());
            if last_day.is_some_and(|last_day| last_day < day) {
                self.state.delete(key)?;
            }
        }
        Ok(())
    }

    fn keep(&self, payroll: i64, history: &History) -> Result<()> {
        let key = format!("{}.{payroll}", history.last_day);
        if let Some(old) = self.keys.get(&payroll).filter(|old| **old != key) {
            self.state.delete(old)?;
        }
        self.state.set(&key, history.write())
    }
}

fn by_payroll(postings: &Postings) -> BTreeMap<i64, Postings> {
    let mut parts: BTreeMap<i64, Postings> = BTreeMap::new();
    for (account, value) in postings {
        parts.entry(account.payroll).or_default().insert(account.clone(), *value);
    }
    parts
}

/// The name of the correction beside a file of that name.
pub(crate) fn file_name(name: &str, window_end: chrono::NaiveDate) -> String {
    let (stem, extension) =
        name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    format!("{stem}-correction-{}{extension}", window_end.format("%Y%m%d"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_correction_is_named_after_its_file_and_its_window() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 12).unwrap_or_default();
        assert_eq!(super::file_name("PRAB_EPI.csv", day), "PRAB_EPI-correction-20260112.csv");
        assert_eq!(super::file_name("payroll", day), "payroll-correction-20260112");
    }
}
