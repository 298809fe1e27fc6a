//! A vendor's answer as JSON: read as any other reader reads it, written back as it was, held against every contract.
#![no_main]

use std::sync::LazyLock;

use serde_json::Value as Peer;
use tradewire_fuzz::fuzz;
use tradewire_liquid::Value;
use tradewire_middleware::contract::Contract;
use tradewire_surface::Catalog;

static CONTRACTS: LazyLock<Vec<Contract>> =
    LazyLock::new(|| Catalog::get().contracts.keys().filter_map(|endpoint| Contract::of(endpoint)).collect());

fuzz!(|bytes| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = Value::from_json(text);
    let peer = serde_json::from_str::<Peer>(text);
    match (&read, &peer) {
        // Numbers are kept as they are written here, and half a surrogate becomes a replacement character; the peer refuses
        // the largest of the ones and all of the others.
        (Ok(_), Err(error)) => {
            let told = error.to_string();
            assert!(["out of range", "surrogate", "hex escape"].iter().any(|one| told.contains(one)), "{told}");
        }
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
