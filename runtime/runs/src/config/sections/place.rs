//! Paths, and where a component is read from.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::source::Section;

/// What a plugin's `source` names: a file, seen from the configuration's folder.
pub(super) fn component(section: &Section<'_, '_>, text: Spanned<String>, folder: &Path) -> Option<PathBuf> {
    let written = text.get_ref();
    if let Some((scheme, _)) = written.split_once("://") {
        let message = format!("a plugin from `{scheme}://` is not yet supported by this version");
        section.source().fault(text.span(), message, Some("write the path of a `.wasm` file".to_owned()));
        return None;
    }
    path(section, &text, written, folder)
}

pub(super) fn path(section: &Section<'_, '_>, text: &Spanned<String>, written: &str, folder: &Path) -> Option<PathBuf> {
    if written.is_empty() || written.contains('\0') {
        section.source().fault(text.span(), "this is not a path", Some("write a path, seen from this file".to_owned()));
        return None;
    }
    Some(folder.join(written))
}
