//! Checks a pack as its author would like it to be checked: everything at once, each fault with its place.
//!
//! Each `Request.liquid` is rendered with the contract's samples (every field; only those required), the pack's
//! `Sandbox_Request.json`, and hostile values; what comes out has to be a usable call. Each `Response.liquid` is rendered
//! with answers of the vendor's and what comes out is held against the contract. Nobody describes a vendor's answers, so
//! they are derived from what the template reads (`guess`), unless the pack has a `Sandbox_Response.json`.
//! `Error.liquid` is held against those contracts of the pack that know `success`; the others have no shape for failures.
//!
//! Errors are what breaks for ordinary values, and JSON that breaks for any. Warnings are what may be meant: fields that
//! the contract lacks, calls that hostile values make unusable, and breaches for derived answers where the pack has one
//! of the vendor's own.

mod answers;
mod guess;
mod hostile;
mod reads;
mod requests;
mod tree;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use url::Url;

use crate::exchange::Trouble;
use crate::fault::{Fault, Severity};
use crate::liquid::{Error, Limits, Problem, Template, Traced, Value};
use crate::pack::{Authentication, Draft, Survey, Vendor};

pub(crate) use answers::{answer_for, failure_for};

/// A pack that was checked.
#[derive(Debug)]
pub struct Checked {
    /// Everything that is wrong or worth a look, in the order of files and places.
    pub faults: Vec<Fault>,
    /// The endpoints that the pack has.
    pub endpoints: Vec<String>,
}

impl Checked {
    /// How many faults are as grave as this.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.faults.iter().filter(|fault| fault.severity == severity).count()
    }
}

/// Checks the pack in a folder.
#[must_use]
pub fn check(folder: &Path) -> Checked {
    let mut survey = Survey::of(folder);
    let mut report = Report { faults: std::mem::take(&mut survey.faults), known: HashSet::new() };
    let vendor = survey.vendor.clone().unwrap_or_else(somewhere);
    for draft in survey.endpoints.values() {
        Checker { vendor: &vendor, draft, report: &mut report }.check();
    }
    answers::check_failures(&vendor, &survey, &mut report);
    let mut faults = report.faults;
    faults.sort_by(|a, b| (&a.file, a.place, b.severity).cmp(&(&b.file, b.place, a.severity)));
    Checked { faults, endpoints: survey.endpoints.into_keys().collect() }
}

/// A vendor for templates whose own cannot be read: they are checked all the same.
fn somewhere() -> Vendor {
    let base_url = Url::parse("https://vendor.invalid").expect("the address that stands here is one");
    Vendor { base_url, authentication: Authentication::None }
}

/// A fault that is told: its file, its place and its kind.
type Known = (PathBuf, Option<(u32, u32)>, String);

/// What was found so far; the same fault of another sample is not told again.
struct Report {
    faults: Vec<Fault>,
    known: HashSet<Known>,
}

impl Report {
    fn add(&mut self, fault: Fault) {
        // What was wrong with which sample stands in brackets at the end.
        let what = fault.message.split(" [").next().unwrap_or_default().to_owned();
        self.add_one_of(fault, what);
    }

    /// A fault of a kind of which one at each place is enough.
    fn add_one_of(&mut self, fault: Fault, kind: impl Into<String>) {
        if self.known.insert((fault.file.clone(), fault.place, kind.into())) {
            self.faults.push(fault);
        }
    }

    /// A rendering that failed.
    fn add_broken(&mut self, error: Error, what: &str, sample: Sample) {
        if what == hostile::NUMBERS_TOO_LARGE && matches!(error.problem, Problem::Filter { .. }) {
            // The engine refuses to calculate with what it cannot hold; no author can help that.
            return;
        }
        let is_json = matches!(error.problem, Problem::Json(_));
        let fault = Fault::from(error);
        let severity = if sample == Sample::Hostile && !is_json { Severity::Warning } else { Severity::Error };
        let fault = Fault { severity, message: format!("{} [with {what}]", fault.message), ..fault };
        // Each hostile value breaks JSON in its own words.
        if is_json { self.add_one_of(fault, "no JSON") } else { self.add(fault) }
    }
}

/// An endpoint that is checked.
struct Checker<'c> {
    vendor: &'c Vendor,
    draft: &'c Draft,
    report: &'c mut Report,
}

/// What a document is, for those who read of a fault that came with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sample {
    /// As it will be.
    Given,
    /// As it might well be.
    Derived,
    /// As it might be on a bad day.
    Hostile,
}

impl Checker<'_> {
    fn check(&mut self) {
        self.requests();
        self.answers();
    }
}

/// A fault of what a template wrote, with what it was rendered with.
fn unusable(trouble: &Trouble, template: &Template, traced: &Traced<'_>, what: &str, sample: Sample) -> Fault {
    let fault = placed(trouble, template, traced);
    let severity = if sample == Sample::Hostile { Severity::Warning } else { Severity::Error };
    Fault { severity, message: format!("{} [with {what}]", fault.message), ..fault }
}

/// A fault of what a template wrote, at the place of the member that its message names.
pub(crate) fn placed(trouble: &Trouble, template: &Template, traced: &Traced<'_>) -> Fault {
    let text = trouble.to_string();
    let named = text.split('`').nth(1).unwrap_or_default();
    let place = traced.place(&format!("/headers/{named}")).or_else(|| traced.place(&format!("/{named}")));
    let place = place.or_else(|| traced.place(""));
    let file = place.as_ref().map_or_else(|| template.name().to_owned(), |place| place.name.to_string());
    Fault { place: place.map(|place| (place.line, place.column)), ..Fault::error(file, text) }
}

fn limits() -> Limits {
    Limits::default()
}

pub(crate) fn document(traced: &Traced<'_>) -> Value {
    // What the engine settled is JSON.
    Value::from_json(&traced.json).unwrap_or_default()
}

#[cfg(test)]
mod tests;
