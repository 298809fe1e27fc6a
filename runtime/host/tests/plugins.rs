//! Plugins through the real engine: what loads, what is refused, what comes across.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{engine, guest, refused, request};
use tradewire_host::{ImportFault, Limits, LoadError, Plugin, Request};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, Scalar, Type, TypeDef};

fn load(catalog: &'static Catalog, grants: &[&str]) -> Result<Plugin, LoadError> {
    Plugin::load_against(&engine(), &guest("bench.wasm"), Grants::parse(grants).unwrap(), catalog)
}

/// The committed catalog with its surface `crm` changed.
fn changed(change: impl FnOnce(&mut Vec<tradewire_surface::Field>)) -> &'static Catalog {
    let mut catalog = Catalog::get().clone();
    match &mut catalog.surfaces["crm"].types["customer"] {
        TypeDef::Record(fields) => change(fields),
        TypeDef::Enum(_) => panic!("customer is a record"),
    }
    Box::leak(Box::new(catalog))
}

const PAGE: &str = r#"{"page":1,"pageSize":2,"hasMore":false,"totalCount":null,"data":[
    {"id":1,"active":true,"name":"O'Brien \"3/4\"","type":"Residential","balance":12.50,"newField":{"deep":[1]}},
    {"id":2,"active":null,"name":null,"type":"Alien","balance":"7.1","createdOn":"2025-10-13T14:15:16.1234567Z"}]}"#;

#[tokio::test]
async fn a_page_comes_across_with_nulls_unknown_fields_and_unknown_words() {
    let plugin = load(Catalog::get(), &["crm/customers:view"]).unwrap();
    let (result, usage) = plugin.run(request(PAGE, &[("calls", "3"), ("walk", "true")])).await;
    assert_eq!(result.unwrap(), "10");
    // Three calls, two pages and the end.
    assert_eq!(usage.host_calls, 6);
}

