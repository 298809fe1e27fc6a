//! A vendor's pack in the official layout:
//!
//! ```text
//! Configuration/vendor.json             where the vendor is and how it authenticates
//! Templates/<endpoint>/endpoint.json    { "url": "purchaseorder" }
//! Templates/<endpoint>/Request.liquid   ServiceTitan's call as the vendor's
//! Templates/<endpoint>/Response.liquid  the vendor's answer as ServiceTitan's
//! Templates/<endpoint>/Sandbox_Request.json
//! Templates/error/Error.liquid          for a vendor's answer that is no success
//! ```
//!
//! `endpoint.json` may say `"effect": "read"` of an endpoint whose calls may be repeated, or `"write"` of one whose calls
//! must not be, where neither the method nor the contract tells: see [`Endpoint::acts`].
//!
//! Beside these, which ServiceTitan knows, a pack may hold what only its author needs:
//!
//! ```text
//! Templates/<endpoint>/Sandbox_Response.json   the body of an answer of the vendor's, for trying out
//! Templates/error/Sandbox_Response.json        the same of an answer that is no success
//! Tests/<endpoint>/<case>.json                 see `cases`
//! ```

mod survey;
mod vendor;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use tradewire_liquid::{Options, Template, Value};
use tradewire_private::{Entry, Folder};
use tradewire_surface::Effect;
use tradewire_surface::grants::Grants;

use crate::contract::Contract;
use crate::fault::Fault;
use crate::servicetitan::{self, CallUse};
pub use survey::{Draft, Survey};
pub use vendor::{Authentication, Mapping, Output, Vendor};

/// Where the vendor is and how it authenticates.
pub(crate) const VENDOR_FILE: &str = "Configuration/vendor.json";
/// The folder of the template for failures.
pub(crate) const ERROR: &str = "error";
/// No file of a pack is longer.
const MOST_BYTES: u64 = 4 << 20;
/// All that is read of a pack together: parsed, a template takes many times its text.
const MOST_IN_ALL: usize = 8 << 20;
/// The most tags and outputs of all templates of a pack.
const MOST_MARKUP: usize = 100_000;
/// The most endpoints: ServiceTitan calls 22.
const MOST_ENDPOINTS: usize = 200;
/// How many uses of `raw` are told of each template.
const MOST_RAW: usize = 20;

/// A vendor's pack.
#[derive(Debug)]
pub struct Pack {
    /// Where the vendor is and how it authenticates.
    pub vendor: Vendor,
    /// What ServiceTitan may call, by name.
    pub endpoints: IndexMap<String, Endpoint>,
    /// For a vendor's answer that is no success.
    pub error: Option<Arc<Template>>,
}

/// One endpoint of a pack.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name: that of its folder and of its contract.
    pub name: String,
    /// The vendor's path: `config.url` in templates.
    pub url: String,
    /// Whether the vendor may do something when it is called, as the pack says it.
    pub effect: Option<Effect>,
    /// ServiceTitan's call as the vendor's.
    pub request: Arc<Template>,
    /// The vendor's answer as ServiceTitan's.
    pub response: Arc<Template>,
    /// The request that the pack gives for trying out.
    pub sandbox_request: Option<Value>,
    /// The contract, where ServiceTitan publishes one.
    pub contract: Option<Contract>,
}

/// A pack that was read, and what is worth looking at in it.
#[derive(Debug)]
pub struct Loaded {
    /// The pack.
    pub pack: Pack,
    /// Warnings only.
    pub warnings: Vec<Fault>,
}

/// A pack that cannot be used, with all that is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Faults(pub Vec<Fault>);

impl Pack {
    /// Reads a pack from its folder.
    ///
    /// # Errors
    /// Everything that is wrong with it at once: what is missing, what cannot be read, what is no Liquid or no JSON.
    pub fn load(folder: &Path) -> Result<Loaded, Faults> {
        Survey::of(folder).pack()
    }

    /// Every template: of requests, of responses, and that of failures.
    pub fn templates(&self) -> impl Iterator<Item = &Arc<Template>> {
        self.endpoints.values().flat_map(|endpoint| [&endpoint.request, &endpoint.response]).chain(&self.error)
    }

    /// Whether any of its templates asks ServiceTitan.
    pub(crate) fn asks(&self) -> bool {
        self.templates().any(|template| !template.calls().is_empty())
    }

