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
mod records;
mod requests;
mod tree;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tradewire_liquid::{Error, Limits, Location, Problem, Template, Traced, Value};
use url::Url;

use crate::exchange::Trouble;
use crate::fault::{Fault, Severity};
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
        let kind = fault.message.clone();
        self.add_one_of(fault, kind);
    }

    /// A fault of what a sample led to, whichever it was.
    fn add_with(&mut self, fault: Fault, what: &str) {
        let kind = fault.message.clone();
        self.add_one_of(with(fault, what), kind);
    }

    /// A fault of a kind of which one at each place is enough.
    fn add_one_of(&mut self, fault: Fault, kind: impl Into<String>) {
        if self.known.insert((fault.file.clone(), fault.place, kind.into())) {
            self.faults.push(fault);
        }
    }

    /// A template's output that is not what it should be.
    fn add_unusable(&mut self, trouble: &Trouble, template: &Template, traced: &Traced, sample: (&str, Sample)) {
        let (what, sample) = sample;
        let severity = if sample == Sample::Hostile { Severity::Warning } else { Severity::Error };
        self.add_with(Fault { severity, ..placed(trouble, template, traced) }, what);
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
        let fault = Fault { severity, ..fault };
        // Each hostile value breaks JSON in its own words.
        if is_json { self.add_one_of(with(fault, what), "no JSON") } else { self.add_with(fault, what) }
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

/// A fault, with what the template was rendered with.
fn with(fault: Fault, what: &str) -> Fault {
    Fault { message: format!("{} [with {what}]", fault.message), ..fault }
}

/// A fault of what a template wrote, at the place of what it is about.
pub(crate) fn placed(trouble: &Trouble, template: &Template, traced: &Traced) -> Fault {
    let place = traced.place(trouble.place()).or_else(|| traced.place(""));
    at(Fault::error("", trouble.to_string()), template, place)
}

/// A fault at a place of a template or its partials, or of all of it.
fn at(fault: Fault, template: &Template, place: Option<Location>) -> Fault {
    match place {
        Some(place) => Fault { file: (&*place.name).into(), ..fault }.at(place.line, place.column),
        None => Fault { file: template.name().into(), ..fault },
    }
}

fn limits() -> Limits {
    Limits::default()
}

pub(crate) fn document(traced: &Traced) -> Value {
    // What the engine settled is JSON.
    Value::from_json(&traced.json).unwrap_or_default()
}

#[cfg(test)]
mod tests;
