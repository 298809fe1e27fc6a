//! The write journal: what a run changes at ServiceTitan, and what it has vendors do, is written down before it is sent
//! and settled after it is answered.
//!
//! The attempts of a run share one journal. A write is known by what it says (operation, arguments) and its number among
//! equal ones that did not fail, so an attempt that comes to the same write as an earlier one finds it:
//!
//! | the journal says | a later attempt |
//! |---|---|
//! | answered, or an operator says that it happened | gets that answer; nothing is sent |
//! | failed, or an operator says that it did not happen | sends it |
//! | unresolved, `PUT` or `DELETE` at ServiceTitan | sends it again |
//! | unresolved, any other | there is none: the run waits for an operator |
//!
//! Unresolved is what was sent and never answered: the connection broke, or the process died in between. From then on
//! the run writes nothing more, is not delivered and not tried again. [`Store::resolve_write`](tradewire_store::Store)
//! ends that.
//!
//! Which runs are attempts of one is decided where they are opened: whoever runs a window again goes on with what the
//! window's latest run has done, also where that has succeeded.
//!
//! Only an open run may begin a write, and a window has one open run at most, so no two attempts write at once. An answer
//! is recorded whenever it comes, also after the run was closed: it is the truth, and may resolve a write.
//!
//! A rehearsal reads the journal and writes none: what happened before is answered, anything else is not sent.

mod describe;
mod journaled;
mod look;
mod rehearsal;
mod vendor;
mod write;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::task::TaskTracker;
use tradewire_client::ServiceTitan;
use tradewire_store::{RunId, Store, WriteCall};

use crate::clock::Clock;
use crate::log::RunLog;
pub use look::{Look, look};
pub use vendor::{Outbound, VendorRequest};

/// The most bytes that an attempt keeps of the bodies of all its calls, and of each one after that.
const ALL_BODIES: usize = 32 * 1024 * 1024;
const SHORT_BODY: usize = 512;

/// The journal of one attempt. Cheap to clone; all clones write one journal.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    scope: Arc<Scope>,
}

struct Shared {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    run: RunId,
    tenant: i64,
    log: RunLog,
    /// The writes that were sent and are not settled yet, by digest and number.
    under_way: Mutex<HashSet<(String, u32)>>,
    /// An answer could not be recorded: what the store says is not the whole truth any more.
    is_behind: AtomicBool,
    /// The log has told that the journal answers.
    has_answered: AtomicBool,
    /// Writes that go on, also those that nobody waits for any more.
    writes: TaskTracker,
    /// Bytes of the bodies that were written down.
    bodies: AtomicUsize,
    /// Of a rehearsal, the writes that it came to: nothing is written down, and nothing sent.
    rehearsed: Option<Mutex<Vec<WriteCall>>>,
}

/// What writes are counted in: an attempt, or a request to a vendor for what its templates write.
#[derive(Default)]
struct Scope {
    /// Of a request its digest and number; empty for the attempt itself.
    name: String,
    /// The numbers of equal calls that are taken, by digest.
    ordinals: Mutex<HashMap<String, Vec<bool>>>,
}

impl Journal {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, run: RunId, tenant: i64, log: RunLog) -> Self {
        Self::of(store, clock, run, tenant, log, None)
    }

    fn of(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        run: RunId,
        tenant: i64,
        log: RunLog,
        rehearsed: Option<Mutex<Vec<WriteCall>>>,
    ) -> Self {
        let shared = Shared {
            store,
            clock,
            run,
            tenant,
            log,
            under_way: Mutex::default(),
            is_behind: AtomicBool::new(false),
            has_answered: AtomicBool::new(false),
            writes: TaskTracker::new(),
            bodies: AtomicUsize::new(0),
            rehearsed,
        };
        Self { shared: Arc::new(shared), scope: Arc::default() }
    }

    /// A ServiceTitan whose writes go through the journal; reads go straight through.
    pub fn layer(&self, api: Arc<dyn ServiceTitan>) -> Arc<dyn ServiceTitan> {
        Arc::new(journaled::Journaled { journal: self.clone(), api })
    }

    /// Until every write that was begun is settled, or for so long.
    pub(crate) async fn settled(&self, patience: Duration) {
        self.shared.writes.close();
        let _ = tokio::time::timeout(patience, self.shared.writes.wait()).await;
    }

    /// The journal of what is written within something of this name; counted anew each time.
    fn within(&self, name: &str) -> Journal {
        let scope = Scope { name: self.digest(name.to_owned()), ..Scope::default() };
        Journal { shared: self.shared.clone(), scope: Arc::new(scope) }
    }

    /// The digest by which this journal knows what has that digest by itself.
    fn digest(&self, own: String) -> String {
        if self.scope.name.is_empty() { own } else { describe::within(&self.scope.name, &own) }
    }

    /// Leaves of a call's body what there is room for: who reads the journal needs the bodies of some calls, and not of a
    /// hundred thousand.
    fn shorten(&self, call: &mut WriteCall) {
        let Some(body) = &mut call.arguments.body else { return };
        let kept = self.shared.bodies.fetch_add(body.len(), Ordering::Relaxed);
        if kept + body.len() > ALL_BODIES {
            body.truncate(body.floor_char_boundary(SHORT_BODY));
        }
    }

    /// The lowest number that no equal call has.
    fn take_ordinal(&self, digest: &str) -> u32 {
        let mut ordinals = self.scope.ordinals.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = ordinals.entry(digest.to_owned()).or_default();
        let free = taken.iter().position(|taken| !taken).unwrap_or(taken.len());
        taken.resize(taken.len().max(free + 1), true);
        taken[free] = true;
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// The call did not happen: the next equal one is the same. Otherwise a call that failed and was repeated in one
    /// attempt would have another number in the next.
    fn free_ordinal(&self, digest: &str, ordinal: u32) {
        let mut ordinals = self.scope.ordinals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(taken) = ordinals.get_mut(digest) else { return };
        if let Some(taken) = taken.get_mut(ordinal as usize) {
            *taken = false;
        }
        // What never happened is forgotten: a plugin may try as much as it likes.
        if !taken.contains(&true) {
            ordinals.remove(digest);
        }
    }
}

impl Shared {
    fn under_way(&self) -> MutexGuard<'_, HashSet<(String, u32)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("run", &self.shared.run).finish_non_exhaustive()
    }
}