#[tokio::test]
async fn an_answer_that_is_not_the_contract_s_is_told_with_its_place() {
    let plugin = load(Catalog::get(), &["crm/customers:view"]).unwrap();
    for (answer, place) in [
        (r#"{"hasMore":false,"data":[{"id":"x"}]}"#, "answer.data[0].id: `x` is not such a number"),
        (r#"{"hasMore":false,"data":[{"name":"x"}]}"#, "answer.data[0]: one of `id` is missing"),
        (r#"{"hasMore":false,"data":[{"id":1"#, "not JSON"),
        ("<html>", "an object is expected, found what is not JSON"),
        ("", "not JSON"),
    ] {
        let (result, _) = plugin.run(request(answer, &[("calls", "1")])).await;
        let failure = result.unwrap_err();
        assert!(failure.to_string().contains(place), "{answer}: {failure}");
    }
}

#[tokio::test]
async fn the_limit_of_calls_is_told_by_its_setting() {
    let plugin = load(Catalog::get(), &["crm/customers:view"]).unwrap();
    let limits = Limits { host_calls: 2, ..Limits::default() };
    let (result, _) = plugin.run(Request { limits, ..request(PAGE, &[("calls", "3")]) }).await;
    let failure = result.unwrap_err().to_string();
    assert!(failure.contains("`host_calls` is 2"), "{failure}");
}

#[tokio::test]
async fn a_memory_that_is_too_small_is_told_by_its_setting() {
    let plugin = load(Catalog::get(), &["crm/customers:view"]).unwrap();
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    let (result, _) = plugin.run(Request { limits, ..request(PAGE, &[("calls", "1")]) }).await;
    let failure = result.unwrap_err().to_string();
    assert!(failure.contains("`memory` is 1 MiB"), "{failure}");
}

#[test]
fn a_missing_grant_is_told_with_the_line_to_write() {
    let told = refused(load(Catalog::get(), &["payroll:view"]));
    assert!(told.contains("not granted: `crm/customers.get-list`"), "{told}");
    assert!(told.contains(r#"grant = ["payroll:view", "crm/customers.get-list"]"#), "{told}");
}

#[test]
fn what_is_no_component_is_refused_with_what_to_do() {
    let load = |bytes: &[u8]| refused(Plugin::load(&engine(), bytes, Grants::default()));
    assert!(load(b"").contains("the file is empty"));
    assert!(load(b"#!/bin/sh").contains("not a WebAssembly component"));
    assert!(load(b"\0asm\x01\0\0\0").contains("a core WebAssembly module, not a component"));
    assert!(load(b"\0asm\x0d\0\x01\0rubbish").contains("the component is not valid"));
    // The smallest component there is: it exports nothing.
    assert!(load(b"\0asm\x0d\0\x01\0").contains("it exports nothing, and no `run`"));
}

#[tokio::test]
async fn a_plugin_built_before_a_release_that_only_adds_runs_unchanged() {
    let added = changed(|fields| {
        let mut field = fields[1].clone();
        field.wire = "loyalty".to_owned();
        fields.insert(0, field);
    });
    let plugin = load(added, &["crm/customers:view"]).unwrap();
    assert_eq!(plugin.run(request(PAGE, &[("calls", "1")])).await.0.unwrap(), "2");
    let gone = changed(|fields| fields.retain(|f| f.wire != "balance"));
    let plugin = load(gone, &["crm/customers:view"]).unwrap();
    assert_eq!(plugin.run(request(PAGE, &[("calls", "1")])).await.0.unwrap(), "2");
}

#[test]
fn a_plugin_that_needs_what_is_gone_is_refused_with_operation_field_and_both_types() {
    let gone = changed(|fields| fields.retain(|f| f.wire != "id"));
    let told = refused(load(gone, &["crm/customers:view"]));
    assert!(
        told.contains(
            "crm/customers.get-list: answer.data[].id: the plugin expects `s64`, the catalog has no such field"
        ),
        "{told}"
    );
    let other =
        changed(|fields| fields.iter_mut().find(|f| f.wire == "balance").unwrap().ty = Type::Scalar(Scalar::Bool));
    let told = refused(load(other, &["crm/customers:view"]));
    assert!(told.contains("answer.data[].balance: the plugin expects `string`, the catalog has `bool`"), "{told}");
}

#[test]
fn an_operation_that_the_catalog_lacks_is_told_with_the_nearest() {
    let mut catalog = Catalog::get().clone();
    let operations = &mut catalog.surfaces["crm"].resources["customers"];
    operations.iter_mut().find(|o| o.name == "get-list").unwrap().name = "get-lists".to_owned();
    let engine = engine();
    let grants = Grants::parse(&["crm:view"]).unwrap();
    match Plugin::load_against(&engine, &guest("bench.wasm"), grants, Box::leak(Box::new(catalog))) {
        Err(LoadError::Imports(faults)) => {
            let import = "crm/customers.get-list".to_owned();
            let help = Some("is `get-lists` meant?".to_owned());
            assert!(faults.contains(&ImportFault::Unknown { import, help }), "{faults:?}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was loaded"),
    }
}

/// The guest `hostile`, with one name in it replaced by another of the same length.
fn renamed(from: &str, to: &str) -> Result<Plugin, LoadError> {
    assert_eq!(from.len(), to.len());
    let mut bytes = guest("hostile.wasm");
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "{from}");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    Plugin::load(&engine(), &bytes, Grants::parse(&["payroll:view"]).unwrap())
}

#[test]
fn an_interface_of_another_version_is_told_with_the_version_that_there_is() {
    for (from, to, help) in [
        (
            "tradewire:plugin/files@1.0.0",
            "tradewire:plugin/files@2.0.0",
            "this host has version 1 of `tradewire:plugin`",
        ),
        (
            "wasi:logging/logging@0.1.0-draft",
            "wasi:logging/logging@0.3.0-draft",
            "this host has version 0.1.0-draft of",
        ),
        (
            "servicetitan:payroll/activity-codes@2.0.0",
            "servicetitan:payroll/activity-codes@3.0.0",
            "this host has version 2.0.0",
        ),
    ] {
        let told = refused(renamed(from, to));
        assert!(told.contains(&format!("`{to}` is not offered; help: {help}")), "{told}");
    }
}

#[test]
fn a_surface_and_an_interface_that_are_misspelt_are_told_with_what_is_meant() {
    let told = refused(renamed("servicetitan:payroll/activity-codes@", "servicetitan:payrol1/activity-codes@"));
    assert!(told.contains("help: is `servicetitan:payroll` meant?"), "{told}");
    let told = refused(renamed("servicetitan:payroll/activity-codes@", "servicetitan:payroll/activity-code5@"));
    assert!(told.contains("help: is `servicetitan:payroll/activity-codes` meant?"), "{told}");
}
