//! Plugins that were compiled against another contract than the committed catalog.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use support::{Ear, Listening, engine, guest, reader, refused, request};
use tradewire_host::{Plugin, Request};
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;

const ITEMS: &str = r#"{"page":1,"hasMore":false,"data":[
    {"id":1,"amount":12.50,"paidTimeType":"Regular","payrollId":7,"badgeNumber":"7"},
    {"id":2,"amount":"7.1","paidTimeType":"DoubleOvertime"},
    {"id":3,"paidTimeType":null}]}"#;

#[tokio::test]
async fn a_plugin_of_an_older_contract_runs_unchanged() {
    let plugin = reader("old-wit.wasm").unwrap();
    let (result, usage) = plugin.run(request(ITEMS, &[])).await;
    assert_eq!(
        result.unwrap(),
        "3 items, 3 in a page, 0 badges: DoubleOvertime (other) 1, none 1, regular 1",
        "fields, cases and parameters that it never heard of are left out, and what is gone is none"
    );
    assert_eq!(usage.host_calls, 2);
}

#[test]
fn a_plugin_that_needs_what_is_gone_is_refused_with_operation_field_and_both_sides() {
    let told = refused(reader("gone.wasm"));
    let line = "payroll/gross-pay-items.get-list: answer.data[].shift-differential: the plugin expects `string`, \
                the catalog has no such field";
    assert!(told.contains(line), "{told}");
    assert!(told.contains("help: build the plugin against the current contract"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_arrives_as_a_list_and_one_without_end_does_not_fill_the_host_s_stack() {
    let all: Vec<String> = Catalog::get().surfaces.keys().map(|surface| format!("{surface}:*")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let grants = Grants::parse(&all).unwrap();
    let plugin = Plugin::load(&engine(), &guest("every-operation.wasm"), grants).unwrap();
    let tree = |deep: usize| -> &'static str {
        let (open, close) = (r#"{"id":1,"subcategories":["#.repeat(deep), "]}".repeat(deep));
        Box::leak(format!(r#"{{"hasMore":false,"data":[{open}{close}]}}"#).into_boxed_str())
    };
    for (deep, said) in
        [(100, r#""ok":true"#), (200_000, "answer.data[0].subcategories: it goes on for more than 100 levels")]
    {
        let ear = Ear::new(0, 0);
        let settings = [("operation", "pricebook/categories.get-list"), ("forms", "calls")];
        let request = Request { sink: Arc::new(Listening(ear.clone())), ..request(tree(deep), &settings) };
        plugin.run(request).await.0.unwrap();
        let last = ear.heard.lock().unwrap().last.clone();
        assert!(last.contains(said), "{last}");
    }
}
