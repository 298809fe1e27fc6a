//! Answers: is what `Response.liquid` and `Error.liquid` write what ServiceTitan wants back?

use tradewire_liquid::reads::{Read, Use};
use tradewire_liquid::{Template, Traced, Value, pointer};
use tradewire_surface::Catalog;

use super::guess::Guess;
use super::reads::{self, ANSWER};
use super::{Checker, Report, Sample, at, document, hostile, limits, with};
use crate::contract::{Breach, Contract, Side};
use crate::exchange::rehearsal::answered;
use crate::exchange::{is_success, variables};
use crate::fault::{Fault, Severity};
use crate::pack::{Survey, Vendor};
use crate::servicetitan::Samples;
use crate::shape::{Member, Shape};

const SUCCESS: u16 = 200;
const FAILURE: u16 = 400;

/// Where an answer of the vendor's goes, and what comes out of it.
struct Way<'w> {
    vendor: &'w Vendor,
    url: &'w str,
    template: &'w Template,
    /// The contracts that it is held against, by endpoint.
    contracts: Vec<(&'w str, &'w Side)>,
    /// Whether the pack has an answer of the vendor's own.
    has_own: bool,
}

impl Checker<'_> {
    pub(super) fn answers(&mut self) {
        let Some(template) = &self.draft.response else { return };
        reads::check(template, &ANSWER, self.report);
        let side = self.draft.contract.as_ref().map(|contract| &contract.response);
        let own = self.draft.sandbox_response.as_ref();
        let way = Way {
            vendor: self.vendor,
            url: self.draft.url.as_deref().unwrap_or(&self.draft.name),
            template,
            contracts: side.map(|side| (self.draft.name.as_str(), side)).into_iter().collect(),
            has_own: own.is_some(),
        };
        way.check(own, &[SUCCESS], self.report);
    }
}

pub(super) fn check_failures(vendor: &Vendor, survey: &Survey, report: &mut Report) {
    let Some(template) = &survey.error else { return };
    reads::check(template, &ANSWER, report);
    let sides = survey.endpoints.values().filter_map(|draft| Some((&*draft.name, &draft.contract.as_ref()?.response)));
    let contracts = sides.filter(|(_, side)| knows_failures(side)).collect();
    let way = Way { vendor, url: "", template, contracts, has_own: survey.error_sandbox.is_some() };
    let mut statuses = vec![FAILURE];
    statuses.extend(template.reads().iter().filter_map(status).filter(|status| *status != FAILURE));
    way.check(survey.error_sandbox.as_ref(), &statuses, report);
}

/// A status that a template compares with.
fn status(read: &Read) -> Option<u16> {
    let Use::Compared(literal) = &read.used else { return None };
    read.behind(&["source", "statusCode"])?;
    literal.to_json().trim_matches('"').parse().ok().filter(|status| !is_success(*status))
}

/// Whether a contract has a shape for failures.
fn knows_failures(side: &Side) -> bool {
    matches!(side.shape().member("success"), Member::Known(_))
}

/// An answer of the vendor's that `Response.liquid` most probably gets.
pub(crate) fn answer_for(vendor: &Vendor, url: &str, template: &Template, contract: Option<&Contract>) -> Value {
    let contracts = contract.map(|contract| ("", &contract.response)).into_iter().collect();
    Way { vendor, url, template, contracts, has_own: false }.guess(SUCCESS).plausible
}

/// The same of an answer that is no success.
pub(crate) fn failure_for(vendor: &Vendor, template: &Template, contract: Option<&Contract>) -> Value {
    let contracts = contract.map(|contract| ("", &contract.response)).into_iter().collect();
    Way { vendor, url: "", template, contracts, has_own: false }.guess(FAILURE).plausible
}

impl<'w> Way<'w> {
    fn data(&self, status: u16, body: Value) -> Value {
        let headers = Value::object([("content-type", "application/json".into())]);
        variables::for_response(self.vendor, self.url, status, headers, body)
    }

