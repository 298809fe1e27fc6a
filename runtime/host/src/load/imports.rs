//! A component's imports: what each is, whether it is granted, and what it is linked to.

use std::sync::Arc;

use tradewire_surface::grants::Grants;
use tradewire_surface::text::message;
use tradewire_surface::{Catalog, OperationRef, Surface};
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, Resource, ResourceType};

use super::functions::{Form, events_plan, link, own_answer};
use super::{ImportFault, standard};
use crate::calls::{FilePlans, Pager, link_events, link_files, link_raw};
use crate::engine::Engine;
use crate::run::RunState;

/// A component's imports on their way into a linker.
pub(super) struct Linking<'a> {
    catalog: &'static Catalog,
    grants: &'a Grants,
    faults: Vec<ImportFault>,
    denied: Vec<OperationRef<'static>>,
    operations: Vec<OperationRef<'static>>,
    uses_middleware: bool,
    reads_events: bool,
}

impl<'a> Linking<'a> {
    pub fn new(catalog: &'static Catalog, grants: &'a Grants) -> Self {
        Linking {
            catalog,
            grants,
            faults: Vec::new(),
            denied: Vec::new(),
            operations: Vec::new(),
            uses_middleware: false,
            reads_events: false,
        }
    }

    /// Whether suppliers can be called.
    pub fn uses_middleware(&self) -> bool {
        self.uses_middleware
    }

    /// Whether the run's webhook events can be read.
    pub fn reads_events(&self) -> bool {
        self.reads_events
    }

    /// What is asked for in vain, and the operations that can be called.
    pub fn finish(mut self) -> (Vec<ImportFault>, Vec<OperationRef<'static>>) {
        if !self.denied.is_empty() {
            self.faults.push(ImportFault::NotGranted {
                operations: self.denied.iter().map(OperationRef::id).collect(),
                line: self.grants.line_for(self.denied.iter().copied()),
            });
        }
        (self.faults, self.operations)
    }

    fn unknown(&mut self, import: impl Into<String>, help: Option<String>) {
        self.faults.push(ImportFault::Unknown { import: message(import.into()), help });
    }

    /// Looks at every import and links what can be.
    pub fn imports(
        &mut self,
        engine: &Engine,
        component: &Component,
        linker: &mut Linker<RunState>,
    ) -> wasmtime::Result<()> {
        let ty = component.component_type();
        for (name, import) in ty.imports(&engine.wasm) {
            let ComponentItem::ComponentInstance(interface) = import.ty else {
                if !matches!(import.ty, ComponentItem::Type(_)) {
                    self.unknown(name, Some("a plugin imports interfaces only".to_owned()));
                }
                continue;
            };
            let Some((package, rest)) = name.split_once('/') else {
                self.unknown(name, None);
                continue;
            };
            let interface_name = rest.split('@').next().unwrap_or(rest);
            match package.strip_prefix("servicetitan:") {
                Some("api") => self.api(engine, name, interface_name, &interface, linker)?,
                Some(surface) => self.surface(engine, name, surface, interface_name, &interface, linker)?,
                None => self.standard(engine, name, &interface),
            }
        }
        Ok(())
    }

    /// Interfaces of others. Imports that carry only types ask for nothing.
    fn standard(&mut self, engine: &Engine, name: &str, interface: &ComponentInstance) {
        if functions(engine, interface).is_empty() {
            return;
        }
        self.uses_middleware |= name.starts_with("tradewire:plugin/middleware@");
        if let Some(help) = standard::refusal(name) {
            self.unknown(name, Some(help));
        }
    }

    fn api(
        &mut self,
        engine: &Engine,
        name: &str,
        interface_name: &str,
        interface: &ComponentInstance,
        linker: &mut Linker<RunState>,
    ) -> wasmtime::Result<()> {
        let functions = functions(engine, interface);
        match interface_name {
            "types" => {}
            "files" => {
                let mut plans = FilePlans::default();
                for (function, ty) in &functions {
                    let slot = match function.as_str() {
                        "[method]upload.write" => &mut plans.write,
                        "[method]download.read" => &mut plans.read,
                        "[constructor]upload" | "[method]download.content-type" | "[method]download.length" => continue,
                        _ => {
                            self.unknown(format!("{name}#{function}"), None);
                            continue;
                        }
                    };
                    match own_answer(interface_name, ty) {
                        Some(plan) => *slot = Some(Arc::new(plan)),
                        None => self
                            .unknown(format!("{name}#{function}"), Some("its types are not the contract's".to_owned())),
                    }
                }
                link_files(&mut linker.instance(name)?, plans)?;
            }
            "raw" => {
                for (function, ty) in &functions {
                    match own_answer("raw", ty) {
                        Some(plan) if function == "call" => link_raw(&mut linker.instance(name)?, Arc::new(plan))?,
                        _ => self.unknown(format!("{name}#{function}"), None),
                    }
                }
            }
            _ if functions.is_empty() => {}
            _ => self.unknown(name, Some("`servicetitan:api` has `types`, `files` and `raw`".to_owned())),
        }
        Ok(())
    }

