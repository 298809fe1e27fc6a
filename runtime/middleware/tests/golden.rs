//! The cases of golden-liquid through the engine, as plain text.
//!
//! The suite is not in the repository: `GOLDEN_LIQUID` names its file, or it lies beside the workspace. What fails is
//! listed with its reason in `golden-failures.txt`, and nothing else may.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use tradewire_middleware::liquid::{Error, Limits, Mode, Options, Template, Value};

#[test]
fn golden() {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden-liquid/cases.json"));
    let path = std::env::var_os("GOLDEN_LIQUID").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("golden: skipped, there is no {}; set GOLDEN_LIQUID", path.display());
        return;
    };
    let suite: Json = serde_json::from_str(&text).unwrap();
    let known: BTreeMap<&str, &str> = include_str!("golden-failures.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let (mut valid, mut passed, mut invalid, mut refused) = (0, 0, 0, 0);
    let mut unknown = Vec::new();
    for case in suite["tests"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let outcome = render(case);
        if case["invalid"].as_bool() == Some(true) {
            invalid += 1;
            refused += usize::from(outcome.is_err());
            if let Ok(text) = outcome {
                println!("golden: should be refused: {name}: {} -> {text:?}", case["template"]);
            }
            continue;
        }
        valid += 1;
        let wanted: Vec<&str> = match &case["results"] {
            Json::Array(results) => results.iter().filter_map(Json::as_str).collect(),
            _ => vec![case["result"].as_str().unwrap()],
        };
        match outcome {
            Ok(text) if wanted.contains(&text.as_str()) => passed += 1,
            outcome => {
                let found = outcome.unwrap_or_else(|error| error.to_string());
                println!("golden: failed: {name}: {} wanted {wanted:?}, found {found:?}", case["template"]);
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

fn render(case: &Json) -> Result<String, Error> {
    let partials = case["templates"].as_object().into_iter().flatten();
    let partials = partials.map(|(name, source)| (name.clone(), source.as_str().unwrap().to_owned())).collect();
    let options = Options { partials, ..Options::default() };
    let data = Value::from_json(&case["data"].to_string())?;
    let template = Template::parse(case["template"].as_str().unwrap(), &options)?;
    template.render(&data, Mode::Text, &Limits::default())
}
