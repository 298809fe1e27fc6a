//! Plugins that were compiled against another contract than the committed catalog.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{reader, refused, request};

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
