//! The committed catalog: one file a surface, and one for the middleware contracts.

use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde_json::Value;

use crate::catalog::{Catalog, Surface};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/catalog");

/// The file that holds the contracts; all others hold surfaces.
const CONTRACTS: &str = "middleware-contracts.json";

/// Loads it. The files are the importer's own and compiled in, so a fault in them is a fault of the build.
#[allow(clippy::expect_used)]
pub(crate) fn load() -> Catalog {
    let mut catalog = Catalog::default();
    for file in FILES.files() {
        let text = file.contents();
        if file.path().ends_with(CONTRACTS) {
            catalog.contracts = serde_json::from_slice(text).expect("the committed contracts are the importer's");
        } else {
            let surface: Surface = serde_json::from_slice(text).expect("the committed catalog is the importer's");
            catalog.surfaces.insert(surface.name.clone(), surface);
        }
    }
    catalog.surfaces.sort_keys();
    catalog
}

/// The files of a catalog, by name, as they are committed.
pub fn files(catalog: &Catalog) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        catalog.surfaces.values().map(|surface| (format!("{}.json", surface.name), text(surface))).collect();
    files.push((CONTRACTS.to_owned(), text(&catalog.contracts)));
    files
}

#[allow(clippy::expect_used)]
fn text(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("the catalog is plain data");
    let mut text = String::new();
    write(&value, 0, &mut text);
    text.push('\n');
    text
}

/// Writes JSON so that a change of a fact is a change of a line: what fits on a line stays on one.
fn write(value: &Value, depth: usize, out: &mut String) {
    const WIDTH: usize = 180;
    let compact = value.to_string();
    let (open, close) = match value {
        Value::Object(_) if compact.len() > WIDTH => ('{', '}'),
        Value::Array(_) if compact.len() > WIDTH => ('[', ']'),
        _ => return out.push_str(&compact),
    };
    let line = |out: &mut String, first: bool, depth: usize| {
        out.push_str(if first { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', depth));
    };
    out.push(open);
    match value {
        Value::Object(fields) => {
            for (position, (key, value)) in fields.iter().enumerate() {
                line(out, position == 0, depth + 1);
                out.push_str(&Value::String(key.clone()).to_string());
                out.push_str(": ");
                write(value, depth + 1, out);
            }
        }
        Value::Array(items) => {
            for (position, value) in items.iter().enumerate() {
                line(out, position == 0, depth + 1);
                write(value, depth + 1, out);
            }
        }
        _ => {}
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth));
    out.push(close);
}
