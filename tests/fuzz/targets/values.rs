//! Bytes choose the values: none may change the shape of what the templates write.
#![no_main]

use std::sync::LazyLock;

use tradewire_fuzz::fuzz;

#[path = "../../../runtime/liquid/tests/liquid/hostile/nasty.rs"]
mod nasty;
#[path = "../../../runtime/liquid/tests/liquid/hostile/values.rs"]
mod values;

static HOSTILE: LazyLock<values::Hostile> = LazyLock::new(values::Hostile::new);

fuzz!(|bytes| {
    HOSTILE.check(&mut values::Choices::Bytes(bytes.iter()));
});
