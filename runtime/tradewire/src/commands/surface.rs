//! `tradewire surface`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tradewire_surface::difference::difference;
use tradewire_surface::import::{Sources, import};
use tradewire_surface::{Catalog, files, wit};

use crate::cli::Import;
use crate::output::Output;

/// Lists operations.
pub fn list(prefix: &str, output: &Output) -> Result<()> {
    let found: Vec<_> = Catalog::get().operations().filter(|o| o.id().starts_with(prefix)).collect();
    if found.is_empty() {
        let names: Vec<String> = Catalog::get().operations().map(|o| o.id()).collect();
        let help = Catalog::nearest(prefix, names.iter().map(String::as_str));
        let help = help.map(|name| format!("; is `{name}` meant?")).unwrap_or_default();
        bail!("no operation begins with `{prefix}`{help}");
    }
    let width = found.iter().map(|o| o.id().len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut values = Vec::new();
    for found in found {
        let (id, operation) = (found.id(), found.operation);
        text += &format!("{id:width$}  {:6} {}  {}\n", operation.method.as_str(), operation.path, operation.scope);
        values.push(
            json!({ "operation": id, "method": operation.method, "path": operation.path, "scope": operation.scope }),
        );
    }
    output.result(&text, &values);
    Ok(())
}

/// Imports descriptions, tells what changes, and writes it.
pub fn import_all(options: &Import, output: &Output) -> Result<()> {
    let busy = output.busy("reading the descriptions");
    let sources = Sources::read(&options.openapi, options.events.as_deref(), options.contracts.as_deref())?;
    busy.at("importing");
    let imported = import(&sources)?;
    drop(busy);
    let changes = difference(Catalog::get(), &imported.catalog);
    let catalog_changes = write(&options.catalog, files(&imported.catalog), &BTreeSet::new(), options.check)?;
    // The package `api` is written by hand.
    let by_hand = BTreeSet::from(["api"]);
    let wit_changes = write(&options.wit, wit::files(&imported.catalog), &by_hand, options.check)?;

    let operations = imported.catalog.operations().count();
    let events: usize = imported.catalog.surfaces.values().map(|s| s.events.len()).sum();
    let mut text = format!(
        "{} surfaces, {operations} operations, {events} webhook events, {} middleware contracts\n",
        imported.catalog.surfaces.len(),
        imported.catalog.contracts.len(),
    );
    text += &format!("{} places without a type:\n", imported.open.len());
    for open in &imported.open {
        text += &format!("  {}: {}: {}\n", open.surface, open.place, open.why);
    }
    let breaking = changes.iter().filter(|c| c.breaks).count();
    text += &match changes.len() {
        0 => "nothing changed\n".to_owned(),
        n => format!("{n} changes, {breaking} of which break plugins that use them:\n"),
    };
    for change in &changes {
        text += &format!("  {change}\n");
    }
    let written = catalog_changes.len() + wit_changes.len();
    text += &format!(
        "{written} files {}\n",
        if options.check { "would be written or removed" } else { "written or removed" }
    );
    let open: Vec<_> =
        imported.open.iter().map(|o| json!({ "surface": o.surface, "place": o.place, "why": o.why })).collect();
    let told: Vec<_> = changes.iter().map(|c| json!({ "change": c.to_string(), "breaks": c.breaks })).collect();
    output.result(
        &text,
        &json!({
            "surfaces": imported.catalog.surfaces.len(), "operations": operations, "events": events,
            "contracts": imported.catalog.contracts.len(), "open": open, "changes": told, "files": written,
        }),
    );
    if options.check && written > 0 {
        bail!("the committed catalog is not what these descriptions give; help: run it without `--check`");
    }
    Ok(())
}

/// Brings a folder in line with these files; gives the paths that changed.
fn write(folder: &Path, wanted: Vec<(String, String)>, by_hand: &BTreeSet<&str>, check: bool) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    let names: BTreeSet<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    for name in present(folder, by_hand)? {
        if !names.contains(name.as_str()) {
            if !check {
                fs::remove_file(folder.join(&name)).with_context(|| format!("cannot remove {name}"))?;
            }
            changed.push(name);
        }
    }
    for (name, text) in wanted {
        let path = folder.join(&name);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if !check {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        changed.push(name);
    }
    Ok(changed)
}

/// The files of a folder and of the folders in it, but for those that are kept by hand.
fn present(folder: &Path, by_hand: &BTreeSet<&str>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if by_hand.contains(name.as_str()) {
            continue;
        }
        if entry.path().is_dir() {
            found.extend(present(&entry.path(), by_hand)?.into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            found.push(name);
        }
    }
    Ok(found)
}
