//! Whether there is room for what runs produce.

use super::{Finding, Patient};

/// A store that cannot grow stops every run.
#[cfg(unix)]
const LEAST: u64 = 1 << 30;

#[cfg(unix)]
pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    use rustix::fs::statvfs;

    // Before the first run it is not there, and the folder that it will be in tells as much.
    let state = patient.installation.state.ancestors().find(|folder| folder.exists());
    let state = state.unwrap_or(std::path::Path::new("."));
    let shown = state.display();
    match statvfs(state) {
        Err(error) => vec![Finding::new(
            format!("how much room there is in `{shown}` cannot be told: {error}"),
            format!("look with `df -h {shown}`"),
        )],
        Ok(there) if there.f_favail == 0 && there.f_files > 0 => vec![Finding::new(
            format!("no further file can be made in `{shown}`"),
            format!("look with `df -i {shown}`, and remove what is not needed"),
        )],
        Ok(there) if there.f_bavail.saturating_mul(there.f_frsize) < LEAST => {
            let left = there.f_bavail.saturating_mul(there.f_frsize) >> 20;
            vec![Finding::new(
                format!("{left} MiB are free in `{shown}`, less than {} MiB", LEAST >> 20),
                "make room, forget old runs with `tradewire store prune --keep \"400 days\"`, or choose another folder with \
                 `--state`",
            )]
        }
        Ok(_) => Vec::new(),
    }
}

#[cfg(not(unix))]
pub(super) fn look(_: &Patient) -> Vec<Finding> {
    Vec::new()
}
