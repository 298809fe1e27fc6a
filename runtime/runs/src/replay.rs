//! Dispatching stored events once more.

use chrono::{DateTime, Utc};
use tradewire_config::Config;
use tradewire_store::{Dispatch, EventId, Store, StoreError};

use crate::run::RunError;

/// Why events are not dispatched again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// No such export.
    #[error(transparent)]
    Export(#[from] RunError),
    /// No export takes it, or not the one that is meant.
    #[error(
        "{} for event {event}: it is a `{kind}` of tenant `{tenant}` that came by webhook `{webhook}`; add `on = \
         [\"{kind}\"]` to an export that runs for that tenant",
        export.as_ref().map_or("no export runs".to_owned(), |name| format!("export `{name}` does not run"))
    )]
    NobodyTakes {
        /// The event.
        event: EventId,
        /// Its type.
        kind: String,
        /// Its tenant.
        tenant: String,
        /// The webhook that it came by.
        webhook: String,
        /// The export that is meant.
        export: Option<String>,
    },
    /// The store, or it has no such event.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has events begin runs once more, whatever became of them: of every export that takes them, or of one alone. All of
/// them do or none; what they begin is told event by event.
pub async fn replay(
    store: &dyn Store,
    config: &Config,
    events: &[EventId],
    export: Option<&str>,
    at: DateTime<Utc>,
) -> Result<Vec<(EventId, Dispatch)>, ReplayError> {
    if let Some(name) = export.filter(|name| !config.exports.contains_key(*name)) {
        return Err(RunError::unknown_export(config, name).into());
    }
    let mut wanted = Vec::new();
    for id in events {
        let event = store.event(*id).await?.ok_or(StoreError::NoEvent(*id))?.event;
        let takers = config.takers(&event.webhook, &event.tenant, &event.kind).map(|taker| taker.name.clone());
        let before = wanted.len();
        wanted.extend(takers.filter(|name| export.is_none_or(|export| export == name)).map(|name| (*id, name)));
        if wanted.len() == before {
            let (kind, tenant, webhook) = (event.kind, event.tenant, event.webhook);
            return Err(ReplayError::NobodyTakes {
                event: *id,
                kind,
                tenant,
                webhook,
                export: export.map(str::to_owned),
            });
        }
    }
    let ids: Vec<EventId> = wanted.iter().map(|(id, _)| *id).collect();
    Ok(ids.into_iter().zip(store.dispatch_again(wanted, at).await?).collect())
}
