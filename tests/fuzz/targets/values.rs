//! Bytes choose the values: none may change the shape of what the templates write.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/hostile/values.rs"]
mod values;

static HOSTILE: OnceLock<values::Hostile> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    HOSTILE.get_or_init(values::Hostile::new).check(&mut values::Choices::Bytes(bytes.iter()));
});
