//! The records of a tenant, in memory, for as long as the sandbox runs.

pub(crate) mod filter;
pub(crate) mod table;

use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;
use tradewire_sandbox_seed::Dataset;

use table::Table;

/// A file that was sent.
#[derive(Clone)]
pub(crate) struct StoredFile {
    pub media_type: String,
    pub bytes: bytes::Bytes,
}

/// A tenant's records.
pub(crate) struct Store {
    /// What they describe.
    pub dataset: Dataset,
    tables: Vec<OnceLock<Mutex<Table>>>,
    /// Documents of which there is one, or one for each parent.
    pub singles: Mutex<HashMap<(usize, String), String>>,
    /// Files that were sent, by path.
    pub files: Mutex<HashMap<String, StoredFile>>,
}

impl Store {
    pub fn new(dataset: Dataset) -> Store {
        let tables = dataset.plan.collections.iter().map(|_| OnceLock::new()).collect();
        Store { dataset, tables, singles: Mutex::default(), files: Mutex::default() }
    }

    /// The records of a collection, seeded when they are first asked for.
    pub fn table(&self, collection: usize) -> &Mutex<Table> {
        self.tables[collection].get_or_init(|| Mutex::new(Table::seeded(&self.dataset, collection)))
    }

    /// The records of a collection as they are, in the order in which they were made; the seeded ones come first.
    pub fn records(&self, collection: usize) -> Vec<serde_json::Value> {
        let table = self.table(collection).lock();
        let rows = table.rows.iter().filter(|row| !row.deleted);
        rows.filter_map(|row| serde_json::from_str(&row.text).ok()).collect()
    }

    /// How many records of a collection there are, without seeding them.
    pub fn count(&self, collection: usize) -> usize {
        match self.tables[collection].get() {
            Some(table) => table.lock().rows.iter().filter(|row| !row.deleted).count(),
            None => self.dataset.count(collection),
        }
    }
}
