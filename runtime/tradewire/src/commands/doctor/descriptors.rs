//! How many files and connections may be open at once.

use super::{Finding, Patient};

/// Each run has some of its own, each connection one, plugins and the store the rest.
#[cfg(unix)]
const ENOUGH: u64 = 4096;

#[cfg(unix)]
pub(super) fn look(_: &Patient) -> Vec<Finding> {
    use rustix::process::{Resource, getrlimit};

    // The soft limit can be raised up to it.
    match getrlimit(Resource::Nofile).maximum {
        Some(most) if most < ENOUGH => vec![Finding::new(
            format!("at most {most} files and connections may be open at once"),
            format!("start it with `ulimit -n {ENOUGH}`, or `LimitNOFILE={ENOUGH}` in its unit"),
        )],
        _ => Vec::new(),
    }
}

#[cfg(not(unix))]
pub(super) fn look(_: &Patient) -> Vec<Finding> {
    Vec::new()
}
