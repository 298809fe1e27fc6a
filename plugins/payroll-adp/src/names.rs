//! The names of people, asked for only where a refusal needs them.

use std::collections::BTreeMap;

use tradewire_payroll::{PersonKey, PersonKind, Refusal};
use tradewire_plugin::settings::types::ActiveRequestArg;
use tradewire_plugin::{Error, Failure, log, settings};

/// As many numbers as ServiceTitan takes in one list.
const IDS_A_CALL: usize = 50;

/// The failure that tells all refusals, with names.
pub(crate) fn refuse(refusals: Vec<Refusal>) -> Failure {
    let mut people: Vec<_> = refusals.iter().flat_map(Refusal::people).collect();
    people.sort();
    people.dedup();
    let names = names(&people).unwrap_or_else(|error| {
        // The refusal matters more than the names in it.
        log::warn!("people are told by number, because their names cannot be read: {error}");
        BTreeMap::new()
    });
    let message = match refusals.len() {
        1 => "one thing stands in the way of the payroll file".to_owned(),
        many => format!("{many} things stand in the way of the payroll file"),
    };
    Failure::refused(message).because(refusals.iter().map(|refusal| refusal.told(&names)))
}

fn names(people: &[PersonKey]) -> Result<BTreeMap<PersonKey, String>, Error> {
    let mut names = BTreeMap::new();
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
                names.extend(record.name.map(|name| (person, name)));
            }
        }
        let employees = ids(PersonKind::Employee);
        if !employees.is_empty() {
            for record in settings::employees().ids(employees).active(ActiveRequestArg::Any).records() {
                let record = record?;
                let person = PersonKey { kind: PersonKind::Employee, id: record.id };
                names.extend(record.name.map(|name| (person, name)));
            }
        }
    }
    Ok(names)
}
