//! A pack as far as it can be read, for those who mend it.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use tradewire_liquid::{Template, Value};
use tradewire_surface::Effect;

use super::{ERROR, Endpoint, Faults, Loaded, Pack, Reader, Vendor};
use crate::contract::Contract;
use crate::fault::{Fault, Severity};

/// What could be read of a pack, and all that is wrong with the rest.
#[derive(Debug)]
pub struct Survey {
    /// Where the vendor is and how it authenticates.
    pub vendor: Option<Vendor>,
    /// The endpoints, by name.
    pub endpoints: IndexMap<String, Draft>,
    /// For a vendor's answer that is no success.
    pub error: Option<Arc<Template>>,
    /// The body of such an answer, for trying out.
    pub error_sandbox: Option<Value>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
}

/// What could be read of an endpoint.
#[derive(Debug)]
pub struct Draft {
    /// Its name: that of its folder and of its contract.
    pub name: String,
    /// The vendor's path.
    pub url: Option<String>,
    /// Whether the vendor may do something, as the pack says it.
    pub effect: Option<Effect>,
    /// ServiceTitan's call as the vendor's.
    pub request: Option<Arc<Template>>,
    /// The vendor's answer as ServiceTitan's.
    pub response: Option<Arc<Template>>,
    /// The request that the pack gives for trying out.
    pub sandbox_request: Option<Value>,
    /// The body of the vendor's answer that the pack gives for trying out.
    pub sandbox_response: Option<Value>,
    /// The contract, where ServiceTitan publishes one.
    pub contract: Option<Contract>,
}

impl Survey {
    /// Reads all of a pack that can be read.
    #[must_use]
    pub fn of(folder: &Path) -> Survey {
        let opened = match super::open(folder) {
            Ok(opened) => opened,
            Err(fault) => {
                return Survey {
                    vendor: None,
                    endpoints: IndexMap::new(),
                    error: None,
                    error_sandbox: None,
                    faults: vec![fault],
                };
            }
        };
        let mut reader = Reader::of(&opened);
        let vendor = reader.vendor();
        let mut endpoints = IndexMap::new();
        let (mut error, mut error_sandbox) = (None, None);
        for name in reader.endpoints() {
            let path = Path::new("Templates").join(&name);
            if name == ERROR {
                error = reader.template(&path.join("Error.liquid"));
                error_sandbox = reader.sample(&path.join("Sandbox_Response.json"), None);
            } else {
                let draft = reader.endpoint(&name, &path);
                endpoints.insert(name, draft);
            }
        }
        Survey { vendor, endpoints, error, error_sandbox, faults: reader.faults }
    }

    /// The pack, if it can be used.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn pack(self) -> Result<Loaded, Faults> {
        if self.faults.iter().any(|fault| fault.severity == Severity::Error) {
            return Err(Faults(self.faults));
        }
        let endpoints =
            self.endpoints.into_iter().filter_map(|(name, draft)| Some((name, draft.endpoint()?))).collect();
        match self.vendor {
            Some(vendor) => Ok(Loaded { pack: Pack { vendor, endpoints, error: self.error }, warnings: self.faults }),
            None => Err(Faults(self.faults)),
        }
    }
}

impl Draft {
    fn endpoint(self) -> Option<Endpoint> {
        let Draft { name, effect, sandbox_request, contract, .. } = self;
        let (url, request, response) = (self.url?, self.request?, self.response?);
        Some(Endpoint { name, url, effect, request, response, sandbox_request, contract })
    }
}
