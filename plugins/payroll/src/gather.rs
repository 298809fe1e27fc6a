//! From ServiceTitan's records to pay lines, under the operator's rules.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::line::{Line, Pay, Person, Sheet};
use crate::records::{ActivityCode, HoursClass, Name, PayItem, PayKind, PayrollPeriod, PersonKey, PersonSettings};
use crate::refusal::Refusal;
use crate::rules::{AmountAdjustment, Rules};

impl Sheet {
    /// The lines of the items that belong to the periods, under the rules.
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
    ) -> Result<Sheet, Vec<Refusal>> {
        let mut gathering = Gathering {
            rules,
            codes: codes.iter().map(|code| (code.id, code)).collect(),
            lines: Vec::new(),
            skipped: BTreeMap::new(),
            refusals: periods.iter().filter_map(unapproved).collect(),
        };
        let periods: BTreeMap<i64, PayrollPeriod> = periods.iter().map(|period| (period.id, period.clone())).collect();
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
        let Gathering { lines, skipped, mut refusals, .. } = gathering;

        let mut people = BTreeMap::new();
        let mut holders: BTreeMap<String, Vec<PersonKey>> = BTreeMap::new();
        for person in lines.iter().map(|line| line.person).collect::<BTreeSet<_>>() {
            let external_id = settings.get(&person).and_then(|settings| settings.external_id.as_deref());
            let external_id = external_id.map(str::trim).unwrap_or_default().to_owned();
            if external_id.is_empty() {
                if !rules.by_name {
                    refusals.push(Refusal::NoExternalId { person });
                }
            } else {
                holders.entry(external_id.clone()).or_default().push(person);
            }
            people.insert(person, Person { external_id, name: Name::default() });
        }
        let shared = holders.into_iter().filter(|(_, people)| people.len() > 1);
        refusals.extend(shared.map(|(id, people)| Refusal::SharedExternalId { id, people }));
        if !refusals.is_empty() {
            refusals.sort();
            refusals.dedup();
            return Err(refusals);
        }
        Ok(Sheet { lines, people, periods, excluded, skipped })
    }

    /// Makes people known who have no line: whose pay was exported, and is nothing any more.
    ///
    /// # Errors
    /// Those who have no id at the provider.
    pub fn admit(
        &mut self,
        people: impl IntoIterator<Item = PersonKey>,
        settings: &[PersonSettings],
        rules: &Rules,
    ) -> Result<(), Vec<Refusal>> {
        let mut refusals = Vec::new();
        for person in people {
            if self.people.contains_key(&person) {
                continue;
            }
            let settings = settings.iter().find(|settings| settings.person == person);
            let external_id = settings.and_then(|settings| settings.external_id.as_deref()).map(str::trim);
            let external_id = external_id.unwrap_or_default().to_owned();
            if external_id.is_empty() && !rules.by_name {
                refusals.push(Refusal::NoExternalId { person });
            }
            self.people.insert(person, Person { external_id, name: Name::default() });
        }
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }
}

fn unapproved(period: &PayrollPeriod) -> Option<Refusal> {
    (!period.is_approved()).then(|| Refusal::Unapproved {
        person: period.person,
        payroll: period.id,
        from: period.first_day.to_string(),
        to: period.last_day.to_string(),
        status: period.status.clone().unwrap_or_else(|| "without a status".to_owned()),
    })
}

struct Gathering<'a> {
    rules: &'a Rules,
    codes: BTreeMap<i64, &'a ActivityCode>,
    lines: Vec<Line>,
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
                Ok(code) => self.lines.push(line(person, &item, Pay::Earning(code), Decimal::ZERO, amount)),
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
                        let pay = Pay::Earning(code.clone());
                        self.lines.push(line(person, item, pay, Decimal::ZERO, item.adjustment));
                    }
                    None => {
                        let adjustment = item.adjustment;
                        self.refusals.push(Refusal::AdjustedTime { person, item: item.id, adjustment });
                    }
                }
            }
        }
        self.lines.push(line(person, item, Pay::Time(class), item.hours, amount));
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

fn line(person: PersonKey, item: &PayItem, pay: Pay, hours: Decimal, amount: Decimal) -> Line {
    let unit = item.unit.as_deref().map(str::trim).filter(|unit| !unit.is_empty());
    Line { payroll: item.payroll_id, person, day: item.day, unit: unit.map(str::to_owned), pay, hours, amount }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
