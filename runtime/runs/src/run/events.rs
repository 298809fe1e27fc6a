//! The webhook events that a run accounts for.

use std::fmt;
use std::sync::Arc;

use tradewire_schedule::Window;
use tradewire_store::{EventPlace, EventRecord, Opening, Store, StoreError};

/// The events of a run: those whose slots lie in its window, the same ones for every attempt. None where no event begins
/// its export's runs. Cheap to clone.
#[derive(Clone)]
pub struct RunEvents {
    store: Arc<dyn Store>,
    export: String,
    tenant: String,
    window: Window,
}

impl RunEvents {
    pub(crate) fn new(store: Arc<dyn Store>, opening: &Opening) -> Self {
        let Opening { export, tenant, window, .. } = opening;
        Self { store, export: export.clone(), tenant: tenant.clone(), window: *window }
    }

    /// Those after this place in the order in which they came in: at most so many, fewer where they are large, none after
    /// the last.
    pub async fn after(
        &self,
        place: Option<EventPlace>,
        limit: u32,
    ) -> Result<Vec<(EventPlace, EventRecord)>, StoreError> {
        self.store.events_in(&self.export, &self.tenant, &self.window, place, limit).await
    }
}

impl fmt::Debug for RunEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the events of {} for {} in {}", self.export, self.tenant, self.window)
    }
}
