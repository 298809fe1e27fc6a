//! What is shown of a run's log while it goes on: its beginning. A journal that keeps what `tradewire serve` prints is not
//! filled by one plugin; the whole log is in the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tradewire_store::{LogLevel, LogLine};

use super::Observer;
use crate::log::LogObserver;
use crate::run::Job;

/// How many lines of a run are shown.
const MOST_LINES: usize = 100;
/// How many characters of each.
const LONGEST: usize = 500;

/// Shows the first lines of a run that matter, and where the rest is.
pub(super) fn of(observer: Observer, job: Arc<Job>) -> LogObserver {
    let shown = AtomicUsize::new(0);
    Arc::new(move |line| {
        if !line.level.is_at_least(LogLevel::Info) {
            return;
        }
        match shown.fetch_add(1, Ordering::Relaxed) {
            before if before < MOST_LINES && line.text.chars().nth(LONGEST).is_none() => observer(&job, line),
            before if before < MOST_LINES => {
                let text = line.text.chars().take(LONGEST).chain(" … (cut)".chars()).collect();
                observer(&job, &LogLine { text, ..line.clone() });
            }
            MOST_LINES => {
                let text = format!("more lines follow; `tradewire runs logs {}` shows them", job.run);
                observer(&job, &LogLine { level: LogLevel::Info, text, ..line.clone() });
            }
            _ => {}
        }
    })
}
