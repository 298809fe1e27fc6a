//! The pay sheet: everything that one file pays, one entry a person.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::records::{ActivityCode, HoursClass, PayItem, PayKind, PayrollPeriod, PersonKey, PersonSettings};
use crate::refusal::Refusal;
use crate::rules::{AmountAdjustment, Rules};

/// Everything that one file pays. People stand in the order of their ids at the provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PaySheet {
    /// One entry a person who is paid anything.
    pub people: Vec<PersonPay>,
    /// People with items who are not paid through payroll.
    pub excluded: BTreeSet<PersonKey>,
    /// What the operator's rules left out, by kind of pay.
    pub skipped: BTreeMap<String, Decimal>,
}

/// What one person is paid. Sums are exact; layouts round once, when they write.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonPay {
    /// Who.
    pub person: PersonKey,
    /// The person's id at the provider, trimmed, never empty.
    pub external_id: String,
    /// Time, by class.
    pub time: BTreeMap<HoursClass, TimePay>,
    /// All other pay, by earnings code.
    pub earnings: BTreeMap<String, Decimal>,
}

/// Hours and ServiceTitan's own amount for them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TimePay {
    /// Hours.
    pub hours: Decimal,
    /// What ServiceTitan reckons for them.
    pub amount: Decimal,
}

impl PaySheet {
    /// Adds the items of the periods up, under the rules.
    ///
    /// Items of other periods than `periods` are not looked at.
    ///
    /// # Errors
    /// Every reason not to pay, sorted.
    pub fn gather(
        periods: &[PayrollPeriod],
        items: impl IntoIterator<Item = PayItem>,
        settings: &[PersonSettings],
        codes: &[ActivityCode],
        rules: &Rules,
    ) -> Result<PaySheet, Vec<Refusal>> {
        let mut gathering = Gathering {
            rules,
            codes: codes.iter().map(|code| (code.id, code)).collect(),
            pay: BTreeMap::new(),
            skipped: BTreeMap::new(),
            refusals: periods.iter().filter_map(unapproved).collect(),
        };
        let periods: BTreeMap<i64, &PayrollPeriod> = periods.iter().map(|period| (period.id, period)).collect();
        let settings: BTreeMap<PersonKey, &PersonSettings> = settings.iter().map(|s| (s.person, s)).collect();
        let is_excluded = |person: &PersonKey| settings.get(person).is_some_and(|settings| !settings.included);
        let mut excluded = BTreeSet::new();
        for item in items {
            let Some(period) = periods.get(&item.payroll_id) else { continue };
            if is_excluded(&period.person) {
                excluded.insert(period.person);
                continue;
            }
            gathering.add(period, item);
        }
        let Gathering { pay, skipped, mut refusals, .. } = gathering;

        let mut people = Vec::new();
        let mut holders: BTreeMap<String, Vec<PersonKey>> = BTreeMap::new();
        for (person, (time, earnings)) in pay {
            let external_id = settings.get(&person).and_then(|settings| settings.external_id.as_deref());
            match external_id.map(str::trim).filter(|id| !id.is_empty()) {
                Some(id) => {
                    holders.entry(id.to_owned()).or_default().push(person);
                    people.push(PersonPay { person, external_id: id.to_owned(), time, earnings });
                }
                None => refusals.push(Refusal::NoExternalId { person }),
            }
        }
        refusals.extend(shared(holders));
        if !refusals.is_empty() {
            refusals.sort();
            refusals.dedup();
            return Err(refusals);
        }
        people.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        Ok(PaySheet { people, excluded, skipped })
    }
}

/// Refusals of the ids that several people hold.
pub(crate) fn shared(holders: BTreeMap<String, Vec<PersonKey>>) -> impl Iterator<Item = Refusal> {
    let several = holders.into_iter().filter(|(_, people)| people.len() > 1);
    several.map(|(id, people)| Refusal::SharedExternalId { id, people })
}

