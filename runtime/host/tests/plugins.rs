//! Plugins through the real engine: what loads, what is refused, what comes across.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tradewire_client::{Answered, Arguments};
use tradewire_host::{
    CallError, Cost, Engine, EngineOptions, FileAnswer, ImportFault, Later, Level, Limits, LoadError, OutputFile,
    PageSource, Plugin, Request, ServiceTitan, Sink, Window,
};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, Method, OperationRef, Scalar, Type, TypeDef};

/// Answers every call, and every page but the last, with the same bytes.
struct Canned(&'static str);

impl ServiceTitan for Canned {
    fn call<'a>(&'a self, _: OperationRef<'static>, _: &'a Arguments) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async { Ok(answered(self.0)) })
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        Box::new(CannedPages(vec![self.0, self.0]))
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        Box::pin(async { Err(CallError::new("refused", "no files here")) })
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a str,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async { Ok(answered(self.0)) })
    }
}

struct CannedPages(Vec<&'static str>);

impl PageSource for CannedPages {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        Box::pin(async { Ok(self.0.pop().map(answered)) })
    }
}

fn answered(body: &'static str) -> Answered {
    Answered { status: 200, body: Bytes::from_static(body.as_bytes()), attempts: 1, waited: std::time::Duration::ZERO }
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Sink for Heard {
    fn log(&self, _: Level, origin: &str, message: &str) {
        self.0.lock().unwrap().push(format!("{origin}: {message}"));
    }

    fn called(&self, operation: &str, cost: Cost) {
        self.0.lock().unwrap().push(format!("called {operation}, failed {}", cost.failed));
    }

    fn create<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        Box::pin(async { Err("no files here".to_owned()) })
    }
}

fn guest(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; build the guests first: plugins/build", path.display()))
}

fn engine() -> Engine {
    Engine::new(EngineOptions { runs: 8, ..EngineOptions::default() }).unwrap()
}

fn request(answer: &'static str, settings: &[(&str, &str)]) -> Request {
    Request {
        id: "test".to_owned(),
        export: "test".to_owned(),
        tenant: "acme".to_owned(),
        tenant_id: 1,
        timezone: "UTC".to_owned(),
        window: Window { start: "2025-01-01T00:00:00Z".to_owned(), end: "2025-01-08T00:00:00Z".to_owned() },
        attempt: 1,
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        api: Arc::new(Canned(answer)),
        sink: Arc::new(Heard::default()),
        limits: Limits::default(),
    }
}

fn load(catalog: &'static Catalog, grants: &[&str]) -> Result<Plugin, LoadError> {
    Plugin::load_against(&engine(), &guest("bench.wasm"), Grants::parse(grants).unwrap(), catalog)
}

fn refused(result: Result<Plugin, LoadError>) -> String {
    match result {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error.to_string(),
    }
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
    assert!(failure.contains("`host-calls` is 2"), "{failure}");
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
