//! `tradewire check`: what a good configuration is told, and that a bad one is told as a whole.

use crate::bench::{Bench, config, guest, hostile};

#[test]
fn a_good_configuration_is_told_when_what_runs_next() {
    let bench = Bench::with(&hostile("", "behaviour = \"behaves\""));
    let told = bench.tradewire("check").succeeded();
    assert!(told.out.contains("export odd for acme: next at "), "{told}");
    assert!(told.out.contains("T06:00:00-07:00"), "in the tenant's own time: {told}");
    assert!(told.out.contains("tradewire.toml is good"), "{told}");
    let json = bench.tradewire("check --json").succeeded().json();
    assert_eq!(json["exports"][0]["next"].as_array().unwrap().len(), 3);
    assert_eq!(json["exports"][0]["timezone"], "America/Phoenix");
    assert_eq!(json["plugins"][0]["operations"][0], "payroll/activity-codes.get-list");
}

/// Nobody waits for a pipe that nobody writes to, whichever file it stands in for.
#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_is_told_and_not_waited_for() {
    let pipe = |bench: &Bench, name: &str| {
        assert!(
            std::process::Command::new("mkfifo").args(["-m", "600"]).arg(bench.path(name)).status().unwrap().success()
        );
    };
    let secret = config("sandbox", "").replace("{ env = \"CLIENT_SECRET\" }", "{ file = \"pipe\" }");
    assert!(secret.contains("pipe"));
    let bench = Bench::with(&secret);
    pipe(&bench, "pipe");
    bench
        .tradewire("check")
        .refused(&["cannot read the secret file `pipe`: it is a named pipe, not a file; write the"]);
    bench.tradewire("check --config pipe").refused(&["it is a named pipe, not a file"]);
    let tls = "\n[serve]\ntls = { certificate = \"pipe\", key = { file = \"pipe\" } }\n";
    bench.write("tradewire.toml", config("sandbox", tls));
    bench.tradewire("check").refused(&["cannot read the certificate `pipe`: it is a named pipe, not a file"]);
    bench.write(
        "tradewire.toml",
        config("sandbox", "\n[vault]\nfile = \"pipe\"\nkey = { env = \"APP_KEY\" }\n")
            .replace("{ env = \"CLIENT_SECRET\" }", "{ vault = \"cs\" }"),
    );
    bench.tradewire("check").refused(&["it is a named pipe, not a file"]);
}

#[test]
fn every_fault_of_the_configuration_is_told_at_once_with_its_line() {
    let faulty = hostile("memry = \"64 MiB\"", "behaviour = \"behaves\"")
        .replace("0 6 * * MON", "0 25 * * MON")
        .replace("America/Phoenix", "America/Pheonix")
        .replace("activity-codes.get-list", "activity-codes.get-lst");
    let bench = Bench::with(&faulty);
    bench.tradewire("check").refused(&[
        "error: `America/Pheonix` is not a time zone",
        "help: did you mean `America/Phoenix`?",
        "error: resource `payroll/activity-codes` has no operation `get-lst`",
        "help: did you mean `payroll/activity-codes.get-list`?",
        "error: unknown key `memry` in [plugin.hostile.limits]",
        "help: did you mean `memory`?",
        "error: `25` is not an hour",
        "23 | cron = \"0 25 * * MON\"",
        "help: 0 to 23",
        "tradewire.toml: 4 faults",
    ]);
    let told = bench.tradewire("check --json").refused(&[]);
    let json: serde_json::Value = serde_json::from_str(&told.err).unwrap();
    assert_eq!(json["faults"].as_array().unwrap().len(), 4);
    assert_eq!(json["faults"][3]["line"], 23);
}

#[test]
fn every_plugin_and_every_secret_that_is_missing_is_told_at_once() {
    let rest = r#"
[plugin.gone]
source = "gone.wasm"

[plugin.empty]
source = "empty.wasm"
"#;
    let config =
        config("sandbox", rest).replace("CLIENT_SECRET", "NOT_SET").replace("\"outbox\"", "\"no/such/outbox\"");
    let bench = Bench::with(&config);
    bench.write("empty.wasm", "");
    bench.tradewire("check").refused(&[
        "error: delivery `outbox`: neither the folder `no/such/outbox` nor the one above it is there; make it",
        "error: cannot read plugin `gone` from `gone.wasm`: No such file",
        "help: correct `source` of `[plugin.gone]`, or build the component",
        "error: plugin `empty` (empty.wasm, granted at tradewire.toml:",
        "not a WebAssembly component: the file is empty",
        "error: tenant `acme`, `client_secret`: environment variable `NOT_SET` is not set: set it to the secret",
    ]);
}

#[test]
fn a_plugin_without_its_grant_is_told_the_line_that_grants_it() {
    let rest = format!(
        "[plugin.payroll-export]\nsource = {:?}\ngrant = [\"payroll/payrolls:view\"]\n",
        guest("payroll-export.wasm")
    );
    let bench = Bench::with(&config("sandbox", &rest));
    bench.tradewire("check").refused(&[
        "granted at tradewire.toml:16",
        "not granted: `payroll/",
        "help: write `grant = [\"payroll/payrolls:view\", \"payroll/",
        "\"settings/technicians.get-list\"",
    ]);
}

#[test]
fn editors_are_told_what_may_stand_in_a_configuration() {
    let bench = Bench::empty();
    let told = bench.tradewire("schema").succeeded();
    let schema = told.json();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let missed = &schema["properties"]["export"]["additionalProperties"]["properties"]["missed"];
    assert_eq!(missed["enum"], serde_json::json!(["skip", "latest", "all"]), "{missed}");
    assert!(missed["description"].as_str().is_some_and(|text| text.contains("skip, latest, all")), "{missed}");
    assert_eq!(bench.tradewire("schema --json").succeeded().json(), schema);
}

#[test]
fn a_configuration_that_is_not_there_is_told_with_what_to_do() {
    Bench::empty().tradewire("check").refused(&[
        "error: cannot read the configuration `tradewire.toml`: No such file",
        "name another with `--config`, or begin with what `tradewire demo` writes",
    ]);
}
