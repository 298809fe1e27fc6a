//! Whether all loads that the configuration names. What others can change of it, `files` tells.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tradewire_executor::{Faults, compiled_in};
use tradewire_private::not_ours_alone;

use super::{Finding, Patient};
use crate::commands::check;
use crate::commands::installation::Installation;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    // What is compiled for this look alone is not kept: whoever looks may be another user than who serves.
    let scratch = match has_compiled(&patient.installation.state) {
        true => None,
        false => match TempDir::new() {
            Ok(scratch) => Some(scratch),
            Err(error) => {
                let diagnosis = format!("plugins cannot be compiled to look at them: no temporary folder: {error}");
                return vec![Finding::new(diagnosis, "make room there, or name another as `TMPDIR`")];
            }
        },
    };
    let state = scratch.as_ref().map_or(&*patient.installation.state, TempDir::path);
    let installation = Installation { config: Arc::clone(&patient.installation.config), state: state.to_owned() };
    let Err(error) = check::load(&installation, Faults::default()) else { return Vec::new() };
    let treatment = "`tradewire check` tells it with its place";
    match error.downcast_ref::<Faults>() {
        Some(faults) => faults.each().iter().map(|fault| Finding::new(fault, treatment)).collect(),
        None => vec![Finding::new(format!("{error:#}"), treatment)],
    }
}

/// Whether the state has a folder of compiled plugins that can be used as it is.
fn has_compiled(state: &Path) -> bool {
    compiled_in(state).iter().all(|part| part.exists() && not_ours_alone(part).is_empty())
}
