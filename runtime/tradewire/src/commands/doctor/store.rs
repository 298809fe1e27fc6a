//! Whether the store is whole.

use tradewire_store_sqlite::SqliteStore;

use super::{Finding, Patient};

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let database = patient.database();
    let shown = database.display();
    match database.try_exists() {
        Ok(true) => {}
        Ok(false) => return Vec::new(),
        Err(error) => {
            let diagnosis = format!("whether the store `{shown}` is whole cannot be seen: {error}");
            return vec![Finding::new(diagnosis, "run the doctor as the user that serves")];
        }
    }
    match SqliteStore::damage(&database) {
        Ok(None) => Vec::new(),
        Ok(Some(reason)) => vec![Finding::new(
            format!("the store `{shown}` is damaged: {reason}"),
            "stop tradewire, and put the last copy back with `tradewire store restore <file>`",
        )],
        Err(error) => vec![Finding::new(error.to_string(), format!("look at it with `ls -l {shown}`"))],
    }
}
