//! Runs that are tried again: when, and which.
//!
//! What began by itself and failed for a passing reason gets a further attempt, if its export has `retries`. The
//! wait is the store's: [`Store::retries`](crate::store::Store::retries) names the runs, and whoever keeps the schedules
//! goes on with them. Attempts share their journal, so a write at ServiceTitan is made once in all of them. What a
//! supplier is asked is in no journal: where one may have acted, there is no further attempt.

use chrono::{DateTime, Utc};

use super::Runner;
use crate::config::{Export, Work};
use crate::run::{FailureKind, RunLog};
use crate::store::{Ending, HostCalls, LogLevel, Opening, Outcome, Trigger};

/// What the calls of suppliers are counted under.
const SUPPLIERS: &str = "middleware/";

impl Runner {
    /// The end of an attempt, with the time of the next where there is one; the log tells.
    pub(super) fn retried(&self, opening: &Opening, ending: Ending, log: &RunLog) -> Ending {
        let retry_at = self.retry_at(opening, &ending);
        if let Some(at) = retry_at {
            let at = at.with_timezone(&opening.window.start.timezone()).to_rfc3339();
            log.write_end(LogLevel::Info, &format!("attempt {} is due at {at}", opening.attempt + 1));
        } else if self.next_attempt(opening, &ending).is_some() {
            log.write_end(LogLevel::Warn, "not tried again: it has called a supplier, which may have acted");
        }
        Ending { retry_at, ..ending }
    }

    /// When a run is tried again that ends like this.
    pub(super) fn retry_at(&self, opening: &Opening, ending: &Ending) -> Option<DateTime<Utc>> {
        let export = self.config.exports.get(&opening.export)?;
        self.next_attempt(opening, ending).filter(|_| !self.supplier_may_have_acted(export, ending))
    }

    /// When the next attempt would be due by the export's `retries`. What someone ran by hand is theirs to run again.
    fn next_attempt(&self, opening: &Opening, ending: &Ending) -> Option<DateTime<Utc>> {
        let retries = self.config.exports.get(&opening.export)?.retries.as_ref()?;
        let may_pass = ending.failure == Some(FailureKind::Passing) && opening.trigger != Trigger::Manual;
        let pause = retries.pause(opening.attempt).filter(|_| may_pass)?;
        ending.ended.checked_add_signed(pause)
    }

    /// Whether another attempt might have a supplier act twice. Calls are counted when they end, so of an attempt that
    /// was cut off nothing is known.
    fn supplier_may_have_acted(&self, export: &Export, ending: &Ending) -> bool {
        let was_cut_off = ending.outcome == Outcome::Interrupted;
        let mut called = ending.host_calls.iter().filter(|calls| calls.operation.starts_with(SUPPLIERS));
        match &export.work {
            // A call that failed says of itself whether it may pass.
            Work::Call(_) => was_cut_off || called.any(|HostCalls { calls, failures, .. }| calls > failures),
            Work::Plugin(_) => {
                let may_call = self.config.plugin(export).is_some_and(|plugin| !plugin.middleware.is_empty());
                may_call && (was_cut_off || called.next().is_some())
            }
        }
    }
}
