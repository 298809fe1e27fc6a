//! Components that call every import of a plugin with as much as they can, made from the contract itself.
//!
//! There is a case for each function that a plugin can import, and each of its arguments that can be long is: texts,
//! lists, bytes, alone and within records. Cases are made from the WIT, so a new import has one, or [`onslaught`] panics
//! because it cannot make it: a resource that nobody has said how to get.
//!
//! The component is a plugin. Its run makes all calls, one after the other, or one alone: [`Case::tenant`] says which.
#![allow(clippy::unwrap_used)]

mod module;
mod values;

use std::path::{Path, PathBuf};

use wit_parser::{FunctionKind, Resolve, UnresolvedPackageGroup, WorldId, WorldItem};

/// A plugin that goes to the limits.
#[derive(Debug)]
pub struct Onslaught {
    /// The component.
    pub component: Vec<u8>,
    /// What it calls, in this order.
    pub cases: Vec<Case>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Case {
    /// `servicetitan:crm/customers@2.0.0#get-list`.
    pub function: String,
    /// The tenant's number by which a run makes this call alone; any above zero makes all.
    pub tenant: i64,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of<'a> {
    /// The operations of all surfaces.
    Operations,
    /// Those of one surface.
    Surface(&'a str),
    /// What is not ServiceTitan's own: our interfaces and the standard ones, and the events.
    Own,
    /// `servicetitan:api/raw` alone.
    Raw,
    /// The same, for this operation, with an `id` that is as long as it can be.
    RawId(&'a str),
}

/// How much is handed over in a call.
#[derive(Debug, Clone, Copy)]
pub struct Much {
    /// The bytes of all arguments of a call together, about, as the host holds them.
    pub bytes: u32,
    /// Whether the first that can be long has all of them. Otherwise all have the same.
    pub first: bool,
    /// What texts are made of. `0` is what takes the most room in JSON.
    pub letter: u8,
    /// How often a run that makes all calls makes each.
    pub times: u32,
}

/// How deep it calls itself before it does anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deep {
    /// Before its run makes a call.
    pub run: u32,
    /// Before it gives memory for an answer.
    pub memory: u32,
}

/// Makes the component.
pub fn onslaught(of: Of<'_>, much: Much) -> Onslaught {
    deep(of, much, Deep::default())
}

/// Makes one that calls itself first.
pub fn deep(of: Of<'_>, much: Much, deep: Deep) -> Onslaught {
    let (resolve, world) = resolve(of);
    let mut called = functions(&resolve, world);
    let is_own =
        |interface: &str| !interface.starts_with("servicetitan:") || interface.starts_with("servicetitan:api/");
    let is_called = |interface: &str| match of {
        Of::Operations | Of::Surface(_) => !is_own(interface),
        Of::Own => is_own(interface) || interface.starts_with("servicetitan:webhooks/"),
        Of::Raw | Of::RawId(_) => interface.starts_with("servicetitan:api/raw@"),
    };
    // A plugin asks for what it imports: no more than what it calls, and what it takes to call that.
    let serves = |interface: &str| match of {
        Of::Operations | Of::Surface(_) => interface.starts_with("servicetitan:"),
        Of::Own => true,
        Of::Raw | Of::RawId(_) => false,
    };
    called.retain(|(interface, _)| is_called(interface) || serves(interface));
    // What only serves to get at the others comes after them.
    called.sort_by_key(|(interface, _)| !is_called(interface));
    let count = called.iter().filter(|(interface, _)| is_called(interface)).count();
    let operation = if let Of::RawId(operation) = of { Some(operation) } else { None };
    let (component, functions) = module::component(&resolve, world, called, count, (much, operation), deep);
    let case = |(index, function): (usize, String)| Case { function, tenant: -1 - i64::try_from(index).unwrap() };
    Onslaught { component, cases: functions.into_iter().enumerate().map(case).collect() }
}

/// The standard interfaces whose functions can be called; those of a draft are in `wit/wasi`.
const WASI: &str = include_str!("wasi.wit");

fn wit(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(folder)
}

fn resolve(of: Of<'_>) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    for folder in ["wasi/config", "wasi/logging", "wasi/keyvalue", "servicetitan/api", "tradewire"] {
        push(&mut resolve, &wit(folder));
    }
    let mut surfaces: Vec<String> = match of {
        Of::Surface(surface) => vec![surface.to_owned()],
        // For events, and for an operation that answers a file.
        Of::Own => vec!["webhooks".to_owned(), "telecom".to_owned()],
        Of::Raw | Of::RawId(_) => Vec::new(),
        Of::Operations => std::fs::read_dir(wit("servicetitan"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|surface| surface != "api" && surface != "webhooks")
            .collect(),
    };
    surfaces.sort();
    for surface in &surfaces {
        push(&mut resolve, &wit("servicetitan").join(surface));
    }
    let mut imports = String::new();
    if of == Of::Own {
        let group = UnresolvedPackageGroup::parse(Path::new("wasi.wit"), WASI).map_err(|(_, error)| error).unwrap();
        resolve.push_group(group).unwrap();
        imports.push_str("include standard:all/all@1.0.0;\n");
        surfaces = vec!["api".to_owned(), "webhooks".to_owned()];
        imports.push_str("import servicetitan:telecom/calls@2.0.0;\n");
    }
    if matches!(of, Of::Raw | Of::RawId(_)) {
        imports.push_str("import servicetitan:api/raw@1.0.0;\n");
    }
    for (_, package) in &resolve.packages {
        let name = &package.name;
        if name.namespace == "servicetitan" && surfaces.contains(&name.name) {
            let version = name.version.as_ref().unwrap();
            for interface in package.interfaces.keys() {
                imports += &format!("import servicetitan:%{}/%{interface}@{version};\n", name.name);
            }
        }
    }
    let text =
        format!("package tests:onslaught;\nworld onslaught {{\ninclude tradewire:plugin/plugin@1.0.0;\n{imports}}}\n");
    let package = resolve.push_str("onslaught.wit", &text).unwrap();
    let world = resolve.select_world(&[package], Some("onslaught")).unwrap();
    (resolve, world)
}

fn push(resolve: &mut Resolve, folder: &Path) {
    let group = UnresolvedPackageGroup::parse_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error:?}"));
    resolve.push_group(group).unwrap_or_else(|error| panic!("{folder:?}: {error:?}"));
}

/// Every function that the world imports, with the name of its interface.
fn functions(resolve: &Resolve, world: WorldId) -> Vec<(String, wit_parser::Function)> {
    let mut functions = Vec::new();
    for (key, item) in &resolve.worlds[world].imports {
        let WorldItem::Interface { id, .. } = item else { continue };
        for function in resolve.interfaces[*id].functions.values() {
            assert!(
                !matches!(function.kind, FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_)),
                "{}: nobody has said how to call what is asynchronous",
                function.name
            );
            functions.push((resolve.name_world_key(key), function.clone()));
        }
    }
    functions
}
