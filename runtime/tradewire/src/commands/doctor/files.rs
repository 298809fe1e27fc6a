//! Who else can read, change or lock the state, the configuration, and whatever the configuration names.

use std::io::ErrorKind;
use std::path::Path;

use tradewire_private::{Loose, changed_by_others, ensure_ours, ensure_unchanged_by_others, ensure_unread_by_others};
use tradewire_runs::config::Role;

use super::{Finding, Patient};
use crate::commands::private;
use crate::execute::compiled_in;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let config = &patient.setting.config;
    let mut found = Vec::new();
    if let Some(loose) = open_key(&patient.setting.state) {
        found.push(loose);
    }
    let mut note = |looked: Result<(), Loose>| {
        let finding = looked.err().map(|loose| Finding::new(loose.diagnosis(), loose.treatment()));
        found.extend(finding.filter(|finding| !found.contains(finding)));
    };
    let state = &patient.setting.state;
    let [compiled, _] = compiled_in(state);
    // Of a folder that this user cannot enter nothing more is known.
    let is_closed = std::fs::read_dir(state).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let parts = private::parts(state).into_iter().chain([compiled]);
    for part in parts.take(if is_closed { 1 } else { usize::MAX }) {
        // It is to be ours; of what is read, the administrator's will do.
        if let Ok(there) = std::fs::metadata(&part) {
            note(ensure_ours(&part, &there));
        }
        note(ensure_unchanged_by_others(&part).or_else(|loose| match loose {
            Loose::Foreign { .. } => Ok(()),
            loose => Err(loose),
        }));
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

/// That others may know the key of compiled plugins: with its mode mended they would know it still.
fn open_key(state: &Path) -> Option<Finding> {
    let [_, key] = compiled_in(state);
    let loose = ensure_unchanged_by_others(&key).and_then(|()| ensure_unread_by_others(&key)).err()?;
    Some(Finding::new(loose.diagnosis(), format!("`rm {}`, and plugins are compiled once more", key.display())))
}
