//! Change feeds: exports that run when something has changed at ServiceTitan, and get what has.
//!
//! An export with `feed = "crm/export.get-customers"` is asked for at its slots whether anything has changed since its
//! *watermark*: one call, and no run where nothing has. In a run the plugin walks through the feed's own pages as any
//! other plugin would; where it does not say itself from where on, the host begins at the watermark. Each page that the
//! plugin takes moves the watermark past it, and that is kept as the plugin's own state is ([`crate::state`]): with the
//! run's success, or not at all. So each change comes to a run that succeeds, at least once; and once only, where that run
//! is the first to succeed. A plugin that stops early finds the rest the next time.
//!
//! There are two kinds of feeds:
//!
//! - *Export feeds* go on with the token that ServiceTitan gave with the last page. A plugin that asks for recent changes
//!   (`includeRecentChanges`) gets rows again that it had: those are dropped here, as far as 5,000 rows back.
//! - *Lists* with `modifiedOnOrAfter` are walked through by the time of change, not by page numbers: a record that changes
//!   meanwhile would shift the pages, and others would be lost. They are therefore asked for in order (`sort=+ModifiedOn`),
//!   always for the first page from the latest time seen on, and of that very time what was seen is remembered. Only
//!   lists that can be sorted so can be feeds.
//!
//! A row is told from another by its `id` and `modifiedOn`, where it has both, else by all that it says.

mod handed;
mod rows;
mod walk;
mod watermark;

use std::sync::Arc;

use tradewire_client::{CallError, ServiceTitan};
use tradewire_config::Feed;
use tradewire_config::feed::MODIFIED;
use tradewire_store::{StateChanges, StateKey, StateRecord};
use tradewire_surface::{Catalog, OperationRef, Paging};

use crate::log::RunLog;
use crate::state::State;
use handed::Fed;
use walk::Walk;
pub use watermark::Watermark;

/// The bucket of an export's state in which the watermark stands, under the operation's name.
pub const BUCKET: &str = "_feed";
/// How many rows of an export feed are remembered where they may come again.
const RECENT: usize = 5000;

/// How a feed is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By its tokens.
    Tokens,
    /// By the time of change.
    Times,
}

/// What says so for an export feed.
const FROM: &str = "from";

impl Kind {
    fn of(operation: OperationRef<'_>) -> Kind {
        match operation.operation.paging {
            Some(Paging::Feed) => Kind::Tokens,
            _ => Kind::Times,
        }
    }
}

/// ServiceTitan, for a run of the feed.
pub(crate) fn layer(feed: &Feed, api: Arc<dyn ServiceTitan>, state: State, log: RunLog) -> Arc<dyn ServiceTitan> {
    Arc::new(Fed { feed: feed.clone(), api, state, log })
}

/// Whether anything has changed since the watermark.
pub(crate) async fn has_news(feed: &Feed, api: Arc<dyn ServiceTitan>, state: &StateRecord) -> Result<bool, CallError> {
    let Some(operation) = Catalog::get().operation(&feed.operation) else {
        return Err(CallError::new("refused", format!("there is no operation `{}`", feed.operation)));
    };
    let watermark = begin(feed, kept(state, &feed.operation))?;
    // As the plugin asked the last time, so that both see the same.
    let asked = watermark.asked.clone();
    let page = Walk::new(api, operation, asked, watermark).next().await?;
    Ok(page.is_some())
}

/// Where a feed stands by what is kept.
fn begin(feed: &Feed, kept: Option<&[u8]>) -> Result<Watermark, CallError> {
    match kept {
        Some(kept) => Watermark::read(kept).map_err(|error| CallError::new("refused", error)),
        None => Ok(Watermark { from: feed.since.clone(), ..Watermark::default() }),
    }
}

/// Whether a run has moved no watermark: it took no page of its feed.
pub(crate) fn is_untouched(kept: Option<&StateChanges>) -> bool {
    kept.iter().flat_map(|kept| &kept.entries).all(|(place, _)| place.bucket != BUCKET)
}

fn kept<'s>(state: &'s StateRecord, operation: &str) -> Option<&'s [u8]> {
    let place = StateKey::new(BUCKET, operation);
    state.entries.get(&place).map(Vec::as_slice)
}

/// The watermark of an operation, by an export's state; none where there is none, or it cannot be read.
pub fn watermark(state: &StateRecord, operation: &str) -> Option<Watermark> {
    Watermark::read(kept(state, operation)?).ok()
}