    /// The calls of templates to ServiceTitan that these grants do not allow; the help is the line that would.
    pub(crate) fn refused(&self, grants: &Grants) -> Vec<Fault> {
        let calls: Vec<CallUse<'_>> = self
            .templates()
            .flat_map(|template| servicetitan::calls(template))
            .filter(|call| !grants.allows(&call.operation))
            .collect();
        let line = grants.line_for(calls.iter().map(|call| call.operation));
        let refused = |call: &CallUse<'_>| {
            let place = call.place;
            Fault::error(&*place.name, format!("`{}` is not granted to the pack", call.operation.id()))
                .at(place.line, place.column)
                .help(format!("write `{line}`"))
        };
        calls.iter().map(refused).collect()
    }
}

impl Endpoint {
    /// Whether the vendor may do something when it is called by this method: order, link an account. Such a call is not
    /// repeated, and runs write it down.
    ///
    /// What the pack says counts. Else a `GET` asks, and so does a `POST` where the contract only asks (prices, stock).
    /// Whatever nobody knows acts.
    #[must_use]
    pub fn acts(&self, method: &str) -> bool {
        let contract = self.contract.as_ref().map(|contract| contract.effect);
        let effect = self.effect.or(match method {
            "GET" => Some(Effect::Read),
            "POST" => contract,
            _ => None,
        });
        effect != Some(Effect::Read)
    }
}

#[derive(Deserialize)]
struct EndpointFile {
    url: String,
    effect: Option<Effect>,
}

/// Opens a pack's folder, which may be behind links: the operator named it. Nothing in it may be one.
pub(crate) fn open(folder: &Path) -> Result<Folder, Fault> {
    Folder::open(folder).map_err(|error| {
        let fault = match error.kind() {
            ErrorKind::NotFound => Fault::error("", "there is no such folder"),
            ErrorKind::NotADirectory => Fault::error("", "this is no folder"),
            _ => return Fault::error("", format!("the folder cannot be read: {error}")),
        };
        fault.help("name the folder that holds `Configuration` and `Templates`")
    })
}

/// Reads a file of a pack.
fn text(folder: &Folder, file: &Path) -> Result<String, Fault> {
    let bytes = folder.read(file, MOST_BYTES).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::error(file, "the file is missing"),
        _ => Fault::error(file, format!("the file cannot be read: {error}")),
    })?;
    match String::from_utf8(bytes) {
        // Editors on Windows like to begin a file with a mark.
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(_) => Err(Fault::error(file, "the file is not UTF-8").help("save it as UTF-8")),
    }
}

/// What is in a folder, and its name.
pub(crate) type Named = (String, Entry);

/// What a folder of a pack holds, by name. What has no plain name, and what is a link, is a fault.
pub(crate) fn entries(folder: &Folder, within: &Path) -> io::Result<(Vec<Named>, Vec<Fault>)> {
    let (mut named, mut faults) = (Vec::new(), Vec::new());
    for (name, entry) in folder.entries(within)? {
        let path = within.join(&name);
        match name.to_str().filter(|name| is_plain(name)) {
            _ if entry == Entry::Link => {
                let fault = Fault::error(path, "this is a link, and no link in a pack is followed");
                faults.push(fault.help("put what it leads to in its place"));
            }
            Some(name) => named.push((name.to_owned(), entry)),
            None => {
                let fault = Fault::error(path, "the name has characters that no name in a pack may have");
                faults.push(fault.help("rename it: letters, digits, spaces, `-`, `_`, `.`, `(` and `)`"));
            }
        }
    }
    Ok((named, faults))
}

/// Whether a name means the same to everyone who reads it: a terminal, an address, a file system.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || " -_.()".contains(c))
}

/// Reads a JSON file of a pack.
pub(crate) fn document(folder: &Folder, file: &Path) -> Result<Value, Fault> {
    Value::from_json(&text(folder, file)?)
        .map_err(|error| Fault::error(file, error.problem.to_string()).at(error.line, error.column))
}

struct Reader<'f> {
    folder: &'f Folder,
    faults: Vec<Fault>,
    /// How much more may be read, and how much more markup there may be.
    bytes: usize,
    markup: usize,
}

