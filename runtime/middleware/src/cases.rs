//! The tests that a pack's author writes: what a call becomes, and what is made of an answer.
//!
//! `Tests/<endpoint>/<case>.json` holds one:
//!
//! ```json
//! {
//!   "request": { "headers": { "X-Trace": "t1" }, "body": { "accountId": "7" } },
//!   "vendor": { "statusCode": 200, "headers": {}, "body": { "reference": "R-1" } },
//!   "expect": {
//!     "request": { "method": "POST", "url": "https://vendor.example/orders", "headers": {}, "body": {} },
//!     "response": { "statusCode": 200, "headers": {}, "body": {} }
//!   }
//! }
//! ```
//!
//! `request` is ServiceTitan's call. `vendor` is the vendor's answer; a case without one ends at the request. Of `expect`
//! either may be left out, and is then not looked at. Both are whole documents: what is not in them must not come out.
//! Where secrets would go stands their name (`<secret ApiKey>`). The order of members does not count.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tradewire_liquid::{Object, Value};
use tradewire_private::{Entry, Folder};

use crate::fault::Fault;
use crate::pack::{self, Survey};
use crate::preview::{Answer, Call, Rehearsal};

/// The folder of the cases.
const FOLDER: &str = "Tests";

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its file, within the pack.
    pub file: PathBuf,
    /// The endpoint that is called.
    pub endpoint: String,
    call: Value,
    vendor: Option<Value>,
    request: Option<Value>,
    response: Option<Value>,
}

/// What came out of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    request: Value,
    response: Option<Value>,
    /// Where it is not what was expected.
    pub differences: Vec<Difference>,
}

/// Something that came out otherwise than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `request` or `response`.
    pub what: &'static str,
    /// What was expected, a line for each member and item.
    pub expected: String,
    /// What came out, written in the same way.
    pub found: String,
}

/// The files of a pack's cases, in order of their names.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(pack: &Path) -> Result<Vec<PathBuf>, Fault> {
    let pack = pack::open(pack)?;
    let mut files = Vec::new();
    for (endpoint, entry) in entries(&pack, Path::new(FOLDER))? {
        if entry == Entry::Folder {
            let folder = Path::new(FOLDER).join(endpoint);
            let names = entries(&pack, &folder)?.into_iter().map(|(name, _)| folder.join(name));
            files.extend(names.filter(|file| is_json(file)));
        }
    }
    Ok(files)
}

fn is_json(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json")
}

