//! `tradewire demo`: what a newcomer sees first, and what they can go on with.

use std::io::{BufRead, BufReader};

use crate::bench::{Bench, guest};

#[test]
fn the_demo_runs_a_scheduled_payroll_export_and_shows_the_file() {
    let bench = Bench::empty();
    let demo = format!("demo --out demo --plugin {}", guest("payroll-export.wasm").display());
    let told = bench.tradewire(&demo).succeeded();
    assert!(told.out.contains("weekly-payroll for acme: succeeded: PRAB_EPI.csv: "), "{told}");
    assert!(told.out.contains("file demo/payroll/PRAB_EPI.csv ("), "{told}");
    assert!(told.out.contains("\nCo Code,Batch ID,File #,"), "its first rows: {told}");
    assert!(told.out.contains("run weekly-payroll --config demo/tradewire.toml"), "what to try next: {told}");
    let config = bench.read("demo/tradewire.toml");
    assert!(config.contains("cron = \"") && config.contains("timezone = \"America/Phoenix\""), "{config}");

    // What it says to try next can be tried: the same ServiceTitan, and the same week of it.
    let words: Vec<&str> = told.out.split_whitespace().collect();
    let address = words[words.iter().position(|word| *word == "--listen").unwrap() + 1];
    let mut sandbox = bench.start(&format!("sandbox --listen {address}"));
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, format!("an offline ServiceTitan at http://{address}\n"));
    let run = bench.tradewire("run weekly-payroll --config demo/tradewire.toml").succeeded();
    assert!(run.out.contains("weekly-payroll for acme: unchanged: "), "{run}");
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();

    // Each demo is as the first.
    let again = bench.tradewire(&format!("{demo} --json")).succeeded().json();
    assert_eq!(again["run"]["trigger"], "schedule");
    assert_eq!(again["run"]["files"][0]["deliveredAs"], "PRAB_EPI.csv");
    let rows = again["rows"].as_array().unwrap();
    assert!(bench.read("demo/payroll/PRAB_EPI.csv").starts_with(rows[0].as_str().unwrap()));
    bench.tradewire("check --config demo/tradewire.toml").succeeded();
}

#[test]
fn a_demo_writes_over_no_configuration_but_its_own() {
    let bench = Bench::with("# mine");
    let demo = format!("demo --out . --plugin {}", guest("payroll-export.wasm").display());
    bench.tradewire(&demo).refused(&["was not written by a demo; choose another folder with `--out`"]);
    assert_eq!(bench.read("tradewire.toml"), "# mine");
}

#[test]
fn a_demo_without_its_plugin_says_how_to_build_it() {
    Bench::empty()
        .tradewire("demo --out demo")
        .refused(&["cannot read the plugin `target/guests/payroll-export.wasm`", "build it with `plugins/build`"]);
}
