//! `tradewire template check`: everything that is wrong with packs, at once.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};
use tradewire_middleware::check::{self, Checked};
use tradewire_middleware::fault::Severity;

use super::{count, packs, tell};
use crate::cli::template::Check;
use crate::output::Output;

/// Checks packs.
pub fn check(options: &Check, output: &Output) -> Result<ExitCode> {
    let mut values = Vec::new();
    let (mut good, mut bad) = (String::new(), String::new());
    let (mut errors, mut warnings) = (0, 0);
    for pack in packs::named_or_all(&options.packs)? {
        let mut checked = check::check(&pack);
        checked.faults = checked.faults.into_iter().map(|fault| fault.under(&pack)).collect();
        tell(&checked.faults, output);
        let found = (checked.count(Severity::Error), checked.count(Severity::Warning));
        errors += found.0;
        warnings += found.1;
        let fails = found.0 > 0 || options.strict && found.1 > 0;
        *if fails { &mut bad } else { &mut good } += &summary(&pack, &checked);
        values.push(value(&pack, &checked));
    }
    let json = json!({ "packs": values, "errors": errors, "warnings": warnings });
    if output.is_json() || !good.is_empty() {
        output.result(&good, &json);
    }
    if bad.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    output.fault(&bad.trim_end(), true);
    Ok(ExitCode::FAILURE)
}

fn summary(pack: &Path, checked: &Checked) -> String {
    let endpoints = count(checked.endpoints.len(), "endpoint");
    let (errors, warnings) = (checked.count(Severity::Error), checked.count(Severity::Warning));
    match (errors, warnings) {
        (0, 0) => format!("{} is good: {endpoints}\n", pack.display()),
        _ => {
            let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
            format!("{}: {endpoints}, {errors}, {warnings}\n", pack.display())
        }
    }
}

fn value(pack: &Path, checked: &Checked) -> Value {
    json!({ "pack": pack.display().to_string(), "endpoints": checked.endpoints, "faults": checked.faults })
}
