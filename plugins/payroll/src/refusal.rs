//! Why a file is not written. Every refusal names the person, the item or the code, and what would help.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use crate::records::PersonKey;

/// One reason not to write a file. They sort in the order in which they are declared, then by person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Refusal {
    /// A period that ends in the window is not approved.
    Unapproved { person: PersonKey, payroll: i64, from: String, to: String, status: String },
    /// The person's id at the provider is not set.
    NoExternalId { person: PersonKey },
    /// Several people have one id at the provider.
    SharedExternalId { id: String, people: Vec<PersonKey> },
    /// The person has no name, and the layout asks for it.
    NoName { person: PersonKey },
    /// Several people have one name, and the provider finds people by their names.
    SharedName { name: String, people: Vec<PersonKey> },
    /// An item belongs to another person than its period.
    ForeignItem { person: PersonKey, item: i64, owner: PersonKey },
    /// An item is of a kind that this contract does not know.
    UnknownKind { person: PersonKey, item: i64, word: String },
    /// Time without a class.
    UnclassifiedTime { person: PersonKey, item: i64, hours: Decimal },
    /// Time with money and no hours, where time is paid by its hours.
    MoneyWithoutHours { person: PersonKey, item: i64, amount: Decimal },
    /// The money of time was changed by hand, and time is paid by its hours.
    AdjustedTime { person: PersonKey, item: i64, adjustment: Decimal },
    /// An item has no activity code, and its kind has none either.
    NoActivityCode { person: PersonKey, item: i64, kind: String, amount: Decimal },
    /// An item's activity code is not among ServiceTitan's activity codes, or has no code.
    UnknownActivityCode { person: PersonKey, item: i64, activity_code: i64 },
    /// An item has no day, and the file tells days apart.
    NoDay { person: PersonKey, payroll: i64 },
    /// A business unit is not in the setting that says what the provider calls it.
    NoUnit { unit: Option<String>, setting: String },
    /// The person's id at the provider is not one that the provider takes.
    BadExternalId { person: PersonKey, id: String, rule: String },
    /// A code is not one that the provider takes.
    BadCode { code: String, rule: String },
    /// What would stand in a cell is not what the provider takes.
    BadCell { person: PersonKey, column: String, text: String, rule: String },
    /// Cells of a row of which the provider takes only one.
    TooMuch { person: PersonKey, columns: Vec<String> },
    /// The layout has no place for a kind of pay.
    NoPlace { what: String, help: String },
}

impl Refusal {
    /// The people whom it names.
    pub fn people(&self) -> Vec<PersonKey> {
        match self {
            Refusal::SharedExternalId { people, .. } | Refusal::SharedName { people, .. } => people.clone(),
            Refusal::BadCode { .. } | Refusal::NoUnit { .. } | Refusal::NoPlace { .. } => Vec::new(),
            Refusal::ForeignItem { person, owner, .. } => vec![*person, *owner],
            Refusal::Unapproved { person, .. }
            | Refusal::NoExternalId { person }
            | Refusal::BadExternalId { person, .. }
            | Refusal::UnknownKind { person, .. }
            | Refusal::UnclassifiedTime { person, .. }
            | Refusal::MoneyWithoutHours { person, .. }
            | Refusal::AdjustedTime { person, .. }
            | Refusal::NoName { person }
            | Refusal::NoDay { person, .. }
            | Refusal::BadCell { person, .. }
            | Refusal::TooMuch { person, .. }
            | Refusal::NoActivityCode { person, .. }
            | Refusal::UnknownActivityCode { person, .. } => vec![*person],
        }
    }

    /// The refusal in words, with the names of people where `names` has them.
    pub fn told(&self, names: &BTreeMap<PersonKey, String>) -> String {
        let who = |person: &PersonKey| match names.get(person) {
            Some(name) => format!("{name} ({person})"),
            None => person.to_string(),
        };
        match self {
            Refusal::Unapproved { person, payroll, from, to, status } => format!(
                "{}: payroll {payroll} of {from} to {to} is {status}: approve it in ServiceTitan first",
                who(person)
            ),
            Refusal::NoExternalId { person } => {
                format!("{}: no external payroll id: set it in the person's payroll settings", who(person))
            }
            Refusal::BadExternalId { person, id, rule } => {
                format!("{}: external payroll id `{}` is not {rule}", who(person), id.escape_debug())
            }
            Refusal::NoName { person } => {
                format!("{}: no name, by which the provider finds people: set it in ServiceTitan", who(person))
            }
            Refusal::SharedName { name, people } => {
                let people: Vec<_> = people.iter().map(who).collect();
                format!("the name `{}` belongs to {}: give each their own", name.escape_debug(), people.join(" and "))
            }
            Refusal::SharedExternalId { id, people } => {
                let people: Vec<_> = people.iter().map(who).collect();
                format!("external payroll id `{id}` belongs to {}: give each their own", people.join(" and "))
            }
            Refusal::ForeignItem { person, item, owner } => {
                format!("{}: gross pay item {item} stands in the payroll of {}", who(person), who(owner))
            }
            Refusal::UnknownKind { person, item, word } => {
                format!("{}: gross pay item {item} is `{word}`, which this plugin does not know", who(person))
            }
            Refusal::UnclassifiedTime { person, item, hours } => format!(
                "{}: gross pay item {item} has {hours} hours that are neither regular nor overtime: classify them, \
                 or set `unclassified-time` to `regular`",
                who(person)
            ),
            Refusal::MoneyWithoutHours { person, item, amount } => format!(
                "{}: gross pay item {item} is time with {amount} and no hours: set `time` to `earnings` to pay \
                 time by ServiceTitan's amounts",
                who(person)
            ),
            Refusal::AdjustedTime { person, item, adjustment } => format!(
                "{}: the amount of gross pay item {item} was adjusted by {adjustment}, which hours do not show: set \
                 `time-adjustment-code`",
                who(person)
            ),
            Refusal::NoActivityCode { person, item, kind, amount } => format!(
                "{}: gross pay item {item} ({kind}, {amount}) has no activity code: give it one, or add \
                 `{kind}=CODE` to `kind-codes`",
                who(person)
            ),
            Refusal::UnknownActivityCode { person, item, activity_code } => format!(
                "{}: gross pay item {item} has activity code {activity_code}, which has no code in ServiceTitan",
                who(person)
            ),
            Refusal::NoDay { person, payroll } => {
                format!("{}: payroll {payroll} has an item without a date, and the file has a row a day", who(person))
            }
            Refusal::NoUnit { unit: Some(unit), setting } => {
                format!("business unit `{}` is not in `{setting}`: add `{unit}=…` to it", unit.escape_debug())
            }
            Refusal::NoUnit { unit: None, setting } => {
                format!("there is pay without a business unit: add `*=…`, which stands for all others, to `{setting}`")
            }
            Refusal::BadCode { code, rule } => format!("earnings code `{}` is not {rule}", code.escape_debug()),
            Refusal::BadCell { person, column, text, rule } => {
                format!("{}: `{}` cannot stand in column `{column}`: write {rule}", who(person), text.escape_debug())
            }
            Refusal::TooMuch { person, columns } => {
                format!("{}: the provider takes only one of {} in a row", who(person), columns.join(", "))
            }
            Refusal::NoPlace { what, help } => format!("{what} has no place in this file: {help}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(&BTreeMap::new()))
    }
}
