//! `tradewire template test`: the tests that authors write.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use similar::TextDiff;
use tradewire_middleware::cases::{self, Case, Difference};
use tradewire_middleware::fault::Fault;
use tradewire_middleware::pack::Survey;

use super::{count, packs, tell};
use crate::cli::template::Test;
use crate::output::Output;

/// What came of a test.
enum Verdict {
    Passed,
    Updated,
    Differs(Vec<Difference>),
    Faulty(Vec<Fault>),
}

/// Runs the tests of packs.
pub fn test(options: &Test, output: &Output) -> Result<ExitCode> {
    let packs = packs::named_or_all(&options.packs)?;
    let mut told: Vec<Value> = Vec::new();
    let mut known: Vec<Fault> = Vec::new();
    let (mut passed, mut updated, mut failed) = (0, 0, 0);
    for pack in &packs {
        let survey = Survey::of(pack);
        let files = cases::files(pack).map_err(|fault| anyhow::anyhow!("{}", fault.under(pack)))?;
        if files.is_empty() {
            output.note(&format!("{} has no tests", pack.display()));
        }
        for file in files {
            let path = pack.join(&file);
            let (result, faults, differences) = match run(pack, &file, &survey, options.update)? {
                Verdict::Passed => {
                    passed += 1;
                    ("passed", Vec::new(), Vec::new())
                }
                Verdict::Updated => {
                    updated += 1;
                    output.note(&format!("{}: updated", path.display()));
                    ("updated", Vec::new(), Vec::new())
                }
                Verdict::Differs(differences) => {
                    failed += 1;
                    output.failure(&format!("{}: {}", path.display(), diffs(&differences)));
                    ("differs", Vec::new(), differences)
                }
                Verdict::Faulty(faults) => {
                    failed += 1;
                    let faults: Vec<Fault> = faults.into_iter().map(|fault| fault.under(pack)).collect();
                    output.failure(&format!("{}: the test cannot run", path.display()));
                    // One fault may keep many tests from running.
                    let new: Vec<Fault> = faults.iter().filter(|fault| !known.contains(fault)).cloned().collect();
                    tell(&new, output);
                    known.extend(new);
                    ("faulty", faults, Vec::new())
                }
            };
            let differences: Vec<Value> = differences.iter().map(difference).collect();
            told.push(json!({
                "test": path.display().to_string(), "result": result, "faults": faults, "differences": differences,
            }));
        }
    }
    if told.is_empty() {
        let names: Vec<String> = packs.iter().map(|pack| format!("`{}`", pack.display())).collect();
        bail!(
            "no tests found in {}; write one into `Tests/<endpoint>/<case>.json`: `{{ \"request\": {{ \"body\": {{ … }} }}, \
             \"vendor\": {{ \"statusCode\": 200, \"body\": {{ … }} }} }}`, then let `--update` add what comes out",
            names.join(", ")
        );
    }
    let updates = if updated > 0 { format!(", {updated} updated") } else { String::new() };
    let text = format!("{}: {passed} passed{updates}, {failed} failed", count(told.len(), "test"));
    if failed == 0 || output.is_json() {
        output.result(&text, &json!({ "tests": told, "passed": passed, "updated": updated, "failed": failed }));
    } else {
        output.fault(&text, true);
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(pack: &Path, file: &Path, survey: &Survey, update: bool) -> Result<Verdict> {
    let case = match Case::read(pack, file) {
        Ok(case) => case,
        Err(fault) => return Ok(Verdict::Faulty(vec![fault])),
    };
    if !update {
        return Ok(match case.run(survey) {
            Err(faults) => Verdict::Faulty(faults),
            Ok(outcome) if outcome.differences.is_empty() => Verdict::Passed,
            Ok(outcome) => Verdict::Differs(outcome.differences),
        });
    }
    if case.run(survey).is_ok_and(|outcome| outcome.differences.is_empty()) {
        return Ok(Verdict::Passed);
    }
    match case.updated(survey) {
        Err(faults) => Ok(Verdict::Faulty(faults)),
        Ok(text) => {
            let path = pack.join(file);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
            Ok(Verdict::Updated)
        }
    }
}

/// What differs, as `diff -u` shows it.
fn diffs(differences: &[Difference]) -> String {
    let mut text = String::new();
    let named: Vec<&str> = differences.iter().map(|difference| difference.what).collect();
    text += &format!(
        "the {} not as expected\n",
        if named.len() == 1 { format!("{} is", named[0]) } else { named.join(" and ") + " are" }
    );
    for Difference { what, expected, found } in differences {
        let (expected, found) = (format!("{expected}\n"), format!("{found}\n"));
        let diff = TextDiff::from_lines(&expected, &found);
        let (before, after) = (format!("{what} expected"), format!("{what} found"));
        text += &diff.unified_diff().context_radius(3).header(&before, &after).to_string();
    }
    text += "if it is right now, write it into the test with `--update`";
    text
}

fn difference(difference: &Difference) -> Value {
    json!({ "what": difference.what, "expected": difference.expected, "found": difference.found })
}