    fn guess(&self, status: u16) -> Guess {
        let side = self.contracts.first().map(|(_, side)| *side);
        Guess::of(&self.template.reads(), side, |body| {
            let data = self.data(status, body.clone());
            document(&self.template.render_traced(&data, &limits(), &Samples).ok()?).get("body").cloned()
        })
    }

    fn check(&self, own: Option<&Value>, statuses: &[u16], report: &mut Report) {
        for status in statuses {
            let guess = self.guess(*status);
            let mut samples: Vec<(String, Value, Sample)> = Vec::new();
            samples.extend(own.map(|own| ("Sandbox_Response.json".to_owned(), own.clone(), Sample::Given)));
            samples.push(("a made-up answer".to_owned(), guess.plausible.clone(), Sample::Derived));
            samples.extend(guess.others.into_iter().map(|(what, body)| (what, body, Sample::Derived)));
            for (what, body) in hostile::variants(&guess.plausible) {
                samples.push((what.to_owned(), body, Sample::Hostile));
            }
            for (what, body, sample) in samples {
                self.answer(*status, &what, body, sample, report);
            }
        }
    }

    fn answer(&self, status: u16, what: &str, body: Value, sample: Sample, report: &mut Report) {
        let data = self.data(status, body);
        let traced = match self.template.render_traced(&data, &limits(), &Samples) {
            Ok(traced) => traced,
            Err(error) => return report.add_broken(error, what, sample),
        };
        match answered(&document(&traced)) {
            Err(trouble) => report.add_unusable(&trouble, self.template, &traced, (what, sample)),
            // A hostile value may well be another than the contract wants.
            Ok(_) if sample == Sample::Hostile => {}
            Ok(answer) => {
                for (endpoint, side) in &self.contracts {
                    for breach in side.breaches(&answer.body) {
                        // The items of a list all breach the same rule.
                        let name = if breach.unknown { breach.path.rsplit('/').next().unwrap_or_default() } else { "" };
                        let kind = format!("{endpoint} {} {name}", breach.rule);
                        report.add_one_of(self.breach(endpoint, side, breach, &traced, what, sample), kind);
                    }
                }
            }
        }
    }

    fn breach(
        &self,
        endpoint: &str,
        side: &Side,
        breach: Breach,
        traced: &Traced,
        what: &str,
        sample: Sample,
    ) -> Fault {
        // What is missing is missing in the nearest thing that is there.
        let mut pointer = format!("/body{}", breach.path);
        let mut place = traced.place(&pointer);
        while place.is_none() && !pointer.is_empty() {
            pointer.truncate(pointer.rfind('/').unwrap_or(0));
            place = traced.place(&pointer);
        }
        let is_guessed = self.has_own && sample == Sample::Derived;
        let severity = if is_guessed { Severity::Warning } else { Severity::Error };
        let fault = Fault { severity, ..Fault::error("", format!("body{breach}")) };
        let fault = at(with(fault, what), self.template, place);
        let fault = fault.contract(format!("{endpoint}.response#{}", breach.rule));
        match help(side, &breach) {
            Some(help) => fault.help(help),
            None if fault.severity == Severity::Error && sample == Sample::Derived => fault.help(
                "write what the contract wants; if the vendor answers otherwise than it was guessed from the template, \
                 put an answer of its own into `Sandbox_Response.json`",
            ),
            None => fault,
        }
    }
}

/// The nearest name for a member that the contract does not know.
fn help(side: &Side, breach: &Breach) -> Option<String> {
    if !breach.unknown {
        return None;
    }
    let mut shape: Shape<'static> = side.shape();
    let mut steps = pointer::steps(&breach.path);
    let wanted = steps.pop()?;
    for step in steps {
        shape = match (shape.item(), shape.member(&step)) {
            (Some(item), _) => item,
            (None, Member::Known(member)) => member,
            _ => return None,
        };
    }
    let names: Vec<&str> =
        shape.members().iter().map(|(name, _)| *name).filter(|name| !name.starts_with('$')).collect();
    Some(match Catalog::nearest(&wanted, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", names.join(", ")),
    })
}