impl<'f> Reader<'f> {
    fn of(folder: &'f Folder) -> Reader<'f> {
        Reader { folder, faults: Vec::new(), bytes: MOST_IN_ALL, markup: MOST_MARKUP }
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        let text = text(self.folder, file).map_err(|fault| self.faults.push(fault)).ok()?;
        match self.bytes.checked_sub(text.len()) {
            Some(left) => self.bytes = left,
            None => {
                let fault = format!("with this file the pack has more than {} MiB", MOST_IN_ALL >> 20);
                self.faults.push(Fault::error(file, fault).help("make its files smaller, or two packs of it"));
                return None;
            }
        }
        Some(text)
    }

    /// Whether there may be so much markup more.
    fn is_short(&mut self, file: &Path, source: &str) -> bool {
        let markup = source.matches("{%").count() + source.matches("{{").count();
        let left = self.markup.checked_sub(markup);
        if left.is_none() {
            let fault = format!("with this file the pack has more than {MOST_MARKUP} tags and outputs");
            self.faults
                .push(Fault::error(file, fault).help("say once what repeats, with `for`, or make two packs of it"));
        }
        self.markup = left.unwrap_or(self.markup);
        left.is_some()
    }

    fn json<T: serde::de::DeserializeOwned>(&mut self, file: &Path) -> Option<T> {
        let text = self.text(file)?;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        serde_json::from_str(&text)
            .map_err(|error| {
                let place = (number(error.line()), number(error.column()));
                let text = error.to_string();
                let message = text.split(" at line ").next().unwrap_or_default().to_owned();
                self.faults.push(Fault::error(file, message).at(place.0, place.1));
            })
            .ok()
    }

    fn vendor(&mut self) -> Option<Vendor> {
        let file = Path::new(VENDOR_FILE);
        let found = self.json(file)?;
        vendor::read(file, found, &mut self.faults)
    }

    fn template(&mut self, file: &Path) -> Option<Arc<Template>> {
        let source = self.text(file)?;
        if !self.is_short(file, &source) {
            return None;
        }
        let options = Options { name: file.display().to_string(), ..servicetitan::options() };
        let template = Template::parse(&source, &options).map_err(|error| self.faults.push(error.into())).ok()?;
        let more = template.raw_uses().len().saturating_sub(MOST_RAW);
        for used in template.raw_uses().iter().take(MOST_RAW) {
            let fault = Fault::warning(&*used.name, "`| raw` lets a value change the document's structure");
            let fault = fault.at(used.line, used.column);
            self.faults.push(fault.help("leave `raw` out unless the value is JSON that the vendor made"));
        }
        if more > 0 {
            self.faults.push(Fault::warning(file, format!("`| raw` is used {more} times more")));
        }
        Some(Arc::new(template))
    }

    /// The folders of templates, in order of their names.
    fn endpoints(&mut self) -> Vec<String> {
        let (entries, faults) = match entries(self.folder, Path::new("Templates")) {
            Ok(entries) => entries,
            Err(error) => {
                self.faults.push(Fault::error("Templates", format!("the folder cannot be read: {error}")));
                return Vec::new();
            }
        };
        self.faults.extend(faults);
        let folders = entries.into_iter().filter(|(_, entry)| *entry == Entry::Folder);
        let mut names: Vec<String> = folders.map(|(name, _)| name).collect();
        if names.len() > MOST_ENDPOINTS {
            let fault = format!("there are {} endpoints, and a pack has at most {MOST_ENDPOINTS}", names.len());
            self.faults.push(Fault::error("Templates", fault).help("make more packs of it"));
            names.truncate(MOST_ENDPOINTS);
        }
        if names.iter().all(|name| name == ERROR) {
            self.faults.push(
                Fault::error("Templates", "there is no endpoint")
                    .help("add a folder for each, such as `purchaseorder`"),
            );
        }
        names
    }

    fn endpoint(&mut self, name: &str, path: &Path) -> Draft {
        let contract = Contract::of(name);
        if contract.is_none() {
            let fault =
                Fault::warning(path, format!("ServiceTitan publishes no contract for `{name}`: it is not checked"));
            self.faults.push(match Contract::nearest(name) {
                Some(nearest) => fault.help(format!("is `{nearest}` meant?")),
                None => fault,
            });
        }
        let settings: Option<EndpointFile> = self.json(&path.join("endpoint.json"));
        let request = self.template(&path.join("Request.liquid"));
        let response = self.template(&path.join("Response.liquid"));
        let sandbox_request = self.sample(&path.join("Sandbox_Request.json"), contract.as_ref());
        let sandbox_response = self.sample(&path.join("Sandbox_Response.json"), None);
        let (url, effect) = settings.map(|settings| (settings.url, settings.effect)).unzip();
        let effect = effect.flatten();
        Draft { name: name.to_owned(), url, effect, request, response, sandbox_request, sandbox_response, contract }
    }

    /// A document for trying out, which need not be there.
    fn sample(&mut self, file: &Path, contract: Option<&Contract>) -> Option<Value> {
        if !self.folder.has(file) {
            return None;
        }
        let document = document(self.folder, file).map_err(|fault| self.faults.push(fault)).ok()?;
        for breach in contract.map(|contract| contract.request.breaches(&document)).unwrap_or_default() {
            self.faults.push(Fault::warning(file, format!("the contract does not know it so: {breach}")));
        }
        Some(document)
    }
}

#[cfg(test)]
mod tests;
