//! Runs that are tried again: when, and which.
//!
//! What began by itself and failed for a transient reason gets a further attempt, if its export has `retries`. The wait
//! is the store's: [`Store::retries`](tradewire_store::Store::retries) names the runs, and whoever keeps the schedules
//! goes on with them. Attempts share their journal, so what is written at ServiceTitan or ordered from a vendor is so
//! once in all of them; a run with an unresolved write waits, and is not tried again.

use chrono::{DateTime, Utc};
use tradewire_store::{Ending, FailureKind, LogLevel, Opening, TriggerKind};

use super::Runner;
use crate::log::RunLog;

impl Runner {
    /// The end of an attempt, with the time of the next where there is one; the log tells.
    pub(super) fn retried(&self, opening: &Opening, ending: Ending, log: &RunLog) -> Ending {
        let retry_at = self.retry_at(opening, &ending);
        if let Some(at) = retry_at {
            let at = at.with_timezone(&opening.window.start.timezone()).to_rfc3339();
            log.write_end(LogLevel::Info, &format!("attempt {} is due at {at}", opening.attempt + 1));
        }
        Ending { retry_at, ..ending }
    }

    /// When a run is tried again that ends like this. What someone ran by hand is theirs to run again.
    pub(super) fn retry_at(&self, opening: &Opening, ending: &Ending) -> Option<DateTime<Utc>> {
        let retries = self.config.exports.get(&opening.export)?.retries.as_ref()?;
        let may_pass = ending.failure == Some(FailureKind::Transient) && opening.trigger != TriggerKind::Manual;
        let pause = retries.pause(opening.attempt).filter(|_| may_pass)?;
        ending.ended.checked_add_signed(pause)
    }
}
