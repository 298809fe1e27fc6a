//! Bad input of every kind: one clear message with what to do, and nothing delivered.

use std::net::TcpListener;

use crate::bench::{Bench, config, guest, hostile, servicetitan};

/// Runs a configuration whose plugin is this file.
#[track_caller]
fn plugin_is_refused(bytes: &[u8], texts: &[&str]) {
    let rest = r#"
[plugin.odd]
source = "odd.wasm"

[export.odd]
run = "odd"
tenants = ["acme"]
cron = "0 6 * * MON"
deliver = "outbox"
"#;
    let bench = Bench::with(&config("sandbox", rest));
    bench.write("odd.wasm", bytes);
    let told = bench.tradewire("run odd --quiet").refused(texts);
    assert_eq!(told.err.matches("error: ").count(), 1, "one message: {told}");
    assert!(told.err.contains("plugin `odd` (odd.wasm, granted at tradewire.toml:15)"), "it says where: {told}");
    bench.has_delivered_nothing();
}

/// Runs the hostile guest with a line of its configuration written otherwise.
#[track_caller]
fn line_is_refused(right: &str, wrong: &str, texts: &[&str]) {
    let good = hostile("", "behaviour = \"behaves\"");
    assert!(good.contains(right), "{right}");
    let bench = Bench::with(&good.replace(right, wrong));
    let told = bench.tradewire("run odd --quiet").refused(texts);
    assert!(told.err.contains("tradewire.toml: 1 fault"), "{told}");
    bench.has_delivered_nothing();
}

#[test]
fn what_is_not_webassembly() {
    plugin_is_refused(
        b"#!/bin/sh\n",
        &["not a WebAssembly component", "help: build it for the target `wasm32-wasip2`"],
    );
}

#[test]
fn a_core_module() {
    plugin_is_refused(
        b"\0asm\x01\0\0\0",
        &["this is a core WebAssembly module, not a component", "`wasm-tools component new`"],
    );
}

#[test]
fn a_component_of_another_world() {
    let texts = [
        "this component is not a Tradewire plugin: it exports nothing",
        "help: export `run` of the world `tradewire:plugin/plugin`",
    ];
    plugin_is_refused(b"\0asm\x0d\0\x01\0", &texts);
}

#[test]
fn a_component_that_is_cut_off() {
    let whole = std::fs::read(guest("hostile.wasm")).unwrap();
    plugin_is_refused(&whole[..whole.len() / 2], &["the component is not valid"]);
}

#[test]
fn a_plugin_that_needs_what_is_gone() {
    let gone = std::fs::read(guest("gone.wasm")).unwrap();
    plugin_is_refused(&gone, &["the plugin asks for what it cannot have", "payroll/"]);
}

#[test]
fn a_plugin_that_is_not_granted_what_it_calls() {
    let hostile = std::fs::read(guest("hostile.wasm")).unwrap();
    let line = "help: write `grant = [\"payroll/activity-codes.get-list\"]`";
    plugin_is_refused(&hostile, &["not granted: `payroll/activity-codes.get-list`", line]);
}

#[test]
fn an_operation_that_there_is_not() {
    let texts = ["has no operation `get-all`", "tradewire.toml:17", "activity-codes.get-list"];
    line_is_refused("activity-codes.get-list", "activity-codes.get-all", &texts);
}

#[test]
fn a_cron_line_that_never_falls_due() {
    line_is_refused("0 6 * * MON", "0 6 30 2 *", &["this cron expression never falls due: no such day exists"]);
}

#[test]
fn a_cron_line_with_a_field_too_few() {
    let texts = ["a cron expression has 5 fields", "help: minute, hour, day of the month, month, day of the week"];
    line_is_refused("0 6 * * MON", "0 6 * *", &texts);
}

#[test]
fn a_time_zone_that_there_is_not() {
    line_is_refused(
        "America/Phoenix",
        "Mars/Olympus",
        &["`Mars/Olympus` is not a time zone", "help: write an IANA name"],
    );
}

#[test]
fn a_secret_that_stands_in_the_file_and_is_not_shown() {
    let bench = Bench::with(&config("sandbox", "").replace("{ env = \"CLIENT_SECRET\" }", "\"cs1.hunter2\""));
    let told = bench.tradewire("check").refused(&["`client_secret` must not stand in this file itself", "help: write"]);
    assert!(!told.err.contains("hunter2"), "{told}");
}

#[test]
fn an_export_that_there_is_not() {
    let bench = Bench::with(&hostile("", "behaviour = \"behaves\""));
    bench.tradewire("run odds").refused(&["error: there is no export `odds`; did you mean `odd`?"]);
    bench.tradewire("run odd --tenant acne").refused(&["does not run for a tenant `acne`; did you mean `acme`?"]);
    bench.tradewire("run odd --from yesterday --to 2026-01-01").refused(&["`yesterday` is neither a day nor a moment"]);
}

/// A configuration whose export is the payroll of this ServiceTitan.
fn payroll(address: &str) -> String {
    crate::payroll::payroll(address)
}

#[test]
fn a_servicetitan_that_is_down() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::with(&payroll(&format!("http://{closed}")));
    let told = bench
        .tradewire("run weekly-payroll --quiet")
        .refused(&[&format!("no connection to {closed}"), "check that it runs and the address is right"]);
    assert_eq!(told.err.matches("error: ").count(), 1, "one message: {told}");
    bench.has_delivered_nothing();
}

#[test]
fn a_wrong_secret() {
    let bench = Bench::with(&payroll(servicetitan()).replace("{ env = \"CLIENT_SECRET\" }", "{ file = \"secret\" }"));
    bench.write("secret", "cs1.wrong");
    let told = bench
        .tradewire("run weekly-payroll --quiet")
        .refused(&["does not accept client_id `cid.sandbox` and its secret"]);
    assert!(!told.err.contains("cs1.wrong"), "{told}");
    bench.has_delivered_nothing();
}

#[test]
fn a_wrong_app_key() {
    let bench = Bench::with(&payroll(servicetitan()).replace("{ env = \"APP_KEY\" }", "{ file = \"key\" }"));
    bench.write("key", "ak1.wrong");
    let told = bench.tradewire("run weekly-payroll --quiet").refused(&["app key"]);
    assert!(!told.err.contains("ak1.wrong"), "{told}");
    bench.has_delivered_nothing();
}

#[test]
fn faults_for_the_sandbox_that_are_not_json() {
    let bench = Bench::empty();
    let help = "write a JSON list, such as `[{\"do\": {\"latency\": {\"ms\": 250}}, \"on\": \"payroll/\"}]`";
    bench.tradewire("sandbox --listen 127.0.0.1:0 --faults {").refused(&["`--faults` is not a list of faults", help]);
    bench
        .tradewire("sandbox --listen 127.0.0.1:0 --faults @none.json")
        .refused(&["cannot read the faults from `none.json`"]);
}
