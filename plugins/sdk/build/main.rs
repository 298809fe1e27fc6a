//! Writes the SDK's bindings: of the surfaces whose features are on, and of nothing else.
//!
//! [`world`] puts the WIT together, wit-bindgen generates the plain bindings, and [`surfaces`] adds what makes them
//! pleasant: defaults, setters, pages. All of it comes from the WIT in `wit/`; nothing here knows an operation.

mod surfaces;
mod world;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::Opts;

fn main() {
    if let Err(error) = write() {
        eprintln!("the SDK's bindings cannot be written: {error:#}");
        std::process::exit(1);
    }
}

fn write() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=TRADEWIRE_WIT");
    let wit = match env::var_os("TRADEWIRE_WIT") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../wit"),
    };
    println!("cargo:rerun-if-changed={}", wit.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let enabled = world::enabled_surfaces(&wit)?;
    let (mut resolve, world) = world::resolve(&wit, &enabled)?;
    let ergonomics = surfaces::write(&resolve, &enabled);

    let mut files = Files::default();
    let options = Opts {
        additional_derive_attributes: vec!["PartialEq".into()],
        // It holds a resource, which nothing is equal to.
        additional_derive_ignore: vec!["cas-error".into()],
        generate_all: true,
        generate_unused_types: true,
        pub_export_macro: true,
        default_bindings_module: Some("::tradewire_plugin::bindings".into()),
        export_macro_name: Some("export_bindings".into()),
        runtime_path: Some("::wit_bindgen::rt".into()),
        ..Opts::default()
    };
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, bindings) = files.iter().next().ok_or("wit-bindgen wrote nothing")?;
    let bindings = std::str::from_utf8(bindings)?;

    // wit-bindgen prints errors as `Debug` does. People read them, so the SDK words them itself (`src/errors.rs`).
    let plain = r#"write!(f, "{:?}", self)"#;
    if !bindings.contains(plain) {
        return Err("wit-bindgen no longer implements `Display` for errors as it did: see build/main.rs".into());
    }
    fs::write(out.join("bindings.rs"), bindings.replace(plain, "crate::errors::Wording::word(self, f)"))?;
    fs::write(out.join("surfaces.rs"), ergonomics)?;
    Ok(())
}
