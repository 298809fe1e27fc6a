//! Requests: is what `Request.liquid` writes a call to the vendor, whatever ServiceTitan sends?

use tradewire_liquid::{Template, Value};

use super::guess::Guess;
use super::{Checker, Sample, document, hostile, limits, reads};
use crate::contract::{Contract, Fill};
use crate::exchange::rehearsal::Sent;
use crate::exchange::variables;
use crate::pack::Vendor;
use crate::servicetitan::Samples;

impl Checker<'_> {
    pub(super) fn requests(&mut self) {
        let Some(template) = &self.draft.request else { return };
        reads::check(template, &reads::request(&self.draft.name, self.draft.contract.as_ref()), self.report);
        let everything = request_for(self.vendor, template, self.draft.contract.as_ref());
        let mut samples = Vec::new();
        if let Some(sandbox) = &self.draft.sandbox_request {
            samples.push(("Sandbox_Request.json", sandbox.clone(), Sample::Given));
        }
        let hostile = hostile::variants(&everything);
        samples.push(("every field", everything, Sample::Derived));
        if let Some(contract) = &self.draft.contract {
            samples.push(("only what is required", contract.request.sample(Fill::Required), Sample::Derived));
        }
        samples.extend(hostile.into_iter().map(|(what, body)| (what, body, Sample::Hostile)));
        for (what, body, sample) in samples {
            self.request(template, what, body, sample);
        }
    }

    fn request(&mut self, template: &Template, what: &str, body: Value, sample: Sample) {
        let url = self.draft.url.as_deref().unwrap_or(&self.draft.name);
        let data = variables::for_request(self.vendor, url, &hostile::headers(), body);
        match template.render_traced(&data, &limits(), &Samples) {
            Err(error) => self.report.add_broken(error, what, sample),
            Ok(traced) => {
                if let Err(trouble) = Sent::read(&document(&traced), self.vendor) {
                    self.report.add_unusable(&trouble, template, &traced, (what, sample));
                }
            }
        }
    }
}

/// A request with every field: the contract's, or one that the template expects.
fn request_for(vendor: &Vendor, template: &Template, contract: Option<&Contract>) -> Value {
    match contract {
        Some(contract) => contract.request.sample(Fill::Everything),
        None => {
            let render = |body: &Value| {
                let data = variables::for_request(vendor, "", &[], body.clone());
                document(&template.render_traced(&data, &limits(), &Samples).ok()?).get("body").cloned()
            };
            Guess::of(&template.reads(), None, render).plausible
        }
    }
}
