//! What a component asks for, by name: what each import means, and whether it is offered and granted.

use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, OperationRef, Surface};
use tradewire_text::message;

use super::functions::Form;
use super::standard;
use crate::compile::{Asks, ImportKind};
use crate::load_error::{ImportFault, LoadError, MOST_TOLD};

/// The imports of a component, looked at one by one.
pub(super) struct Review<'a> {
    catalog: &'static Catalog,
    grants: &'a Grants,
    /// Of each import whose functions are to be linked, by its name.
    pub meanings: Vec<(String, Meaning)>,
    pub faults: Vec<ImportFault>,
    denied: Vec<OperationRef<'static>>,
    operations: Vec<OperationRef<'static>>,
    /// Whether vendors can be called.
    pub uses_middleware: bool,
    /// Whether the run's webhook events can be read.
    pub reads_events: bool,
}

/// What an interface is linked to.
pub(super) enum Meaning {
    Files,
    Raw,
    Events(&'static Surface),
    /// Operations, and the functions that call them.
    Operations(Vec<(String, OperationRef<'static>)>),
}

impl<'a> Review<'a> {
    /// Looks at every import.
    pub fn of(catalog: &'static Catalog, grants: &'a Grants, asks: &Asks) -> Review<'a> {
        let mut review = Review {
            catalog,
            grants,
            meanings: Vec::new(),
            faults: Vec::new(),
            denied: Vec::new(),
            operations: Vec::new(),
            uses_middleware: false,
            reads_events: false,
        };
        for import in &asks.imports {
            match &import.kind {
                ImportKind::Interface(functions) => review.interface(&import.name, functions),
                ImportKind::Type => {}
                ImportKind::Other => {
                    review.unknown(&import.name, || Some("a plugin imports interfaces only".to_owned()));
                }
            }
        }
        review
    }

    /// The operations that can be called, or all that is asked for in vain.
    pub fn finish(mut self) -> Result<Vec<OperationRef<'static>>, LoadError> {
        if !self.denied.is_empty() {
            self.faults.push(ImportFault::NotGranted {
                operations: self.denied.iter().map(OperationRef::id).collect(),
                line: self.grants.line_for(self.denied.iter().copied()),
            });
        }
        if self.faults.is_empty() { Ok(self.operations) } else { Err(LoadError::Imports(self.faults)) }
    }

    /// Counts what is not offered. What may have been meant is looked for as long as it is told.
    fn unknown(&mut self, import: impl Into<String>, help: impl FnOnce() -> Option<String>) {
        let help = if self.faults.len() < MOST_TOLD { help() } else { None };
        self.faults.push(ImportFault::Unknown { import: message(import.into()), help });
    }

    fn interface(&mut self, name: &str, functions: &[String]) {
        let Some((package, rest)) = name.split_once('/') else { return self.unknown(name, || None) };
        let interface = rest.split('@').next().unwrap_or(rest);
        match package.strip_prefix("servicetitan:") {
            Some("api") => self.api(name, interface, functions),
            // Imports that carry only types ask for nothing.
            _ if functions.is_empty() => {}
            Some(surface) => self.surface(name, surface, interface, functions),
            None => {
                self.uses_middleware |= name.starts_with("tradewire:plugin/middleware@");
                if let Some(help) = standard::refusal(name) {
                    self.unknown(name, || Some(help));
                }
            }
        }
    }

    fn api(&mut self, name: &str, interface: &str, functions: &[String]) {
        let (meaning, known): (_, &[&str]) = match interface {
            "types" => return,
            "files" => (
                Meaning::Files,
                &[
                    "[method]upload.write",
                    "[method]download.read",
                    "[constructor]upload",
                    "[method]download.content-type",
                    "[method]download.length",
                ],
            ),
            "raw" => (Meaning::Raw, &["call"]),
            _ if functions.is_empty() => return,
            _ => return self.unknown(name, || Some("`servicetitan:api` has `types`, `files` and `raw`".to_owned())),
        };
        for function in functions.iter().filter(|function| !known.contains(&function.as_str())) {
            self.unknown(format!("{name}#{function}"), || None);
        }
        self.meanings.push((name.to_owned(), meaning));
    }

    fn surface(&mut self, name: &str, surface_name: &str, resource: &str, functions: &[String]) {
        let catalog = self.catalog;
        let Some(surface) = catalog.surfaces.get(surface_name) else {
            let names = catalog.surfaces.keys().map(String::as_str);
            let nearest = || Catalog::nearest(surface_name, names);
            return self.unknown(name, || nearest().map(|near| format!("is `servicetitan:{near}` meant?")));
        };
        let is_events = resource == "events" && !surface.events.is_empty();
        if !is_events && !surface.resources.contains_key(resource) {
            let nearest = || Catalog::nearest(resource, surface.resources.keys().map(String::as_str));
            let help = || nearest().map(|near| format!("is `servicetitan:{surface_name}/{near}` meant?"));
            return self.unknown(name, help);
        }
        if major(name) != surface.version.split('.').next() {
            let help = format!("this host has version {}; build the plugin against it", surface.version);
            return self.unknown(name, || Some(help));
        }
        if is_events {
            // Whose runs the events begin is the operator's to say, so reading them needs no grant.
            self.reads_events = true;
            for function in functions.iter().filter(|function| *function != "next") {
                self.unknown(format!("{name}#{function}"), || Some("is `next` meant?".to_owned()));
            }
            return self.meanings.push((name.to_owned(), Meaning::Events(surface)));
        }
        let mut linked = Vec::new();
        for function in functions {
            let wanted = Form::of(function).operation();
            let Some(operation) = catalog.find(surface_name, resource, wanted) else {
                let names = surface.resources[resource].iter().map(|operation| operation.name.as_str());
                let help = || Catalog::nearest(wanted, names).map(|near| format!("is `{near}` meant?"));
                self.unknown(format!("{surface_name}/{resource}.{wanted}"), help);
                continue;
            };
            if !self.grants.allows(&operation) && !self.denied.iter().any(|denied| denied.id() == operation.id()) {
                self.denied.push(operation);
            }
            if !self.operations.iter().any(|known| known.id() == operation.id()) {
                self.operations.push(operation);
            }
            linked.push((function.clone(), operation));
        }
        self.meanings.push((name.to_owned(), Meaning::Operations(linked)));
    }
}

fn major(import: &str) -> Option<&str> {
    import.split_once('@')?.1.split('.').next()
}
