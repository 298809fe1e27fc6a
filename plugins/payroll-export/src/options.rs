//! The operator's settings, read as a whole: every fault at once.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate};
use tradewire_payroll::layout::PROVIDERS;
use tradewire_payroll::{AmountAdjustment, Bound, Layout, Rules};
use tradewire_plugin::config::Reading;
use tradewire_plugin::{Failure, Result, Settings, Window};

/// Everything that the operator decides. The README says what each setting means.
pub(crate) struct Options {
    pub layout: Bound,
    pub rules: Rules,
    /// Whether the cost of an item is its payout business unit's.
    pub payout_unit: bool,
    pub file_name: Option<String>,
    pub when_empty: WhenEmpty,
    pub longest_period: Duration,
    /// How long before the window periods that were exported are looked at again.
    pub look_back: Duration,
    /// The day in the company on which the window begins.
    pub window_start: NaiveDate,
    /// The day on which it ends.
    pub window_end: NaiveDate,
    /// The company's distance from UTC at the window's end.
    pub offset: FixedOffset,
}

/// What happens where no period ends in the window.
#[derive(Clone, Copy)]
pub(crate) enum WhenEmpty {
    Nothing,
    Refuse,
}

impl Options {
    /// The options that `settings` give; the window, in the company's own time, names batches and files.
    pub fn read(settings: &Settings, window: &Window) -> Result<Options> {
        let moment = |text: &str| {
            DateTime::parse_from_rfc3339(text)
                .map_err(|_| Failure::refused(format!("`{text}`, an end of the window, is not a moment")))
        };
        let (start, end) = (moment(&window.start)?, moment(&window.end)?);
        let mut reading = settings.reading();
        // Nothing that a layout asks for is known before there is one.
        let layout = layout(&mut reading)?;
        let layout = layout.bind(|name| reading.optional(name), end.date_naive());
        let layout = layout.map_err(|faults| faults.into_iter().for_each(|fault| reading.fault(fault)));
        let rules = Rules {
            codes: reading.pairs("codes"),
            kind_codes: reading.pairs("kind-codes"),
            skipped: reading.words("leave-out").into_iter().collect(),
            unclassified_is_regular: reading.choice("unclassified-time", [("refuse", false), ("regular", true)]),
            adjustment: reading.choice(
                "amount-adjustment",
                [("included", AmountAdjustment::Included), ("added", AmountAdjustment::Added)],
            ),
            time_by_hours: layout.as_ref().is_ok_and(Bound::time_by_hours),
            time_adjustment_code: reading.optional("time-adjustment-code"),
            by_name: layout.as_ref().is_ok_and(Bound::by_name),
        };
        let payout_unit = reading.choice("unit-of-pay", [("business-unit", false), ("payout", true)]);
        let file_name = reading.optional("file-name");
        let when_empty = reading.choice("when-empty", [("nothing", WhenEmpty::Nothing), ("refuse", WhenEmpty::Refuse)]);
        let days: u16 = reading.parsed("longest-period-days", 35);
        let weeks: u8 = reading.parsed("look-back-weeks", 8);
        for fault in rules.faults() {
            reading.fault(fault);
        }
        reading.finish()?;
        // Its faults were among those that ended the reading.
        let layout = layout.map_err(|()| Failure::refused("the layout cannot be used"))?;
        let longest_period = Duration::days(days.into());
        Ok(Options {
            layout,
            rules,
            payout_unit,
            file_name,
            when_empty,
            longest_period,
            look_back: Duration::weeks(weeks.into()),
            window_start: start.date_naive(),
            window_end: end.date_naive(),
            offset: *end.offset(),
        })
    }
}

/// The layout: a provider's, or the operator's own.
fn layout(reading: &mut Reading<'_>) -> Result<Layout> {
    let names: Vec<_> = PROVIDERS.iter().map(|(name, _)| *name).collect();
    let names = names.join("`, `");
    match (reading.optional("provider"), reading.optional("layout")) {
        (Some(provider), None) => Layout::of(&provider)
            .ok_or_else(|| Failure::refused(format!("setting `provider` is `{provider}`: write one of `{names}`"))),
        (None, Some(text)) => Layout::parse(&text)
            .map_err(|faults| Failure::refused("the layout in setting `layout` cannot be used").because(faults)),
        (None, None) => Err(Failure::refused(format!(
            "setting `provider` is missing: write one of `{names}`, or a layout of your own in `layout`"
        ))),
        (Some(_), Some(_)) => {
            Err(Failure::refused("settings `provider` and `layout` exclude each other: leave one of them out"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(settings: &Settings) -> Result<Options> {
        let (start, end) = ("2025-10-06T06:00:00-07:00".to_owned(), "2025-10-13T06:00:00-07:00".to_owned());
        Options::read(settings, &Window { start, end })
    }

    #[test]
    fn a_provider_and_a_company_code_are_all_that_must_be_given() {
        let settings = Settings::from([("provider", "adp-workforce-now"), ("company-code", "AB")]);
        let options = read(&settings).unwrap();
        assert_eq!(options.layout.file_name(), "PRAB_EPI.csv");
        assert!(options.rules.time_by_hours && !options.rules.unclassified_is_regular);
    }

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let settings = Settings::from([
            ("provider", "adp-workforce-now"),
            ("batch-id", "far-too-long"),
            ("time", "minutes"),
            ("kind-codes", "bonus=B"),
            ("leave-out", "salery"),
            ("longest-period-days", "-1"),
            ("colour", "red"),
        ]);
        let failure = read(&settings).err().unwrap();
        assert_eq!(failure.message, "7 settings are wrong");
        for part in
            ["`company-code`", "`batch-id`", "`time`", "`bonus`", "`salery`", "`longest-period-days`", "`colour`"]
        {
            assert!(failure.reasons.iter().any(|reason| reason.contains(part)), "{part} in {:#?}", failure.reasons);
        }
    }

    #[test]
    fn a_layout_comes_from_a_provider_or_from_the_operator() {
        let own = include_str!("../../payroll/layouts/gusto.toml");
        let options = read(&Settings::from([("layout", own)])).unwrap();
        assert_eq!(options.layout.file_name(), "gusto-20251013.csv");
        for (settings, part) in [
            (Settings::from([("provider", "gustav")]), "write one of `adp-workforce-now`, `adp-run`"),
            (Settings::from([("layout", "provider = 1")]), "setting `layout` cannot be used"),
            (Settings::from([("layout", own), ("provider", "gusto")]), "exclude each other"),
            (Settings::default(), "setting `provider` is missing"),
        ] {
            let failure = read(&settings).err().unwrap();
            assert!(failure.message.contains(part), "{failure:?}");
        }
    }
}
