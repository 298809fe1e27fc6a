//! What the fuzz targets share: how libFuzzer calls them, and how bytes are taken apart.
//!
//! A target is a file in `targets` with one [`fuzz!`]. `make fuzz` builds all of them and runs each for a minute
//! (`FUZZ_SECONDS`), from the inputs in `seeds` and whatever it has found before in `target/fuzz/corpus`.

// libFuzzer calls a C function with a pointer and a length: there is no safe way to be called by it.
#![allow(unsafe_code)]

use std::sync::Once;

/// Defines what is done with one input. A panic of any thread is a finding.
#[macro_export]
macro_rules! fuzz {
    (|$bytes:ident| $body:block) => {
        /// What libFuzzer calls with each input.
        #[unsafe(no_mangle)]
        extern "C" fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> i32 {
            // SAFETY: libFuzzer hands over `size` bytes at `data`, which stay as they are until this returns.
            unsafe { $crate::input(data, size, |$bytes: &[u8]| $body) };
            0
        }
    };
}

/// Runs what [`fuzz!`] defines.
///
/// # Safety
/// There are `size` bytes at `data`, and nobody changes them meanwhile.
#[doc(hidden)]
pub unsafe fn input(data: *const u8, size: usize, run: impl FnOnce(&[u8])) {
    static ABORTING: Once = Once::new();
    ABORTING.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            told(panic);
            std::process::abort();
        }));
    });
    if size == 0 {
        return run(&[]);
    }
    // SAFETY: that is what the caller warrants.
    run(unsafe { std::slice::from_raw_parts(data, size) });
}

/// The first so many bytes, fewer where there are no more, and the rest.
pub fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at(at.min(bytes.len()))
}

/// The number in the first two bytes, and the rest.
pub fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let (head, rest) = split(bytes, 2);
    (head.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)), rest)
}

/// A document with changes: each is three bytes, a place and what stands there from now on.
pub fn changed(document: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut changed = document.to_vec();
    for change in changes.chunks_exact(3) {
        let (place, new) = number(change);
        if let Some(byte) = place.checked_rem(document.len()).and_then(|place| changed.get_mut(place)) {
            *byte = new[0];
        }
    }
    changed
}
