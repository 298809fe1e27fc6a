//! What may go wrong with a store.

use std::path::PathBuf;

use super::{EventId, RunId, WriteId};

/// What may go wrong with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened.
    #[error("cannot open the store `{}`: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A newer version of Tradewire has written it.
    #[error("the store `{}` was written by a newer version of tradewire: use that version, or another state folder", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// It is not as it was written.
    #[error(
        "the store `{}` is damaged ({reason}): stop tradewire and put a copy in its place with `tradewire store restore \
         <copy>`, which keeps the damaged one beside it", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The run has been closed meanwhile: by its end, or by another process that found it abandoned.
    #[error("run {0} is closed: another process has taken it for abandoned")]
    RunClosed(RunId),
    /// Another run of the same window has delivered meanwhile.
    #[error("another run of the same window has delivered meanwhile")]
    Overtaken,
    /// The state has been changed since it was read.
    #[error(
        "the state of `{export}` for `{tenant}` has been changed meanwhile, by another run of them or by `tradewire state`; \
         nothing is delivered or kept of this one: run it again"
    )]
    StateMoved {
        /// The export.
        export: String,
        /// The tenant.
        tenant: String,
    },
    /// The run's delivery is decided, so it cannot end as if nothing were delivered.
    #[error("the delivery of run {0} is decided")]
    Decided(RunId),
    /// Another process has taken the delivery, or it is over.
    #[error("the delivery of run {0} is not this process's any more: another one has taken or ended it")]
    DeliveryLost(RunId),
    /// A write of the run may have taken effect and nobody knows, so it can only wait.
    #[error("run {0} has an unresolved write")]
    Unresolved(RunId),
    /// There is no such unresolved write.
    #[error("there is no unresolved write {0}: `tradewire writes list` shows those that there are")]
    NotUnresolved(WriteId),
    /// There is no such event.
    #[error("there is no event {0}: `tradewire webhooks list` shows those that there are")]
    NoEvent(EventId),
    /// The store did not do what it was asked. It may later.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether it may go better later.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Failed(_))
    }
}
