//! `tradewire plugin inspect`: what a plugin asks for, and the lines that grant it.

use crate::bench::{Bench, guest};

/// What is shown of a guest.
fn shown(name: &str) -> String {
    Bench::empty().tradewire(&format!("plugin inspect {}", guest(name).display())).succeeded().out
}

#[test]
fn a_plugin_that_calls_vendors_asks_for_the_middleware() {
    let shown = shown("vendor.wasm");
    assert!(shown.contains("\ncalls vendors, through their request-middleware packs\n"), "{shown}");
    assert!(shown.contains("is granted by\n  grant = []\n  middleware = [\"<vendor>\"]\n"), "{shown}");
}

#[test]
fn a_plugin_that_calls_none_does_not() {
    let shown = shown("bench.wasm");
    assert!(shown.contains("is granted by\n  grant = [\"crm/customers.get-list\"]\n"), "{shown}");
    assert!(!shown.contains("middleware"), "{shown}");
}
