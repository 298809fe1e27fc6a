//! Sums of pay as a file has them: added up exactly, rounded once.
//!
//! What is rounded is the sum of one person, payroll period and kind of pay, half a step away from zero. Where a file
//! spreads that sum over days or business units, each part is the rounded running sum up to it less the one before, so
//! the parts add up to the rounded whole, whatever the file's grain.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::line::{Pay, Sheet};
use crate::records::{HoursClass, PersonKey};

/// What a number of a file counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Hours of a class.
    Hours(HoursClass),
    /// Money for time of a class, where time is paid by ServiceTitan's amounts.
    Wages(HoursClass),
    /// Money under an earnings code.
    Earning(String),
}

/// Where a number of a file belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Account {
    pub payroll: i64,
    pub person: PersonKey,
    pub what: What,
    /// Only where the file tells units apart.
    pub unit: Option<String>,
    /// Only where the file tells days apart.
    pub day: Option<NaiveDate>,
}

/// The numbers of a file, none of them zero: hours and money as multiples of the [`Step`] that the file writes.
pub type Postings = BTreeMap<Account, Decimal>;

/// The smallest difference that a file can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many decimals.
    Decimals(u32),
    /// Minutes: numbers of hours are counted in these, and written `HH:MM`.
    Minutes,
}

impl Step {
    /// The nearest number that the file can show, half a step away from zero.
    pub fn round(self, value: Decimal) -> Decimal {
        match self {
            Step::Decimals(places) => value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero),
            Step::Minutes => {
                (value * Decimal::from(60)).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
            }
        }
    }

    /// The number in the file's own form.
    pub fn write(self, value: Decimal) -> String {
        match self {
            Step::Decimals(places) => format!("{value:.*}", places as usize),
            Step::Minutes => {
                let (sign, minutes) = (if value.is_sign_negative() { "-" } else { "" }, value.abs().trunc());
                let sixty = Decimal::from(60);
                let (hours, minutes) = ((minutes / sixty).trunc(), (minutes % sixty).normalize());
                format!("{sign}{:0>2}:{:0>2}", hours.to_string(), minutes.to_string())
            }
        }
    }
}

/// How finely a file tells pay apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Of hours.
    pub hours: Step,
    /// Of money.
    pub money: Step,
    /// Whether time is paid by its hours, not by ServiceTitan's amounts.
    pub time_by_hours: bool,
    /// Whether units are told apart.
    pub by_unit: bool,
    /// Whether days are told apart.
    pub by_day: bool,
}

impl Grain {
    /// The step of such numbers.
    pub fn step(&self, what: &What) -> Step {
        if matches!(what, What::Hours(_)) { self.hours } else { self.money }
    }
}

/// The numbers that a file of this grain says about the sheet.
pub fn of(sheet: &Sheet, grain: &Grain) -> Postings {
    let mut exact = Postings::new();
    for line in &sheet.lines {
        let (what, value) = match &line.pay {
            Pay::Time(class) if grain.time_by_hours => (What::Hours(*class), line.hours),
            Pay::Time(class) => (What::Wages(*class), line.amount),
            Pay::Earning(code) => (What::Earning(code.clone()), line.amount),
        };
        let account = Account {
            payroll: line.payroll,
            person: line.person,
            what,
            unit: line.unit.clone().filter(|_| grain.by_unit),
            day: line.day.filter(|_| grain.by_day),
        };
        *exact.entry(account).or_default() += value;
    }
    let mut running: Option<(Account, Decimal)> = None;
    let mut postings = Postings::new();
    for (account, value) in exact {
        let same = |other: &Account| {
            (other.payroll, other.person, &other.what) == (account.payroll, account.person, &account.what)
        };
        let before = running.take().filter(|(other, _)| same(other)).map(|(_, sum)| sum).unwrap_or_default();
        let step = grain.step(&account.what);
        let part = step.round(before + value) - step.round(before);
        running = Some((account.clone(), before + value));
        if !part.is_zero() {
            postings.insert(account, part);
        }
    }
    postings
}

/// What `now` says more than `before`: what is to be corrected. Nothing where they agree.
pub fn difference(now: &Postings, before: &Postings) -> Postings {
    let mut difference = now.clone();
    for (account, value) in before {
        *difference.entry(account.clone()).or_default() -= *value;
    }
    difference.retain(|_, value| !value.is_zero());
    difference
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::line::Line;
    use crate::records::PersonKind;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn sheet(hours: &[(&str, &str)]) -> Sheet {
        let person = PersonKey { kind: PersonKind::Technician, id: 1 };
        let line = |(unit, hours): &(&str, &str)| Line {
            payroll: 10,
            person,
            day: None,
            unit: Some((*unit).to_owned()),
            pay: Pay::Time(HoursClass::Regular),
            hours: dec(hours),
            amount: Decimal::ZERO,
        };
        Sheet { lines: hours.iter().map(line).collect(), ..Sheet::default() }
    }

    fn grain(hours: Step) -> Grain {
        Grain { hours, money: Step::Decimals(2), time_by_hours: true, by_unit: true, by_day: false }
    }

    #[test]
    fn parts_add_up_to_the_rounded_whole() {
        let thirds = sheet(&[("a", "0.3333"), ("b", "0.3333"), ("c", "0.3334")]);
        let parts: Vec<_> = of(&thirds, &grain(Step::Decimals(2))).into_values().collect();
        assert_eq!(parts, [dec("0.33"), dec("0.34"), dec("0.33")]);
        let whole = of(&thirds, &Grain { by_unit: false, ..grain(Step::Decimals(2)) });
        assert_eq!(whole.into_values().collect::<Vec<_>>(), [dec("1.00")]);
        let minutes = of(&thirds, &grain(Step::Minutes)).into_values().sum::<Decimal>();
        assert_eq!(minutes, dec("60"));
    }

    #[test]
    fn half_a_step_goes_away_from_zero() {
        for (exact, written) in [("4.005", "4.01"), ("-4.005", "-4.01"), ("4.0049", "4.00")] {
            assert_eq!(Step::Decimals(2).write(Step::Decimals(2).round(dec(exact))), written);
        }
        for (exact, written) in [("7.5", "07:30"), ("-0.25", "-00:15"), ("100", "100:00"), ("0.00833", "00:00")] {
            assert_eq!(Step::Minutes.write(Step::Minutes.round(dec(exact))), written);
        }
    }

    #[test]
    fn a_difference_is_what_is_new_gone_or_changed() {
        let grain = grain(Step::Decimals(2));
        let before = of(&sheet(&[("a", "1"), ("b", "2"), ("c", "3")]), &grain);
        let now = of(&sheet(&[("a", "1.5"), ("b", "2"), ("d", "4")]), &grain);
        let told: Vec<_> = difference(&now, &before).into_iter().map(|(a, value)| (a.unit.unwrap(), value)).collect();
        assert_eq!(told, [("a".into(), dec("0.50")), ("c".into(), dec("-3.00")), ("d".into(), dec("4.00"))]);
        assert!(difference(&now, &now).is_empty());
    }
}