fn entries(pack: &Folder, folder: &Path) -> Result<Vec<pack::Named>, Fault> {
    match pack::entries(pack, folder) {
        Ok((entries, faults)) => faults.into_iter().next().map_or(Ok(entries), Err),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Fault::error(folder, format!("the folder cannot be read: {error}"))),
    }
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// What is no JSON, or no case.
    pub fn read(pack: &Path, file: &Path) -> Result<Case, Fault> {
        let endpoint = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let document = pack::document(&pack::open(pack)?, file)?;
        let whole = |value: &Value, of: &str, members: &[&str]| {
            let Value::Object(found) = value else { return Err(Fault::error(file, format!("{of} is no object"))) };
            match found.iter().find(|(name, _)| !members.contains(name)) {
                Some((name, _)) => {
                    let fault = Fault::error(file, format!("{of} has no member `{name}`"));
                    Err(fault.help(format!("it is one of {}", members.join(", "))))
                }
                None => Ok(()),
            }
        };
        whole(&document, "a case", &["request", "vendor", "expect"])?;
        let Some(call) = document.get("request").cloned() else {
            return Err(Fault::error(file, "the case has no `request`"));
        };
        whole(&call, "`request`", &["headers", "body"])?;
        let vendor = document.get("vendor").cloned();
        if let Some(vendor) = &vendor {
            whole(vendor, "`vendor`", &["statusCode", "headers", "body"])?;
        }
        let expect = document.get("expect").cloned().unwrap_or_else(|| Value::object::<&str>([]));
        whole(&expect, "`expect`", &["request", "response"])?;
        let (request, response) = (expect.get("request").cloned(), expect.get("response").cloned());
        if response.is_some() && vendor.is_none() {
            let fault = Fault::error(file, "the case expects a response and has no answer of the vendor's");
            return Err(fault.help("add `vendor` with `statusCode` and `body`"));
        }
        Ok(Case { file: file.to_owned(), endpoint, call, vendor, request, response })
    }

    pub(crate) fn new(file: PathBuf, endpoint: &str, call: &Call, answer: &Answer) -> Case {
        let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str().into()));
        let call = Value::object([("headers", Value::object(headers)), ("body", call.body.clone())]);
        let (endpoint, vendor) = (endpoint.to_owned(), Some(answer.document()));
        Case { file, endpoint, call, vendor, request: None, response: None }
    }

    /// Runs the case.
    ///
    /// # Errors
    /// What keeps the endpoint from being called.
    pub fn run(&self, survey: &Survey) -> Result<Outcome, Vec<Fault>> {
        let outcome = self.rehearse(&Rehearsal::of(survey, &self.endpoint)?).map_err(|fault| vec![fault])?;
        if self.request.is_none() && self.response.is_none() {
            let fault = Fault::error(&self.file, "the case expects nothing");
            return Err(vec![fault.help("write what comes out with `tradewire template test --update`")]);
        }
        Ok(outcome)
    }

    /// Runs the case, whatever it expects.
    pub(crate) fn rehearse(&self, rehearsal: &Rehearsal<'_>) -> Result<Outcome, Fault> {
        let mut call = Call::with(self.call.get("body").cloned().unwrap_or_default());
        if self.call.get("headers").is_some() {
            let members = [("headers", self.call.get("headers").cloned().unwrap_or_default()), ("body", Value::Nil)];
            call.headers = Call::read(&Value::object(members)).headers;
        }
        let request = rehearsal.request(&call)?.document();
        let answer = self.vendor.as_ref().map(|vendor| {
            let mut whole = Object::default();
            whole.insert("statusCode", vendor.get("statusCode").cloned().unwrap_or_else(|| Value::from(200)));
            for name in ["headers", "body"] {
                whole.insert(name, vendor.get(name).cloned().unwrap_or_default());
            }
            Answer::read(&Value::Object(whole))
        });
        let response = match &answer {
            Some(answer) => Some(rehearsal.response(answer)?.document()),
            None => None,
        };
        let mut differences = Vec::new();
        for (what, wanted, found) in
            [("request", &self.request, Some(&request)), ("response", &self.response, response.as_ref())]
        {
            if let (Some(wanted), Some(found)) = (wanted, found)
                && wanted != found
            {
                differences.push(Difference { what, expected: wanted.to_pretty_json(), found: found.to_pretty_json() });
            }
        }
        Ok(Outcome { request, response, differences })
    }

    /// Runs the case and gives its file with what came out as what is expected.
    ///
    /// # Errors
    /// As [`run`](Self::run), but that a case may expect nothing yet.
    pub fn updated(&self, survey: &Survey) -> Result<String, Vec<Fault>> {
        let rehearsal = Rehearsal::of(survey, &self.endpoint)?;
        self.blessed(&rehearsal).map_err(|fault| vec![fault])
    }

    pub(crate) fn blessed(&self, rehearsal: &Rehearsal<'_>) -> Result<String, Fault> {
        let outcome = self.rehearse(rehearsal)?;
        let mut document = Object::default();
        document.insert("request", self.call.clone());
        if let Some(vendor) = &self.vendor {
            document.insert("vendor", vendor.clone());
        }
        let mut expect = Object::default();
        expect.insert("request", outcome.request);
        if let Some(response) = outcome.response {
            expect.insert("response", response);
        }
        document.insert("expect", Value::Object(expect));
        Ok(Value::Object(document).to_pretty_json() + "\n")
    }
}

#[cfg(test)]
mod tests;
