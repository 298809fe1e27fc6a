//! Who else can read, change or lock the state, the configuration, and whatever the configuration names.

use std::io::ErrorKind;
use std::path::Path;

use tradewire_config::Role;
use tradewire_executor::compiled_in;
use tradewire_private::{
    Loose, changed_by_others, ensure_unchanged_by_others, ensure_unread_by_others, not_ours_alone,
};

use super::{Finding, Patient};
use crate::commands::private;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let config = &patient.installation.config;
    let mut found = Vec::new();
    if let Some(loose) = open_key(&patient.installation.state) {
        found.push(loose);
    }
    let mut note = |looked: Result<(), Loose>| {
        let finding = looked.err().map(|loose| Finding::new(loose.diagnosis(), loose.treatment()));
        found.extend(finding.filter(|finding| !found.contains(finding)));
    };
    let state = &patient.installation.state;
    let [compiled, _] = compiled_in(state);
    // Of a folder that this user cannot enter nothing more is known.
    let is_closed = std::fs::read_dir(state).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let parts = private::parts(state).into_iter().chain([compiled]);
    for part in parts.take(if is_closed { 1 } else { usize::MAX }) {
        not_ours_alone(&part).into_iter().for_each(|loose| note(Err(loose)));
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
    let loose = not_ours_alone(&key).into_iter().next()?;
    Some(Finding::new(loose.diagnosis(), format!("`rm {}`, and plugins are compiled once more", key.display())))
}
