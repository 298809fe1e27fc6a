//! Whether all loads that the configuration names.

use super::{Finding, Patient};
use crate::commands::check;
use crate::faults::Faults;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let Err(error) = check::load(&patient.setting) else { return Vec::new() };
    let treatment = "`tradewire check` tells it with its place";
    match error.downcast_ref::<Faults>() {
        Some(faults) => faults.each().iter().map(|fault| Finding::new(fault, treatment)).collect(),
        None => vec![Finding::new(format!("{error:#}"), treatment)],
    }
}
