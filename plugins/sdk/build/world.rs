//! The world that a plugin is compiled against: Tradewire's own, and every interface of the surfaces that are on.
//!
//! A component keeps only the functions that it calls, so a feature costs compile time, not permissions.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use wit_bindgen_core::wit_parser::{Resolve, UnresolvedPackageGroup, WorldId};

/// The surfaces in `wit/servicetitan` whose features are on, in the order of their names.
pub fn enabled_surfaces(wit: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let folder = wit.join("servicetitan");
    let entries = fs::read_dir(&folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut surfaces = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase().replace('-', "_"))).is_some() {
            surfaces.push(name);
        }
    }
    surfaces.sort();
    Ok(surfaces)
}

/// The packages of `surfaces` with what they stand on, and the world that imports all of their interfaces.
pub fn resolve(wit: &Path, surfaces: &[String]) -> Result<(Resolve, WorldId), Box<dyn Error>> {
    let mut resolve = Resolve::default();
    for package in ["wasi/config", "wasi/logging", "wasi/keyvalue", "servicetitan/api", "tradewire"] {
        push(&mut resolve, &wit.join(package))?;
    }
    let mut imports = interfaces(&resolve, "api");
    for surface in surfaces {
        push(&mut resolve, &wit.join("servicetitan").join(surface))?;
        imports += &interfaces(&resolve, surface);
    }
    let plugin = resolve
        .packages
        .iter()
        .map(|(_, package)| &package.name)
        .find(|name| name.namespace == "tradewire" && name.name == "plugin")
        .and_then(|name| name.version.clone())
        .ok_or("wit/tradewire has no package `tradewire:plugin` with a version")?;
    let text =
        format!("package tradewire:guest;\nworld guest {{\n  include tradewire:plugin/plugin@{plugin};\n{imports}}}\n");
    let package = resolve.push_str("guest.wit", &text)?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    Ok((resolve, world))
}

fn push(resolve: &mut Resolve, folder: &Path) -> Result<(), Box<dyn Error>> {
    let group = UnresolvedPackageGroup::parse_dir(folder)?;
    resolve.push_group(group)?;
    Ok(())
}

fn interfaces(resolve: &Resolve, surface: &str) -> String {
    let mut imports = String::new();
    for (_, package) in &resolve.packages {
        if package.name.namespace == "servicetitan" && package.name.name == surface {
            let version = package.name.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
            for interface in package.interfaces.keys() {
                // Escaped, because an interface may be called `export`.
                let _ = writeln!(imports, "  import servicetitan:%{surface}/%{interface}{version};");
            }
        }
    }
    imports
}
