//! Lines of an operator's `grant`, and a path that a plugin calls: what is allowed is what was written, and no more.
#![no_main]

use tradewire_fuzz::fuzz;
use tradewire_surface::grants::Grants;
use tradewire_surface::path::Path;
use tradewire_surface::{Catalog, Effect, Method, OperationRef};

/// Whether one written grant is meant to reach an operation: the table in the module's documentation, said once more.
fn reaches(written: &str, operation: &OperationRef<'_>) -> bool {
    let (surface, resource) = (&operation.surface.name, operation.resource);
    let is_read = operation.operation.effect == Effect::Read;
    written == operation.id()
        || written == format!("{surface}/{resource}:*")
        || written == format!("{surface}:*")
        || is_read && (written == format!("{surface}/{resource}:view") || written == format!("{surface}:view"))
}

/// Whether a raw grant is meant to reach a path: segment by segment, and a segment in braces stands for any one.
fn reaches_raw(written: &str, method: Method, path: &str) -> bool {
    let Some((wanted, granted)) = written.strip_prefix("raw:").and_then(|target| target.split_once(' ')) else {
        return false;
    };
    let (granted, given): (Vec<_>, Vec<_>) = (granted.split('/').collect(), path.split('/').collect());
    wanted == method.to_string()
        && granted.len() == given.len()
        && granted
            .iter()
            .zip(given)
            .all(|(granted, given)| granted.starts_with('{') || decoded(granted) == decoded(given))
}

fn decoded(segment: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(segment).collect()
}

fuzz!(|bytes| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<&str> = text.split('\n').collect();
    let path = lines.pop().unwrap_or_default();
    let Ok(grants) = Grants::parse(&lines) else { return };
    for operation in Catalog::get().operations() {
        let meant = lines.iter().any(|line| reaches(line, &operation));
        assert_eq!(grants.allows(&operation), meant, "{}", operation.id());
    }
    let parsed = path.parse::<Path>();
    for method in [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete] {
        let Ok(path) = &parsed else { break };
        if grants.allows_raw(method, path) {
            let path = path.to_string();
            assert!(lines.iter().any(|line| reaches_raw(line, method, &path)), "{method} {path}");
        }
    }
    // What is printed as the line of the configuration says the same.
    let line = grants.line_for([]);
    let list = line.strip_prefix("grant = ").unwrap_or_else(|| panic!("{line}"));
    if let Ok(again) = serde_json::from_str::<Vec<String>>(list) {
        assert_eq!(Grants::parse(&again).as_ref(), Ok(&grants), "{line}");
    }
});
