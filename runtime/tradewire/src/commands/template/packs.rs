//! Where packs are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Where packs are looked for that nobody names.
const PLACE: &str = "templates";
/// Folders inside each other that are looked into.
const DEPTH: usize = 4;

/// The packs that were named, or every pack below `templates`.
pub fn named_or_all(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut packs = Vec::new();
    for folder in named {
        let below = if is_pack(folder) { Vec::new() } else { below(folder) };
        // What is no pack and holds none is told by whoever reads it.
        packs.extend(if below.is_empty() { vec![folder.clone()] } else { below });
    }
    if named.is_empty() {
        packs = below(Path::new(PLACE));
        if packs.is_empty() {
            bail!(
                "there is no pack below `{PLACE}`; name the folder of one, or begin one with `tradewire template new \
                 {PLACE}/<vendor>`"
            );
        }
    }
    Ok(packs)
}

fn is_pack(folder: &Path) -> bool {
    folder.join("Configuration/vendor.json").exists() || folder.join("Templates").is_dir()
}

/// The packs below a folder, in order of their names. Links are not followed: they may lead in a circle.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut packs = Vec::new();
    gather(folder, DEPTH, &mut packs);
    packs.sort();
    packs
}

fn gather(folder: &Path, depth: usize, packs: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let path = entry.path();
        if is_pack(&path) {
            packs.push(path);
        } else if depth > 0 {
            gather(&path, depth - 1, packs);
        }
    }
}
