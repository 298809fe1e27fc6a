//! The cases of golden-liquid through the engine, as plain text.
//!
//! The suite is not in the repository: `GOLDEN_LIQUID` names its file, or it lies beside the workspace. Every case
//! passes.

use std::io::Write as _;
use std::path::PathBuf;

use tradewire_liquid::{Error, Limits, Mode, Options, Template, Value};

/// A case of the suite.
pub struct Case {
    pub name: String,
    pub template: String,
    /// Name and source.
    pub partials: Vec<(String, String)>,
    pub data: Value,
    /// The texts that are right; none where the template or the rendering is to be refused.
    pub wanted: Option<Vec<String>>,
}

impl Case {
    /// One that is not of the suite.
    pub fn of(template: &str, data: &Value) -> Case {
        let (name, template, data) = (String::new(), template.to_owned(), data.clone());
        Case { name, template, partials: Vec::new(), data, wanted: None }
    }

    fn read(case: &Value) -> Case {
        let text = |value: &Value| value.as_text().unwrap().to_owned();
        let member = |name: &str| case.get(name).map(text);
        let partials = match case.get("templates") {
            Some(Value::Object(partials)) => {
                partials.iter().map(|(name, source)| (name.to_owned(), text(source))).collect()
            }
            _ => Vec::new(),
        };
        let wanted = match (case.get("invalid"), case.get("results")) {
            (Some(Value::Bool(true)), _) => None,
            (_, Some(Value::List(results))) => Some(results.iter().map(text).collect()),
            _ => Some(vec![member("result").unwrap()]),
        };
        let data = case.get("data").cloned().unwrap_or_default();
        Case { name: member("name").unwrap(), template: member("template").unwrap(), partials, data, wanted }
    }

    /// What this engine makes of it.
    pub fn render(&self) -> Result<String, Error> {
        let options = Options { partials: self.partials.clone(), ..Options::default() };
        Template::parse(&self.template, &options)?.render(&self.data, Mode::Text, &Limits::default())
    }

    /// Whether an outcome is what the suite expects.
    pub fn expects<E>(&self, outcome: &Result<String, E>) -> bool {
        match (&self.wanted, outcome) {
            (None, outcome) => outcome.is_err(),
            (Some(wanted), Ok(text)) => wanted.contains(text),
            (Some(_), Err(_)) => false,
        }
    }
}

/// The suite; none where it is not there, which is told.
pub fn cases() -> Option<Vec<Case>> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden-liquid/cases.json"));
    let path = std::env::var_os("GOLDEN_LIQUID").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past what captures the output of tests that pass: `.ci/run` tells it at its end.
        let path = path.display();
        let _ = writeln!(std::io::stderr(), "NOT TESTED: golden-liquid: there is no {path}; set GOLDEN_LIQUID");
        return None;
    };
    let suite = Value::from_json(&text).unwrap();
    let Some(Value::List(cases)) = suite.get("tests") else { panic!("{} has no tests", path.display()) };
    Some(cases.iter().map(Case::read).collect())
}

#[test]
fn every_case_is_rendered_or_refused_as_the_suite_says() {
    let Some(cases) = cases() else { return };
    let mut failed = Vec::new();
    for case in &cases {
        let outcome = case.render();
        if !case.expects(&outcome) {
            println!("golden: failed: {}: {} wanted {:?}, found {outcome:?}", case.name, case.template, case.wanted);
            failed.push(&case.name);
        }
    }
    let invalid = cases.iter().filter(|case| case.wanted.is_none()).count();
    println!("golden: {} cases, {invalid} of them invalid, {} fail", cases.len(), failed.len());
    assert!(failed.is_empty(), "{failed:?}");
}
