//! A vendor's answer as JSON: read as any other reader reads it, written back as it was, held against every contract.
#![no_main]

use std::sync::LazyLock;

use serde_json::Value as Peer;
use tradewire_fuzz::fuzz;
use tradewire_middleware::contract::Contract;
use tradewire_middleware::liquid::Value;
use tradewire_surface::Catalog;

static CONTRACTS: LazyLock<Vec<Contract>> =
    LazyLock::new(|| Catalog::get().contracts.keys().filter_map(|endpoint| Contract::of(endpoint)).collect());

fuzz!(|bytes| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = Value::from_json(text);
    let peer = serde_json::from_str::<Peer>(text);
    match (&read, &peer) {
        // Numbers are kept as they are written here; the peer has no room for the largest.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("out of range"), "read, but not by the peer: {error}"),
        (Err(error), Ok(_)) => assert!(error.to_string().contains("deeper"), "not read, but by the peer: {error}"),
        _ => {}
    }
    let Ok(value) = read else { return };
    for json in [value.to_json(), value.to_pretty_json()] {
        match Value::from_json(&json) {
            Ok(again) => assert_eq!(again.to_json(), value.to_json()),
            Err(error) => panic!("what was written is not read: {error}\n{json}"),
        }
    }
    for contract in &*CONTRACTS {
        for side in [&contract.request, &contract.response] {
            for breach in side.breaches(&value) {
                assert!(!breach.to_string().is_empty());
            }
        }
    }
});
