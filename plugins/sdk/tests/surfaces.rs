//! The SDK has all surfaces, and each under its own name.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn surfaces() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/servicetitan");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "api").collect()
}

#[test]
fn every_surface_has_a_feature() {
    let manifest = include_str!("../Cargo.toml");
    let features: BTreeSet<String> =
        manifest.lines().filter_map(|line| line.strip_suffix(" = []")).map(str::to_owned).collect();
    let mut expected = surfaces();
    expected.insert("default".to_owned());
    assert_eq!(features, expected, "write the features of sdk/Cargo.toml anew");
    let all = manifest.lines().find_map(|line| line.strip_prefix("all = [")).unwrap();
    let all: BTreeSet<String> =
        all.trim_end_matches(']').split(", ").map(|name| name.trim_matches('"').to_owned()).collect();
    assert_eq!(all, surfaces());
}

/// A module of the SDK would hide the surface of the same name.
#[test]
fn no_module_of_the_sdk_hides_a_surface() {
    for surface in surfaces() {
        let module = format!("src/{}.rs", surface.replace('-', "_"));
        assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join(&module).exists(), "{module} hides a surface");
    }
}
