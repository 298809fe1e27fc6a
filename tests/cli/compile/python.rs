//! A plugin in Python, as large as they come: made by componentize-py here, and run through the binary.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::bench::{Bench, config};

const COMPONENTIZE: &str = "componentize-py==0.25.1";

const WORLD: &str = "package acme:hours;

world hours {
  use tradewire:plugin/runs@1.0.0.{context, summary, failure};
  import tradewire:plugin/files@1.0.0;
  import wasi:config/store@0.2.0-rc.1;
  export run: func(context: context) -> result<summary, failure>;
}
";

const APP: &str = r#"
from wit_world import WitWorld
from wit_world.imports import files, store
from wit_world.imports.runs import Summary


class WitWorld(WitWorld):
    def run(self, context):
        code = store.get("company-code")
        file = files.create("hours.csv", "text/csv")
        file.write(f"{context.tenant},{code},{sum(range(100))}\r\n".encode())
        files.File.finish(file, [files.Total("rows", "1")])
        return Summary(f"Python wrote for {context.tenant}")
"#;

#[test]
fn a_plugin_in_python_loads_and_runs() {
    let rest = r#"
[plugin.hours]
source = "hours.wasm"
limits = { memory = "128 MiB" }

[export.hours]
run = "hours"
tenants = ["acme"]
cron = "0 6 * * MON"
settings = { company-code = "ABC" }
deliver = "outbox"
"#;
    let bench = Bench::with(&config("http://127.0.0.1:9", rest));
    if let Err(why) = componentize(&bench) {
        assert!(std::env::var_os("CI").is_none(), "{why}");
        // Not by a macro, whose text the test harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: a_plugin_in_python_loads_and_runs: {why}");
        return;
    }
    assert!(bench.path("hours.wasm").metadata().unwrap().len() > 10 << 20, "an interpreter is in it");
    let told = bench.tradewire("run hours").succeeded();
    assert!(told.out.contains("hours for acme: succeeded: Python wrote for acme"), "{told}");
    assert_eq!(bench.read("outbox/hours.csv"), "acme,ABC,4950\r\n");
}

/// Makes the component, with what is got from Python's registry.
fn componentize(bench: &Bench) -> Result<(), String> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    std::fs::create_dir_all(bench.path("wit/deps")).unwrap();
    bench.write("wit/world.wit", WORLD);
    for package in ["tradewire", "wasi/config", "wasi/logging", "wasi/keyvalue"] {
        let folder = bench.path(&format!("wit/deps/{}", package.replace('/', "-")));
        std::fs::create_dir(&folder).unwrap();
        for file in std::fs::read_dir(wit.join(package)).unwrap().map(|file| file.unwrap()) {
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
    bench.write("app.py", APP);
    let step = |program: &str, words: &str| {
        let output = Command::new(program).args(words.split(' ')).current_dir(bench.path("")).output();
        done(program, output)
    };
    step("python3", "-m venv venv")?;
    step("venv/bin/pip", &format!("install --quiet --disable-pip-version-check --retries 1 {COMPONENTIZE}"))?;
    step("venv/bin/componentize-py", "-d wit -w hours componentize app -o hours.wasm")
}

fn done(program: &str, output: std::io::Result<Output>) -> Result<(), String> {
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", said.trim())) }
}
