//! Who else can read, change or lock the state, the configuration, and whatever the configuration names.

use tradewire_private::{Loose, changed_by_others, ensure_unchanged_by_others, ensure_unread_by_others};
use tradewire_runs::config::Role;

use super::{Finding, Patient};
use crate::commands::private;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let config = &patient.setting.config;
    let mut found = Vec::new();
    let mut note = |looked: Result<(), Loose>| {
        let finding = looked.err().map(|loose| Finding::new(loose.diagnosis(), loose.treatment()));
        found.extend(finding.filter(|finding| !found.contains(finding)));
    };
    for part in private::parts(&patient.setting.state) {
        note(ensure_unchanged_by_others(&part));
        note(ensure_unread_by_others(&part));
    }
    note(ensure_unchanged_by_others(&config.path));
    for named in &config.paths {
        match named.role {
            Role::Decides => changed_by_others(&named.path).into_iter().for_each(|loose| note(Err(loose))),
            Role::Secret => {
                note(ensure_unchanged_by_others(&named.path));
                note(ensure_unread_by_others(&named.path));
            }
            // Encrypted, so it may be read.
            Role::Sealed => note(ensure_unchanged_by_others(&named.path)),
            // `deliveries` tells it.
            Role::Delivered => {}
        }
    }
    found
}
