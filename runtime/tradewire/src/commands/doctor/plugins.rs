//! Whether all loads that the configuration names. What others can change of it, `files` tells.

use super::{Finding, Patient};
use crate::commands::check;
use crate::faults::Faults;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let Err(error) = check::load(&patient.setting, Faults::default()) else { return Vec::new() };
    let treatment = "`tradewire check` tells it with its place";
    match error.downcast_ref::<Faults>() {
        Some(faults) => faults.each().iter().map(|fault| Finding::new(fault, treatment)).collect(),
        None => vec![Finding::new(format!("{error:#}"), treatment)],
    }
}
