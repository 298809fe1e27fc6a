//! Links a component's imports: plans how their types stand to the catalog's, and defines their functions.

use std::sync::Arc;

use tradewire_surface::{OperationRef, Surface};
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType};

use super::functions::{Form, events_plan, link, own_answer};
use super::review::Meaning;
use crate::calls::{FilePlans, Pager, link_events, link_files, link_raw};
use crate::engine::Engine;
use crate::load_error::ImportFault;
use crate::run::RunState;

/// Links what is imported to what it means. What its types do not fit is told.
pub(super) fn link_imports(
    engine: &Engine,
    component: &Component,
    meanings: &[(String, Meaning)],
    linker: &mut Linker<RunState>,
) -> wasmtime::Result<Vec<ImportFault>> {
    let ty = component.component_type();
    let mut faults = Vec::new();
    for (name, meaning) in meanings {
        let import = ty.get_import(&engine.wasm, name).map(|import| import.ty);
        let Some(ComponentItem::ComponentInstance(interface)) = import else { continue };
        let functions = functions(engine, &interface);
        let mut instance = linker.instance(name)?;
        match meaning {
            Meaning::Files => files(name, &functions, &mut instance, &mut faults)?,
            Meaning::Raw => {
                for (function, ty) in functions.iter().filter(|(function, _)| function == "call") {
                    match own_answer("raw", ty) {
                        Some(plan) => link_raw(&mut instance, Arc::new(plan))?,
                        None => faults.push(not_the_contract_s(name, function)),
                    }
                }
            }
            Meaning::Events(surface) => events(surface, &functions, &mut instance, &mut faults)?,
            Meaning::Operations(operations) => {
                pagers(engine, &interface, &mut instance)?;
                for (function, ty) in &functions {
                    let Some(operation) = operation(operations, function) else { continue };
                    if let Err(mismatch) = link(&mut instance, function, &Form::of(function), operation, ty)? {
                        faults.push(ImportFault::Mismatch(mismatch));
                    }
                }
            }
        }
    }
    Ok(faults)
}

fn operation(operations: &[(String, OperationRef<'static>)], function: &str) -> Option<OperationRef<'static>> {
    operations.iter().find(|(name, _)| name == function).map(|(_, operation)| *operation)
}

fn files(
    name: &str,
    functions: &[(String, ComponentFunc)],
    instance: &mut LinkerInstance<'_, RunState>,
    faults: &mut Vec<ImportFault>,
) -> wasmtime::Result<()> {
    let mut plans = FilePlans::default();
    for (function, ty) in functions {
        let slot = match function.as_str() {
            "[method]upload.write" => &mut plans.write,
            "[method]download.read" => &mut plans.read,
            _ => continue,
        };
        match own_answer("files", ty) {
            Some(plan) => *slot = Some(Arc::new(plan)),
            None => faults.push(not_the_contract_s(name, function)),
        }
    }
    link_files(instance, plans)
}

fn not_the_contract_s(name: &str, function: &str) -> ImportFault {
    let help = Some("its types are not the contract's".to_owned());
    ImportFault::Unknown { import: format!("{name}#{function}"), help }
}

fn events(
    surface: &Surface,
    functions: &[(String, ComponentFunc)],
    instance: &mut LinkerInstance<'_, RunState>,
    faults: &mut Vec<ImportFault>,
) -> wasmtime::Result<()> {
    for (_, ty) in functions.iter().filter(|(function, _)| function == "next") {
        match events_plan(surface, ty) {
            Ok(plan) => link_events(instance, Arc::new(plan))?,
            Err(mismatch) => faults.push(ImportFault::Mismatch(mismatch)),
        }
    }
    Ok(())
}

fn pagers(
    engine: &Engine,
    interface: &ComponentInstance,
    instance: &mut LinkerInstance<'_, RunState>,
) -> wasmtime::Result<()> {
    for (item, export) in interface.exports(&engine.wasm) {
        if let (ComponentItem::Resource(_), true) = (export.ty, item.ends_with("-pager")) {
            instance.resource(item, ResourceType::host::<Pager>(), |mut store, rep| {
                store.data_mut().table.delete(Resource::<Pager>::new_own(rep))?;
                Ok(())
            })?;
        }
    }
    Ok(())
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
