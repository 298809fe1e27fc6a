//! The operator's settings, read as a whole: every fault at once.

use chrono::Duration;
use tradewire_payroll::{AmountAdjustment, Rules, adp_workforce_now};
use tradewire_plugin::config::Reading;
use tradewire_plugin::{Result, Settings};

/// Everything that the operator decides. The README says what each setting means.
pub(crate) struct Options {
    pub layout: adp_workforce_now::Options,
    pub rules: Rules,
    pub file_name: Option<String>,
    pub when_empty: WhenEmpty,
    pub longest_period: Duration,
}

/// What happens where no period ends in the window.
#[derive(Clone, Copy)]
pub(crate) enum WhenEmpty {
    Nothing,
    Refuse,
}

impl Options {
    /// The options that `settings` give; `window_end` names the batch.
    pub fn read(settings: &Settings, window_end: &str) -> Result<Options> {
        let mut reading = settings.reading();
        let time_by_hours = choice(&mut reading, "time", [("hours", true), ("earnings", false)]);
        let layout = adp_workforce_now::Options {
            company_code: reading.required("company-code"),
            batch_id: reading.optional("batch-id").unwrap_or_else(|| batch_id(window_end)),
            double_overtime_code: reading.optional("double-overtime-code").unwrap_or_else(|| "D".to_owned()),
            pto_code: reading.optional("pto-code").unwrap_or_else(|| "P".to_owned()),
            time_by_hours,
        };
        let rules = Rules {
            codes: reading.pairs("codes"),
            kind_codes: reading.pairs("kind-codes"),
            skipped: reading.words("leave-out").into_iter().collect(),
            unclassified_is_regular: choice(&mut reading, "unclassified-time", [("refuse", false), ("regular", true)]),
            adjustment: choice(
                &mut reading,
                "amount-adjustment",
                [("included", AmountAdjustment::Included), ("added", AmountAdjustment::Added)],
            ),
            time_by_hours,
            time_adjustment_code: reading.optional("time-adjustment-code"),
        };
        let file_name = reading.optional("file-name");
        let when_empty =
            choice(&mut reading, "when-empty", [("nothing", WhenEmpty::Nothing), ("refuse", WhenEmpty::Refuse)]);
        let days: u16 = reading.parsed("longest-period-days", 35);
        for fault in layout.faults().into_iter().chain(rules.faults()) {
            reading.fault(fault);
        }
        reading.finish()?;
        Ok(Options { layout, rules, file_name, when_empty, longest_period: Duration::days(days.into()) })
    }
}

/// One of two words; the first where the setting is left out.
fn choice<T: Copy>(reading: &mut Reading<'_>, name: &str, words: [(&str, T); 2]) -> T {
    let given = reading.optional(name);
    let given = given.as_deref().unwrap_or(words[0].0);
    match words.iter().find(|(word, _)| *word == given) {
        Some((_, value)) => *value,
        None => {
            reading.fault(format!("setting `{name}` is `{given}`: write `{}` or `{}`", words[0].0, words[1].0));
            words[0].1
        }
    }
}

/// The day on which the window ends, in the window's own zone: `20251013`.
fn batch_id(window_end: &str) -> String {
    window_end.chars().take(10).filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const END: &str = "2025-10-13T06:00:00-07:00";

    #[test]
    fn a_company_code_is_all_that_must_be_given() {
        let options = Options::read(&Settings::from([("company-code", "AB")]), END).unwrap();
        assert_eq!(options.layout.batch_id, "20251013");
        assert_eq!(options.layout.file_name(), "PRAB_EPI.csv");
        assert!(options.rules.time_by_hours && !options.rules.unclassified_is_regular);
    }

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let settings = Settings::from([
            ("batch-id", "far-too-long"),
            ("time", "minutes"),
            ("kind-codes", "bonus=B"),
            ("leave-out", "salery"),
            ("longest-period-days", "-1"),
            ("colour", "red"),
        ]);
        let failure = Options::read(&settings, END).err().unwrap();
        assert_eq!(failure.message, "7 settings are wrong");
        for part in
            ["`company-code`", "`batch-id`", "`time`", "`bonus`", "`salery`", "`longest-period-days`", "`colour`"]
        {
            assert!(failure.reasons.iter().any(|reason| reason.contains(part)), "{part} in {:#?}", failure.reasons);
        }
    }
}
