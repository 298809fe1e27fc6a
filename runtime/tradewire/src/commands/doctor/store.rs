//! Whether the store is whole.

use tradewire_runs::store::SqliteStore;

use super::{Finding, Patient};

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let database = patient.database();
    if !database.exists() {
        return Vec::new();
    }
    let shown = database.display();
    match SqliteStore::damage(&database) {
        Ok(None) => Vec::new(),
        Ok(Some(reason)) => vec![Finding::new(
            format!("the store `{shown}` is damaged: {reason}"),
            "stop tradewire, and put the last copy back with `tradewire store restore <file>`",
        )],
        Err(error) => vec![Finding::new(error.to_string(), format!("look at it with `ls -l {shown}`"))],
    }
}
