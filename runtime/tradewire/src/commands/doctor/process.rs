//! What the process may, and what becomes of its memory.

use super::{Finding, Patient};

pub(super) fn look(_: &Patient) -> Vec<Finding> {
    let mut found = Vec::new();
    if tradewire_private::is_administrator() {
        found.push(Finding::new(
            "tradewire runs as the machine's administrator",
            "give it a user of its own: `useradd --system tradewire`, and `User=tradewire` in its unit",
        ));
    }
    if !tradewire_private::is_never_dumped() {
        found.push(Finding::new(
            "core dumps are not off, and would hold secrets",
            "start it with `ulimit -c 0`, or `LimitCORE=0` in its unit",
        ));
    }
    found
}
