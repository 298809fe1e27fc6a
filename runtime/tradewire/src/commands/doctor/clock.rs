//! Whether the clock can be right. Slots, tokens and signatures go by it; each tenant's time zone is part of tradewire.

use std::path::PathBuf;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Finding, Patient};

/// Nothing here was made before.
const BUILT: &str = "2026-01-01T00:00:00Z";

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let now = Utc::now();
    let treatment = "set the clock and keep it right: `timedatectl set-ntp true`";
    let built = BUILT.parse::<DateTime<Utc>>().unwrap_or(now);
    if now < built {
        return vec![Finding::new(format!("the clock says {now}, before this program was made"), treatment)];
    }
    // The store is written to with each run; its file is as old as its last change.
    let changed =
        |file: PathBuf| std::fs::metadata(file).and_then(|there| there.modified()).ok().map(DateTime::<Utc>::from);
    let log = patient.installation.state.join("tradewire.db-wal");
    let latest = [patient.database(), log].into_iter().filter_map(changed).max();
    match latest {
        Some(latest) if latest > DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::minutes(2) => {
            vec![Finding::new(format!("the clock says {now}, and the store was changed at {latest}"), treatment)]
        }
        _ => Vec::new(),
    }
}
