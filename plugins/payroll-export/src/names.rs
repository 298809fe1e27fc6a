//! The names of people: for layouts that have them, and for refusals.

use std::collections::BTreeMap;

use tradewire_payroll::{Name, PersonKey, PersonKind, Refusal, Sheet};
use tradewire_plugin::settings::types::ActiveRequestArg;
use tradewire_plugin::{Error, Failure, Result, log, settings};

/// As many numbers as ServiceTitan takes in one list.
const IDS_A_CALL: usize = 50;

/// Gives everybody on the sheet their name, where ServiceTitan knows it.
pub(crate) fn fill(sheet: &mut Sheet) -> Result<()> {
    let people: Vec<_> = sheet.people.keys().copied().collect();
    for (person, name) in of(&people)? {
        if let Some(person) = sheet.people.get_mut(&person) {
            person.name = name;
        }
    }
    Ok(())
}

/// The failure that tells all refusals, with names.
pub(crate) fn refuse(refusals: Vec<Refusal>) -> Failure {
    let mut people: Vec<_> = refusals.iter().flat_map(Refusal::people).collect();
    people.sort();
    people.dedup();
    let names = of(&people).unwrap_or_else(|error| {
        // The refusal matters more than the names in it.
        log::warn!("people are told by number, because their names cannot be read: {error}");
        BTreeMap::new()
    });
    let names = names.into_iter().filter(|(_, name)| !name.full.is_empty());
    let names = names.map(|(person, name)| (person, name.full)).collect();
    let message = match refusals.len() {
        1 => "one thing stands in the way of the payroll file".to_owned(),
        many => format!("{many} things stand in the way of the payroll file"),
    };
    Failure::refused(message).because(refusals.iter().map(|refusal| refusal.told(&names)))
}

fn of(people: &[PersonKey]) -> Result<BTreeMap<PersonKey, Name>, Error> {
    let mut names = BTreeMap::new();
    let name = |first: Option<String>, last: Option<String>, full: Option<String>| Name {
        first: first.unwrap_or_default(),
        last: last.unwrap_or_default(),
        full: full.unwrap_or_default(),
    };
    for people in people.chunks(IDS_A_CALL) {
        let ids = |kind| {
            let ids = people.iter().filter(|person| person.kind == kind).map(|person| person.id.to_string());
            ids.collect::<Vec<_>>().join(",")
        };
        let technicians = ids(PersonKind::Technician);
        if !technicians.is_empty() {
            for record in settings::technicians().ids(technicians).active(ActiveRequestArg::Any).records() {
                let record = record?;
                let person = PersonKey { kind: PersonKind::Technician, id: record.id };
                names.insert(person, name(record.first_name, record.last_name, record.name));
            }
        }
        let employees = ids(PersonKind::Employee);
        if !employees.is_empty() {
            for record in settings::employees().ids(employees).active(ActiveRequestArg::Any).records() {
                let record = record?;
                let person = PersonKey { kind: PersonKind::Employee, id: record.id };
                names.insert(person, name(record.first_name, record.last_name, record.name));
            }
        }
    }
    Ok(names)
}