    fn surface(
        &mut self,
        engine: &Engine,
        name: &str,
        surface_name: &str,
        resource: &str,
        interface: &ComponentInstance,
        linker: &mut Linker<RunState>,
    ) -> wasmtime::Result<()> {
        let functions = functions(engine, interface);
        let catalog = self.catalog;
        // Imports that carry only types ask for nothing.
        if functions.is_empty() {
            return Ok(());
        }
        let Some(surface) = catalog.surfaces.get(surface_name) else {
            let nearest = Catalog::nearest(surface_name, catalog.surfaces.keys().map(String::as_str));
            self.unknown(name, nearest.map(|n| format!("is `servicetitan:{n}` meant?")));
            return Ok(());
        };
        let is_events = resource == "events" && !surface.events.is_empty();
        if !is_events && !surface.resources.contains_key(resource) {
            let nearest = Catalog::nearest(resource, surface.resources.keys().map(String::as_str));
            self.unknown(name, nearest.map(|n| format!("is `servicetitan:{surface_name}/{n}` meant?")));
            return Ok(());
        }
        if major(name) != surface.version.split('.').next() {
            let help = format!("this host has version {}; build the plugin against it", surface.version);
            self.unknown(name, Some(help));
            return Ok(());
        }
        if is_events {
            return self.events(name, surface, &functions, linker);
        }
        let mut instance = linker.instance(name)?;
        for (item, export) in interface.exports(&engine.wasm) {
            if let (ComponentItem::Resource(_), true) = (export.ty, item.ends_with("-pager")) {
                instance.resource(item, ResourceType::host::<Pager>(), |mut store, rep| {
                    store.data_mut().table.delete(Resource::<Pager>::new_own(rep))?;
                    Ok(())
                })?;
            }
        }
        for (function, ty) in &functions {
            let form = Form::of(function);
            let Some(operation) = catalog.find(surface_name, resource, form.operation()) else {
                let names = surface.resources[resource].iter().map(|o| o.name.as_str());
                let help = Catalog::nearest(form.operation(), names).map(|n| format!("is `{n}` meant?"));
                self.unknown(format!("{surface_name}/{resource}.{}", form.operation()), help);
                continue;
            };
            if !self.grants.allows(&operation) && !self.denied.iter().any(|d| d.id() == operation.id()) {
                self.denied.push(operation);
            }
            if !self.operations.iter().any(|o| o.id() == operation.id()) {
                self.operations.push(operation);
            }
            if let Err(mismatch) = link(&mut instance, function, &form, operation, ty)? {
                self.faults.push(ImportFault::Mismatch(mismatch));
            }
        }
        Ok(())
    }
}

impl Linking<'_> {
    /// The events that began the run: whose runs they begin is the operator's to say, so reading them needs no grant.
    fn events(
        &mut self,
        name: &str,
        surface: &Surface,
        functions: &[(String, ComponentFunc)],
        linker: &mut Linker<RunState>,
    ) -> wasmtime::Result<()> {
        for (function, ty) in functions {
            if function != "next" {
                self.unknown(format!("{name}#{function}"), Some("is `next` meant?".to_owned()));
                continue;
            }
            match events_plan(surface, ty) {
                Ok(plan) => link_events(&mut linker.instance(name)?, Arc::new(plan))?,
                Err(mismatch) => self.faults.push(ImportFault::Mismatch(mismatch)),
            }
            self.reads_events = true;
        }
        Ok(())
    }
}

fn major(import: &str) -> Option<&str> {
    import.split_once('@')?.1.split('.').next()
}

fn functions(engine: &Engine, interface: &ComponentInstance) -> Vec<(String, ComponentFunc)> {
    interface
        .exports(&engine.wasm)
        .filter_map(|(name, export)| match export.ty {
            ComponentItem::ComponentFunc(ty) => Some((name.to_owned(), ty)),
            _ => None,
        })
        .collect()
}
