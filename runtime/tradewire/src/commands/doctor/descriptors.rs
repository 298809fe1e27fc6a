//! How many files and connections may be open at once.

use super::{Finding, Patient};

/// Each run has some of its own, each connection one, plugins and the store the rest.
#[cfg(unix)]
const ENOUGH: u64 = 4096;

pub(super) fn look(_: &Patient) -> Vec<Finding> {
    few_descriptors().into_iter().collect()
}

/// That there are few of them.
#[cfg(unix)]
pub fn few_descriptors() -> Option<Finding> {
    use rustix::process::{Resource, getrlimit};

    // The soft limit can be raised up to it.
    match getrlimit(Resource::Nofile).maximum {
        Some(most) if most < ENOUGH => Some(Finding::new(
            format!("at most {most} files and connections may be open at once"),
            format!("start it with `ulimit -n {ENOUGH}`, or `LimitNOFILE={ENOUGH}` in its unit"),
        )),
        _ => None,
    }
}

#[cfg(not(unix))]
pub fn few_descriptors() -> Option<Finding> {
    None
}
