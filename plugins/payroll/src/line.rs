//! The line model that all layouts share: who earned what, of which kind, when and for which business unit.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::records::{HoursClass, Name, PayrollPeriod, PersonKey};

/// One thing that is paid. Hours and amounts are exact, as ServiceTitan has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// ServiceTitan's number of the payroll period: one person's.
    pub payroll: i64,
    /// Who is paid.
    pub person: PersonKey,
    /// The day on which it was earned.
    pub day: Option<NaiveDate>,
    /// The business unit whose cost it is.
    pub unit: Option<String>,
    /// What it is.
    pub pay: Pay,
    /// Hours, where it is time.
    pub hours: Decimal,
    /// Money; of time, what ServiceTitan reckons for it.
    pub amount: Decimal,
}

/// What a line pays for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pay {
    /// Time of a class.
    Time(HoursClass),
    /// Money under an earnings code.
    Earning(String),
}

/// Everything that one file pays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// What is paid, in the order in which it was read.
    pub lines: Vec<Line>,
    /// Everybody who has a line.
    pub people: BTreeMap<PersonKey, Person>,
    /// The payroll periods, by their numbers.
    pub periods: BTreeMap<i64, PayrollPeriod>,
    /// People with items who are not paid through payroll.
    pub excluded: BTreeSet<PersonKey>,
    /// What the operator's rules left out, by kind of pay.
    pub skipped: BTreeMap<String, Decimal>,
}

/// How the provider knows a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// The person's id at the provider, trimmed; empty only where people are found by name.
    pub external_id: String,
    /// The person's name, where the layout asks for it.
    pub name: Name,
}
