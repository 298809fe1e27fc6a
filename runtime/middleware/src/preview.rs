//! What a call of ServiceTitan's becomes, without the vendor: the request as it would be sent, and the response that a
//! given answer, or one derived from the template, would get.

use tradewire_liquid::{Limits, Template, Value};

use crate::check::{answer_for, document, failure_for, placed};
use crate::contract::Fill;
use crate::exchange::rehearsal::{self, Sent, answered, unanswered};
use crate::exchange::{Outgoing, is_success, variables};
use crate::fault::Fault;
use crate::pack::{Draft, Survey, Vendor};
use crate::servicetitan;
use crate::servicetitan::Samples;

/// A call of ServiceTitan's.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Value,
}

/// An answer of the vendor's.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Value,
    /// Its body.
    pub body: Value,
}

/// An endpoint whose calls are rehearsed.
#[derive(Debug, Clone, Copy)]
pub struct Rehearsal<'s> {
    vendor: &'s Vendor,
    draft: &'s Draft,
    error: Option<&'s Template>,
}

impl Call {
    /// A call with this body and the headers that any call has.
    #[must_use]
    pub fn with(body: Value) -> Call {
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
        Call { headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), body }
    }

    /// Reads a call: `{ "headers", "body" }`, or a body alone, as `Sandbox_Request.json` has it.
    #[must_use]
    pub fn read(document: &Value) -> Call {
        match whole(document, &["headers", "body"], "body") {
            true => {
                let call = Call::with(document.get("body").cloned().unwrap_or_default());
                match document.get("headers") {
                    Some(Value::Object(headers)) => Call {
                        headers: headers.iter().map(|(name, v)| (name.to_owned(), v.to_text())).collect(),
                        ..call
                    },
                    _ => call,
                }
            }
            false => Call::with(document.clone()),
        }
    }
}

impl Answer {
    /// An answer of this status with this body.
    #[must_use]
    pub fn with(status: u16, body: Value) -> Answer {
        Answer { status, headers: Value::object([("content-type", "application/json".into())]), body }
    }

    /// Reads an answer: `{ "statusCode", "headers", "body" }`, or a body alone, as `Sandbox_Response.json` has it.
    #[must_use]
    pub fn read(document: &Value) -> Answer {
        if !whole(document, &["statusCode", "headers", "body"], "statusCode") {
            return Answer::with(200, document.clone());
        }
        let status = document.get("statusCode").and_then(|status| status.to_json().trim_matches('"').parse().ok());
        let answer = Answer::with(status.unwrap_or(200), document.get("body").cloned().unwrap_or_default());
        match document.get("headers") {
            Some(headers @ Value::Object(_)) => Answer { headers: headers.clone(), ..answer },
            _ => answer,
        }
    }

    /// The answer as one document.
    #[must_use]
    pub fn document(&self) -> Value {
        rehearsal::answer_document(self.status, self.headers.clone(), &self.body)
    }
}

/// Whether a document is an envelope of these members rather than a body.
fn whole(document: &Value, members: &[&str], needed: &str) -> bool {
    match document {
        Value::Object(found) => found.get(needed).is_some() && found.iter().all(|(name, _)| members.contains(&name)),
        _ => false,
    }
}

