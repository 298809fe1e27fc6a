//! Turns ServiceTitan's published descriptions into the catalog.
//!
//! Input is the text of the OpenAPI 3.1 documents, of the webhook events and of the middleware contracts; output is
//! a [`Catalog`] of facts (names, types, paths, scopes, limits; no prose) and a list of places that the descriptions
//! leave open. The same input always gives the same catalog.

mod contracts;
mod corrections;
mod cycles;
mod folder;
mod lower;
mod names;
mod openapi;
mod operations;

use indexmap::IndexMap;

use crate::catalog::{Catalog, Event, Surface};
use crate::types::Type;
use lower::{Lowering, Role};
use openapi::Document;

pub use contracts::ContractSource;
pub use folder::ReadError;

/// A text to import and the name it came under.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name, for messages; a surface takes its name from it (`payroll-v2.json` is `payroll`).
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What there is to import.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The OpenAPI documents, one a surface.
    pub documents: Vec<Source>,
    /// The document that holds the webhook events, if there is one.
    pub events: Option<Source>,
    /// The middleware contracts.
    pub contracts: Vec<ContractSource>,
}

/// What an import gives.
#[derive(Debug)]
pub struct Import {
    /// The catalog.
    pub catalog: Catalog,
    /// The places that have no type: they became free-form JSON or a flat list.
    pub open: Vec<OpenPlace>,
}

/// A place that the descriptions leave open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPlace {
    /// The surface.
    pub surface: String,
    /// The schema and field, as described.
    pub place: String,
    /// Why it could not be typed and what it became.
    pub why: &'static str,
}

/// Why an import ends without a catalog.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file is not the JSON that was expected.
    #[error("{file}: not a document that can be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A description says something that the importer has no rule for.
    #[error("{file}: {place}: {problem}")]
    Unsupported {
        /// The file.
        file: String,
        /// The schema or operation.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

/// Imports everything.
pub fn import(sources: &Sources) -> Result<Import, ImportError> {
    let mut catalog = Catalog::default();
    let mut open = Vec::new();
    let mut documents: Vec<&Source> = sources.documents.iter().collect();
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    for source in documents {
        let surface = surface(source, &mut open)?;
        catalog.surfaces.insert(surface.name.clone(), surface);
    }
    if let Some(source) = &sources.events {
        let surface = webhooks(source, &mut open)?;
        catalog.surfaces.insert(surface.name.clone(), surface);
    }
    catalog.surfaces.sort_keys();
    catalog.contracts = contracts::import(&sources.contracts)?;
    Ok(Import { catalog, open })
}

fn parse(source: &Source) -> Result<Document, ImportError> {
    serde_json::from_str(&source.text)
        .map_err(|error| ImportError::Unreadable { file: source.name.clone(), source: error })
}

/// `payroll-v2.json` describes the surface `payroll`, `telecom.json` the surface `telecom`.
fn surface_name(file: &str) -> String {
    let stem = file.strip_suffix(".json").unwrap_or(file);
    let stem = match stem.rsplit_once("-v") {
        Some((name, version)) if version.chars().all(|c| c.is_ascii_digit()) => name,
        _ => stem,
    };
    names::kebab(stem)
}

fn surface(source: &Source, open: &mut Vec<OpenPlace>) -> Result<Surface, ImportError> {
    let document = parse(source)?;
    let name = surface_name(&source.name);
    let mut lowering = Lowering::new(&source.name, &name, &document)?;
    for operation in operations::of(&document) {
        operations::reserve(&mut lowering, &operation)?;
    }
    lowering.assign_names();
    let resources = operations::lower(&mut lowering, &document)?;
    let types = lowering.finish(open)?;
    let mut surface = Surface {
        name,
        title: document.info.title.clone(),
        version: "2.0.0".to_owned(),
        resources,
        events: Vec::new(),
        types,
    };
    corrections::apply(&mut surface);
    Ok(surface)
}

fn webhooks(source: &Source, open: &mut Vec<OpenPlace>) -> Result<Surface, ImportError> {
    let document = parse(source)?;
    let name = "webhooks";
    let mut lowering = Lowering::new(&source.name, name, &document)?;
    let mut payloads = Vec::new();
    for (wire, envelope) in &document.events {
        let envelope = lowering.resolve(envelope)?;
        let data = envelope.properties.get("data").ok_or_else(|| ImportError::Unsupported {
            file: source.name.clone(),
            place: wire.clone(),
            problem: "the event has no `data`".to_owned(),
        })?;
        lowering.reserve(data, Role::Answer)?;
        payloads.push((wire, data));
    }
    lowering.assign_names();
    let mut events = Vec::new();
    for (wire, data) in payloads {
        let payload: Type = lowering.lower(data, Role::Answer, wire)?.ty;
        events.push(Event {
            name: names::kebab(wire.strip_prefix("tn.").unwrap_or(wire)),
            wire: wire.clone(),
            payload,
        });
    }
    let types = lowering.finish(open)?;
    Ok(Surface {
        name: name.to_owned(),
        title: "Webhooks".to_owned(),
        version: "2.0.0".to_owned(),
        resources: IndexMap::new(),
        events,
        types,
    })
}
