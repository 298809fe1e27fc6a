//! The JSON Schema for editors: what the reader takes it takes, and what it refuses the reader refuses.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;
use tradewire_config::{Config, schema};

const GOOD: &str = include_str!("good.toml");

fn validator() -> Validator {
    jsonschema::draft7::meta::validate(&schema()).unwrap();
    jsonschema::draft7::new(&schema()).unwrap()
}

/// A configuration as an editor hands it to the schema.
fn json(text: &str) -> Value {
    serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap()
}

/// Whether the reader takes it.
fn is_read(text: &str) -> bool {
    Config::parse("tradewire.toml", text).is_ok()
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(repository.join("README.md")).unwrap();
    let configurations = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let mut configurations: Vec<String> = configurations.filter(|text| text.contains("[servicetitan]")).collect();
    configurations.push(std::fs::read_to_string(repository.join("templates/tradewire.toml")).unwrap());
    configurations.push(GOOD.to_owned());
    configurations.push(include_str!("../../src/sample.toml").to_owned());
    // The words for sizes and times that the reader knows.
    for size in ["1", "64", "64b", "64 KiB", "1.5 MiB", "64MB", "64 m", "1 GiB", "70000"] {
        configurations.push(GOOD.replace("output = 1000", &format!("output = \"{size}\"")));
    }
    for time in ["90 s", "1h 30min", "1 day", "2 hours 5 minutes", "1w", "500ms", "30 days"] {
        configurations.push(GOOD.replace("replay_window = \"10 min\"", &format!("replay_window = \"{time}\"")));
    }
    assert!(configurations.len() >= 18, "{}", configurations.len());
    let validator = validator();
    for text in configurations {
        let faults: Vec<String> = validator.iter_errors(&json(&text)).map(|fault| fault.to_string()).collect();
        // Certificates are read, and are not there.
        let there: Vec<&str> = text.lines().filter(|line| !line.starts_with("ca = ")).collect();
        Config::parse("tradewire.toml", &there.join("\n")).unwrap();
        assert!(faults.is_empty(), "{faults:?} in\n{text}");
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let faults = [
        ("environment = \"integration\"", "environment = 7"),
        ("app_key = { env = \"ST_APP_KEY\" }", "app_key = \"ak1.itself\""),
        ("app_key = { env = \"ST_APP_KEY\" }", "app_key = { env = \"ST_APP_KEY\", file = \"key\" }"),
        ("app_key = { env = \"ST_APP_KEY\" }", "app_key = {}"),
        ("app_key = { env = \"ST_APP_KEY\" }", "app_key = { envv = \"ST_APP_KEY\" }"),
        ("id = 1234567890", "id = 0"),
        ("id = 1234567890", "id = \"1234567890\""),
        ("[tenant.zenith]", "[tenant.\"zenith & sons\"]"),
        ("client_id = \"cid.zenith\"", "client_id = 7"),
        ("missed = \"all\"", "missed = \"some\""),
        ("overlap = \"replace\"", "overlap = \"Replace\""),
        ("window = \"month\"", "window = \"year\""),
        ("encoding = \"base64\"", "encoding = \"base32\""),
        ("check = \"refuse\"", "check = true"),
        ("missed_cap = 48", "missed_cap = 0"),
        ("missed_cap = 48", "missed_cap = \"48\""),
        ("missed_cap = 48", "missed_cap = 10001"),
        ("memory = \"32 MiB\"", "memory = \"much\""),
        ("memory = \"32 MiB\"", "memory = 1"),
        ("time = \"5 min\"", "time = \"5\""),
        ("time = \"5 min\"", "time = 300"),
        ("time = \"5 min\"", "time = \"soon\""),
        ("tenants = [\"zenith\", \"acme\"]", "tenants = \"zenith\""),
        ("blackout = [\"22:00-04:00\"", "blackout = [22"),
        ("batch-id = 7", "batch-id = [7]"),
        ("retries = { times = 3,", "retries = {"),
        ("ApiKey = { env = \"HARBORLINE_KEY\" }", "ApiKey = \"hk1.itself\""),
        ("[serve]", "[server]"),
        ("[delivery.archive]", "[delivery]\narchive = \"outbox\"\n[delivery.other]"),
    ];
    let validator = validator();
    for (good, bad) in faults {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good}");
        assert!(!validator.is_valid(&json(&text)), "the schema takes {bad}");
        assert!(!is_read(&text), "the reader takes {bad}");
    }
}

#[test]
fn whatever_key_is_misspelt_or_left_out_both_say_the_same_of_it() {
    let validator = validator();
    let mut compared = 0;
    for (n, line) in GOOD.lines().enumerate() {
        let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains('[')) else { continue };
        let with = |line: &str| {
            let mut lines: Vec<&str> = GOOD.lines().collect();
            lines[n] = line;
            lines.join("\n")
        };
        let misspelt = with(&line.replacen(key, &format!("{key}x"), 1));
        assert!(!validator.is_valid(&json(&misspelt)) && !is_read(&misspelt), "{line}");
        // What is missing may be missed for a reason that only the reader knows.
        let without = with("");
        assert!(validator.is_valid(&json(&without)) || !is_read(&without), "{line}");
        compared += 1;
    }
    assert!(compared > 40, "{compared}");
}
