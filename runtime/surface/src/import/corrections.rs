//! Facts that the descriptions do not hold, each with its source.

use crate::catalog::{Effect, Paging, Surface};

/// Puts them into a surface.
pub(super) fn apply(surface: &mut Surface) {
    match surface.name.as_str() {
        // Asking for capacity is a POST with a body, and changes nothing (the official capacity guide).
        "dispatch" => each(surface, "capacity", |operation| operation.effect = Effect::Read),
        // Report data has pages of its own size (the official reporting guide: 1,000 by default, 25,000 at most).
        "reporting" => each(surface, "report-category-reports", |operation| {
            if operation.name == "get-data" {
                operation.paging = Some(Paging::Pages { max: 25_000, default: 1_000 });
            }
        }),
        _ => {}
    }
}

fn each(surface: &mut Surface, resource: &str, change: impl Fn(&mut crate::catalog::Operation)) {
    if let Some(operations) = surface.resources.get_mut(resource) {
        operations.iter_mut().for_each(change);
    }
}
