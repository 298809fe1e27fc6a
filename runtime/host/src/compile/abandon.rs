//! Giving up what is being loaded.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Gives a load up, from another thread. Cheap to clone: all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Abandon(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_abandoned: Mutex<bool>,
    changed: Condvar,
}

impl Abandon {
    /// Gives up whatever is loaded with this, now or later. A compiler that works for it is ended.
    pub fn abandon(&self) {
        *self.lock() = true;
        self.0.changed.notify_all();
    }

    /// Whether it is given up.
    pub fn is_abandoned(&self) -> bool {
        *self.lock()
    }

    /// Waits until it is given up, something else has come, or the time is over.
    pub(super) fn wait(&self, time: Duration, mut has_come: impl FnMut() -> bool) -> Waited {
        let end = Instant::now().checked_add(time);
        let mut is_abandoned = self.lock();
        loop {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if has_come() {
                return Waited::Come;
            } else if *is_abandoned {
                return Waited::Abandoned;
            } else if left.is_zero() {
                return Waited::Late;
            }
            // What else may come tells nobody that waits here but by `wake`, and may do so in between.
            let waited = self.0.changed.wait_timeout(is_abandoned, left.min(LOOK));
            is_abandoned = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Has whoever waits look again.
    pub(super) fn wake(&self) {
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.is_abandoned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long it takes at most until something is seen that nobody told of.
const LOOK: Duration = Duration::from_millis(50);

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    Come,
    Abandoned,
    Late,
}
