//! The committed contract: it parses, it holds every operation, and it is what the importer writes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tradewire_surface::import::{Sources, import};
use tradewire_surface::{Catalog, ParameterIn, wit};
use wit_parser::{Resolve, SourceMap, UnresolvedPackageGroup, WorldItem};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All of `wit/servicetitan`, resolved.
fn resolved() -> Resolve {
    let base = root().join("wit/servicetitan");
    let mut resolve = Resolve::default();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&base).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort_by_key(|f| (!f.ends_with("api"), f.clone()));
    for folder in folders {
        let group =
            UnresolvedPackageGroup::parse_dir(&folder).unwrap_or_else(|e| panic!("{}: {e:?}", folder.display()));
        resolve.push_group(group).unwrap_or_else(|e| panic!("{}: {e:?}", folder.display()));
    }
    resolve
}

#[test]
fn every_package_parses_and_every_operation_is_a_function() {
    let resolve = resolved();
    let mut functions = 0;
    for operation in Catalog::get().operations() {
        let name =
            format!("servicetitan:{}/{}@{}", operation.surface.name, operation.resource, operation.surface.version);
        let interface = resolve.interfaces.iter().find(|(id, _)| resolve.id_of(*id).as_deref() == Some(&name));
        let (_, interface) = interface.unwrap_or_else(|| panic!("no interface {name}"));
        let function = &interface.functions[&operation.operation.name];
        let path = wit::params(operation.operation, ParameterIn::Path).len();
        let query = usize::from(!wit::params(operation.operation, ParameterIn::Query).is_empty());
        let body = usize::from(operation.operation.body.is_some());
        assert_eq!(function.params.len(), path + query + body, "{}", operation.id());
        if operation.operation.paging.is_some() {
            assert!(
                interface.functions.contains_key(&format!("{}-pages", operation.operation.name)),
                "{}",
                operation.id()
            );
        }
        functions += 1;
    }
    assert_eq!(functions, 559);
    assert_eq!(Catalog::get().surfaces.len(), 25);
    assert_eq!(Catalog::get().surfaces["webhooks"].events.len(), 21);
    let events = resolve.interfaces.iter().find(|(_, interface)| interface.name.as_deref() == Some("events"));
    assert!(events.unwrap().1.functions.contains_key("next"));
    assert_eq!(Catalog::get().contracts.len(), 22);
}

/// What ServiceTitan wrote stands in comments, where any character may come.
#[test]
fn a_contract_parses_whatever_its_texts_are_made_of() {
    let every: String = ('\0'..=char::MAX).collect();
    let mut catalog = Catalog::default();
    for name in ["webhooks", "payroll"] {
        let mut surface = Catalog::get().surfaces[name].clone();
        surface.title.clone_from(&every);
        if let Some(event) = surface.events.first_mut() {
            event.wire.clone_from(&every);
        }
        for operation in surface.resources.values_mut().take(1).flatten().take(1) {
            operation.path.clone_from(&every);
            operation.scope.clone_from(&every);
            for param in &mut operation.params {
                param.choices.push(every.clone());
            }
        }
        catalog.surfaces.insert(name.to_owned(), surface);
    }
    let files = wit::files(&catalog);
    for surface in catalog.surfaces.keys() {
        let mut sources = SourceMap::default();
        for (name, text) in files.iter().filter(|(name, _)| name.split('/').next() == Some(surface)) {
            sources.push_str(name, text.clone());
        }
        let parsed: Result<UnresolvedPackageGroup, _> = sources.parse();
        parsed.unwrap_or_else(|(_, error)| panic!("{surface}: {error}"));
    }
}

#[test]
fn the_plugin_world_parses_with_its_standard_interfaces() {
    let mut resolve = Resolve::default();
    for folder in ["wit/wasi/config", "wit/wasi/logging", "wit/wasi/keyvalue", "wit/tradewire"] {
        resolve.push_group(UnresolvedPackageGroup::parse_dir(root().join(folder)).unwrap()).unwrap();
    }
    let (_, world) = resolve.worlds.iter().find(|(_, w)| w.name == "plugin").unwrap();
    assert!(world.exports.values().any(|item| matches!(item, WorldItem::Function(f) if f.name == "run")));
}

#[test]
fn importing_again_gives_the_committed_bytes() {
    let shared = root().join("../shared/servicetitan");
    if !shared.is_dir() {
        // Past what captures the output of tests that pass: `.ci/run` tells it at its end.
        let shared = shared.display();
        let _ = writeln!(std::io::stderr(), "NOT TESTED: importing again: there are no descriptions in {shared}");
        return;
    }
    let sources = || {
        let events = shared.join("webhooks/events.json");
        Sources::read(&shared.join("openapi"), Some(&events), Some(&shared.join("middleware/st-schemas"))).unwrap()
    };
    let imported = import(&sources()).unwrap();
    let again = import(&sources()).unwrap();
    assert_eq!(tradewire_surface::files(&imported.catalog), tradewire_surface::files(&again.catalog));
    let open: Vec<&str> = imported.open.iter().map(|o| o.surface.as_str()).collect();
    assert_eq!(open, ["forms", "pricebook", "reporting", "reporting", "reporting", "reporting"]);

    compare(&root().join("runtime/surface/catalog"), tradewire_surface::files(&imported.catalog));
    compare(&root().join("wit/servicetitan"), wit::files(&imported.catalog));
}

fn compare(folder: &Path, written: Vec<(String, String)>) {
    for (name, text) in &written {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(committed == *text, "{name} differs from what the importer writes: run `tradewire surface import`");
    }
    let written: BTreeMap<PathBuf, ()> = written.into_iter().map(|(name, _)| (folder.join(name), ())).collect();
    for surface in Catalog::get().surfaces.keys() {
        for entry in std::fs::read_dir(folder.join(surface)).into_iter().flatten() {
            let path = entry.unwrap().path();
            assert!(written.contains_key(&path), "{} is no longer written by the importer", path.display());
        }
    }
}
