//! The cases of golden-liquid through the engine, as plain text.
//!
//! The suite is not in the repository: `GOLDEN_LIQUID` names its file, or it lies beside the workspace. What fails is
//! listed with its reason in `golden-failures.txt`, and nothing else may.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use tradewire_liquid::{Error, Limits, Mode, Options, Template, Value};

#[test]
fn golden() {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden-liquid/cases.json"));
    let path = std::env::var_os("GOLDEN_LIQUID").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past what captures the output of tests that pass: `.ci/run` tells it at its end.
        let path = path.display();
        let _ = writeln!(std::io::stderr(), "NOT TESTED: golden-liquid: there is no {path}; set GOLDEN_LIQUID");
        return;
    };
    let suite = Value::from_json(&text).unwrap();
    let Some(Value::List(cases)) = suite.get("tests") else { panic!("{} has no tests", path.display()) };
    let known: BTreeMap<&str, &str> = include_str!("golden-failures.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let (mut valid, mut passed, mut invalid, mut refused) = (0, 0, 0, 0);
    let mut unknown = Vec::new();
    for case in cases {
        let name = member(case, "name");
        let template = member(case, "template");
        let outcome = render(case);
        if case.get("invalid") == Some(&Value::Bool(true)) {
            invalid += 1;
            refused += usize::from(outcome.is_err());
            if let Ok(text) = outcome {
                println!("golden: should be refused: {name}: {template} -> {text:?}");
            }
            continue;
        }
        valid += 1;
        let wanted: Vec<&str> = match case.get("results") {
            Some(Value::List(results)) => results.iter().filter_map(Value::as_text).collect(),
            _ => vec![member(case, "result")],
        };
        match outcome {
            Ok(text) if wanted.contains(&text.as_str()) => passed += 1,
            outcome => {
                let found = outcome.unwrap_or_else(|error| error.to_string());
                println!("golden: failed: {name}: {template} wanted {wanted:?}, found {found:?}");
                if !known.contains_key(name) {
                    unknown.push(name);
                }
            }
        }
    }
    println!("golden: {passed} of {valid} valid cases pass; {refused} of {invalid} invalid ones are refused");
    assert!(passed * 100 >= valid * 97, "{passed} of {valid} are less than 97 %");
    if std::env::var_os("GOLDEN_LIQUID").is_none() {
        assert!(unknown.is_empty(), "not in golden-failures.txt: {unknown:?}");
    }
}

fn member<'v>(case: &'v Value, name: &str) -> &'v str {
    case.get(name).and_then(Value::as_text).unwrap()
}

fn render(case: &Value) -> Result<String, Error> {
    let mut options = Options::default();
    if let Some(Value::Object(partials)) = case.get("templates") {
        let source = |value: &Value| value.as_text().unwrap().to_owned();
        options.partials = partials.iter().map(|(name, value)| (name.to_owned(), source(value))).collect();
    }
    let template = Template::parse(member(case, "template"), &options)?;
    template.render(case.get("data").unwrap_or(&Value::Nil), Mode::Text, &Limits::default())
}
