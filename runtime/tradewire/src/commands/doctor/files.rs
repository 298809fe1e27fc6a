//! Who else can read, change or lock the state, the configuration, the vault and the files of secrets.

use std::path::Path;

use tradewire_private::{Loose, ensure_unchanged_by_others, ensure_unread_by_others};
use tradewire_runs::config::Secret;

use super::{Finding, Patient};
use crate::commands::private;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let config = &patient.setting.config;
    let mut found = Vec::new();
    let mut note = |looked: Result<(), Loose>| found.extend(looked.err().map(finding));
    for part in private::parts(&patient.setting.state) {
        note(ensure_unchanged_by_others(&part));
        note(ensure_unread_by_others(&part));
    }
    note(ensure_unchanged_by_others(&config.path));
    let secrets = config.references.iter().filter_map(|reference| match &reference.secret {
        Secret::File(path) => Some(path.as_path()),
        _ => None,
    });
    // Encrypted, so it may be read.
    let vault = config.vault.iter().map(|vault| vault.path());
    let mut seen: Vec<&Path> = Vec::new();
    for path in secrets.clone().chain(vault) {
        if !seen.contains(&path) {
            seen.push(path);
            note(ensure_unchanged_by_others(path));
        }
    }
    seen.clear();
    for path in secrets {
        if !seen.contains(&path) {
            seen.push(path);
            note(ensure_unread_by_others(path));
        }
    }
    found
}

/// The message of what is loose ends with the line that mends it.
fn finding(loose: Loose) -> Finding {
    let told = loose.to_string();
    match told.rsplit_once(": ") {
        Some((diagnosis, treatment)) => Finding::new(diagnosis, treatment),
        None => Finding::new(told, "look at it with `ls -l`"),
    }
}