fn unapproved(period: &PayrollPeriod) -> Option<Refusal> {
    (!period.is_approved()).then(|| Refusal::Unapproved {
        person: period.person,
        payroll: period.id,
        from: period.started.date_naive().to_string(),
        to: period.ended.date_naive().to_string(),
        status: period.status.clone().unwrap_or_else(|| "without a status".to_owned()),
    })
}

type Pay = (BTreeMap<HoursClass, TimePay>, BTreeMap<String, Decimal>);

struct Gathering<'a> {
    rules: &'a Rules,
    codes: BTreeMap<i64, &'a ActivityCode>,
    pay: BTreeMap<PersonKey, Pay>,
    skipped: BTreeMap<String, Decimal>,
    refusals: Vec<Refusal>,
}

impl Gathering<'_> {
    fn add(&mut self, period: &PayrollPeriod, item: PayItem) {
        let person = period.person;
        if let Some(own) = item.person.filter(|own| *own != person) {
            self.refusals.push(Refusal::ForeignItem { person: own, item: item.id, owner: person });
            return;
        }
        let amount = match self.rules.adjustment {
            AmountAdjustment::Included => item.amount,
            AmountAdjustment::Added => item.amount + item.adjustment,
        };
        if self.rules.skipped.contains(item.kind.name()) {
            *self.skipped.entry(item.kind.name().to_owned()).or_default() += amount;
            return;
        }
        match &item.kind {
            PayKind::Time => self.add_time(person, &item, amount),
            PayKind::Unknown(word) => {
                self.refusals.push(Refusal::UnknownKind { person, item: item.id, word: word.clone() });
            }
            _ if amount.is_zero() => {}
            _ => match self.earnings_code(person, &item, amount) {
                Ok(code) => *self.pay.entry(person).or_default().1.entry(code).or_default() += amount,
                Err(refusal) => self.refusals.push(refusal),
            },
        }
    }

    fn add_time(&mut self, person: PersonKey, item: &PayItem, amount: Decimal) {
        if item.hours.is_zero() && amount.is_zero() {
            return;
        }
        let class = match item.class {
            Some(class) => class,
            None if self.rules.unclassified_is_regular => HoursClass::Regular,
            None => {
                self.refusals.push(Refusal::UnclassifiedTime { person, item: item.id, hours: item.hours });
                return;
            }
        };
        if self.rules.time_by_hours {
            if item.hours.is_zero() {
                self.refusals.push(Refusal::MoneyWithoutHours { person, item: item.id, amount });
                return;
            }
            if !item.adjustment.is_zero() {
                match &self.rules.time_adjustment_code {
                    Some(code) => {
                        let earnings = &mut self.pay.entry(person).or_default().1;
                        *earnings.entry(code.clone()).or_default() += item.adjustment;
                    }
                    None => {
                        let adjustment = item.adjustment;
                        self.refusals.push(Refusal::AdjustedTime { person, item: item.id, adjustment });
                    }
                }
            }
        }
        let time = self.pay.entry(person).or_default().0.entry(class).or_default();
        time.hours += item.hours;
        time.amount += amount;
    }

    fn earnings_code(&self, person: PersonKey, item: &PayItem, amount: Decimal) -> Result<String, Refusal> {
        let Some(id) = item.activity_code_id else {
            let kind = item.kind.name();
            return self.rules.kind_codes.get(kind).cloned().ok_or_else(|| Refusal::NoActivityCode {
                person,
                item: item.id,
                kind: kind.to_owned(),
                amount,
            });
        };
        let unknown = || Refusal::UnknownActivityCode { person, item: item.id, activity_code: id };
        let activity = self.codes.get(&id).ok_or_else(unknown)?;
        let mapped = self.rules.codes.get(&activity.code).or_else(|| self.rules.codes.get(&activity.name));
        let code = mapped.map_or(activity.code.trim(), |code| code.trim());
        if code.is_empty() { Err(unknown()) } else { Ok(code.to_owned()) }
    }
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
