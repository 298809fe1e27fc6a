//! The webhook events that began a run, as plugins read them: [`Events`].
//!
//! A trait, because the host keeps no events: what hands them out is the caller's of [`Plugin::run`].
//!
//! [`Plugin::run`]: crate::Plugin::run

use tradewire_client::Later;

/// The events of one run, on their way to its plugin.
pub trait Events: Send + Sync {
    /// The next ones in the order in which they came in: at most so many (1 at least), fewer where they are large, none
    /// after the last.
    ///
    /// # Errors
    /// One line, where they cannot be had now. Asking again goes on where it was.
    fn next<'a>(&'a self, limit: u32) -> Later<'a, Result<Vec<Event>, String>>;
}

/// An event that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// ServiceTitan's `id` of the delivery.
    pub id: String,
    /// Its CloudEvents type: `tn.jpm.job-completed`.
    pub kind: String,
    /// When it happened, in RFC 3339.
    pub time: String,
    /// `source`.
    pub source: String,
    /// `userassignedid`.
    pub occurrence: String,
    /// `data`: JSON.
    pub data: String,
}
