//! What a component asks for and offers, by name: read without compiling anything, so that a plugin is refused before
//! any work is done for it.

use serde::{Deserialize, Serialize};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload, ValidPayload, Validator, WasmFeatures};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The most names of interfaces, functions and exports that a component may have: the largest one that can be thought of
/// imports three functions of each of 559 operations.
const MOST_NAMES: usize = 20_000;
/// The most bytes of one name.
const LONGEST_NAME: usize = 1_000;

/// What a component asks for and offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asks {
    pub imports: Vec<Import>,
    /// Names of exports, and whether each is a function.
    pub exports: Vec<(String, bool)>,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    pub name: String,
    pub kind: ImportKind,
}

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ImportKind {
    /// An interface, with its functions.
    Interface(Vec<String>),
    Type,
    Other,
}

impl Asks {
    /// Reads the types of a component; code is passed over.
    pub fn read(component: &[u8]) -> Result<Asks, String> {
        // What is more than the compiler knows is refused by the compiler.
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let (mut imports, mut exports, mut depth, mut names) = (Vec::new(), Vec::new(), 0_usize, Names::default());
        let told = |error: wasmparser::BinaryReaderError| error.to_string();
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(told)?;
            match &payload {
                Payload::Version { .. } => depth += 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        imports.push(names.take(import.map_err(told)?.name.name)?);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(names.take(export.map_err(told)?.name.name)?);
                    }
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if let ValidPayload::End(types) = validator.payload(&payload).map_err(told)?
                && depth == 0
            {
                let types = types.as_ref();
                let imports = imports.into_iter().map(|name| import(types, name, &mut names));
                let is_function = |name: &str| {
                    let item = types.component_item_for_export(name);
                    item.is_some_and(|item| matches!(item.ty, ComponentEntityType::Func(_)))
                };
                let exports = exports.into_iter().map(|name| (is_function(&name), name)).map(|(is, name)| (name, is));
                return Ok(Asks { imports: imports.collect::<Result<_, _>>()?, exports: exports.collect() });
            }
        }
        Err("it ends in the middle".to_owned())
    }

    /// The same of a component that is compiled.
    pub fn of(engine: &Engine, component: &Component) -> Asks {
        let ty = component.component_type();
        let imports = ty.imports(engine).map(|(name, import)| {
            let kind = match import.ty {
                ComponentItem::ComponentInstance(interface) => {
                    let exports = interface.exports(engine);
                    let functions = exports.filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)));
                    ImportKind::Interface(functions.map(|(name, _)| name.to_owned()).collect())
                }
                ComponentItem::Type(_) => ImportKind::Type,
                _ => ImportKind::Other,
            };
            Import { name: name.to_owned(), kind }
        });
        let exports = ty.exports(engine);
        let exports = exports.map(|(name, item)| (name.to_owned(), matches!(item.ty, ComponentItem::ComponentFunc(_))));
        Asks { imports: imports.collect(), exports: exports.collect() }
    }
}

fn import(types: TypesRef<'_>, name: String, names: &mut Names) -> Result<Import, String> {
    let kind = match types.component_item_for_import(&name).map(|item| item.ty) {
        Some(ComponentEntityType::Instance(id)) => {
            let functions = types[id].exports.iter();
            let functions = functions.filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)));
            ImportKind::Interface(functions.map(|(name, _)| names.take(name)).collect::<Result<_, _>>()?)
        }
        Some(ComponentEntityType::Type { .. }) => ImportKind::Type,
        _ => ImportKind::Other,
    };
    Ok(Import { name, kind })
}

/// Counts names.
#[derive(Default)]
struct Names(usize);

impl Names {
    fn take(&mut self, name: &str) -> Result<String, String> {
        self.0 += 1;
        if name.len() > LONGEST_NAME {
            return Err(format!("a name of {} bytes is imported or exported; {LONGEST_NAME} is the most", name.len()));
        }
        if self.0 > MOST_NAMES {
            return Err(format!("it imports and exports more than {MOST_NAMES} names, which is the most"));
        }
        Ok(name.to_owned())
    }
}