impl<'s> Rehearsal<'s> {
    /// An endpoint of a pack.
    ///
    /// # Errors
    /// Everything that is wrong with what its calls need; or that there is no such endpoint.
    pub fn of(survey: &'s Survey, endpoint: &str) -> Result<Rehearsal<'s>, Vec<Fault>> {
        let Some(draft) = survey.endpoints.get(endpoint) else {
            let names: Vec<&str> = survey.endpoints.keys().map(String::as_str).collect();
            let fault = Fault::error("Templates", format!("there is no endpoint `{endpoint}`"));
            return Err(match names.is_empty() {
                // Why there is none is told already.
                true if !survey.faults.is_empty() => survey.faults.clone(),
                true => vec![fault],
                false => vec![fault.help(format!("it is one of {}", names.join(", ")))],
            });
        };
        let concerns = |fault: &&Fault| {
            let own = std::path::Path::new("Templates").join(endpoint);
            fault.severity == crate::fault::Severity::Error
                && (fault.file.starts_with("Configuration")
                    || fault.file.starts_with("Templates/error")
                    || fault.file.starts_with(own))
        };
        let faults: Vec<Fault> = survey.faults.iter().filter(concerns).cloned().collect();
        match (&survey.vendor, faults.is_empty()) {
            (Some(vendor), true) => Ok(Rehearsal::new(vendor, draft, survey.error.as_deref())),
            _ => Err(faults),
        }
    }

    pub(crate) fn new(vendor: &'s Vendor, draft: &'s Draft, error: Option<&'s Template>) -> Rehearsal<'s> {
        Rehearsal { vendor, draft, error }
    }

    fn url(&self) -> &str {
        self.draft.url.as_deref().unwrap_or(&self.draft.name)
    }

    /// The operations that its templates may ask of ServiceTitan. A rehearsal answers them with made-up records.
    #[must_use]
    pub fn asks(&self) -> Vec<String> {
        let templates = [self.draft.request.as_deref(), self.draft.response.as_deref(), self.error];
        let mut asks: Vec<String> = Vec::new();
        for call in templates.into_iter().flatten().flat_map(servicetitan::calls) {
            let operation = call.operation.id();
            if !asks.contains(&operation) {
                asks.push(operation);
            }
        }
        asks
    }

    /// The call that the pack gives for trying out, or one with every field of the contract.
    #[must_use]
    pub fn usual_call(&self) -> Call {
        let contract = self.draft.contract.as_ref();
        let sandbox = self.draft.sandbox_request.clone();
        let body = sandbox.or_else(|| contract.map(|contract| contract.request.sample(Fill::Everything)));
        Call::with(body.unwrap_or_else(|| Value::object::<&str>([])))
    }

    /// An answer of this status: of a success the one that the pack gives for trying out, or one derived from what
    /// `Response.liquid` reads; else one derived from what `Error.liquid` reads.
    #[must_use]
    pub fn usual_answer(&self, status: u16) -> Answer {
        let contract = self.draft.contract.as_ref();
        if !is_success(status) {
            let derived = |template| failure_for(self.vendor, template, contract);
            return Answer::with(status, self.error.map(derived).unwrap_or_default());
        }
        let derived = || {
            let template = self.draft.response.as_deref()?;
            Some(answer_for(self.vendor, self.url(), template, contract))
        };
        Answer::with(status, self.draft.sandbox_response.clone().or_else(derived).unwrap_or_default())
    }

    /// The request that would be sent to the vendor.
    ///
    /// # Errors
    /// A template that cannot be rendered, or that writes no call.
    pub fn request(&self, call: &Call) -> Result<Sent, Fault> {
        let template = self.draft.request.as_deref();
        let template = template.ok_or_else(|| Fault::error(&self.draft.name, "there is no `Request.liquid`"))?;
        let data = variables::for_request(self.vendor, self.url(), &call.headers, call.body.clone());
        let traced = template.render_traced(&data, &Limits::default(), &Samples)?;
        Sent::read(&document(&traced), self.vendor).map_err(|trouble| placed(&trouble, template, &traced))
    }

    /// The response that ServiceTitan would get for an answer of the vendor's.
    ///
    /// # Errors
    /// A template that cannot be rendered, or that writes no response.
    pub fn response(&self, answer: &Answer) -> Result<Outgoing, Fault> {
        let template = match (is_success(answer.status), self.error) {
            (true, _) => self.draft.response.as_deref(),
            (false, Some(error)) => Some(error),
            (false, None) => return Ok(unanswered(answer.status, &answer.body)),
        };
        let template = template.ok_or_else(|| Fault::error(&self.draft.name, "there is no `Response.liquid`"))?;
        let (headers, body) = (answer.headers.clone(), answer.body.clone());
        let data = variables::for_response(self.vendor, self.url(), answer.status, headers, body);
        let traced = template.render_traced(&data, &Limits::default(), &Samples)?;
        answered(&document(&traced)).map_err(|trouble| placed(&trouble, template, &traced))
    }

    /// Where call and response are not what the contract says.
    #[must_use]
    pub fn warnings(&self, call: &Call, response: Option<&Outgoing>) -> Vec<String> {
        let Some(contract) = &self.draft.contract else { return Vec::new() };
        let name = &self.draft.name;
        let requests = contract.request.breaches(&call.body).into_iter().map(|breach| ("request", breach));
        let response = response.map(|response| contract.response.breaches(&response.body)).unwrap_or_default();
        let responses = response.into_iter().map(|breach| ("response", breach));
        requests.chain(responses).map(|(side, breach)| format!("{breach} ({name}.{side}#{})", breach.rule)).collect()
    }
}
