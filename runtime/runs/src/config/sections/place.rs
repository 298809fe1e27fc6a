//! Paths, and where a component is read from.

use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::paths::{NamedPath, Role};
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

/// What is read and decides what is done.
pub(super) fn path(section: &Section<'_, '_>, text: &Spanned<String>, written: &str, folder: &Path) -> Option<PathBuf> {
    of(section, text, written, folder, Role::Decides)
}

/// Where files are delivered to.
pub(super) fn delivered(
    section: &Section<'_, '_>,
    text: &Spanned<String>,
    written: &str,
    folder: &Path,
) -> Option<PathBuf> {
    of(section, text, written, folder, Role::Delivered)
}

/// A path, noted with what it is for. Every path of the configuration comes from here.
pub(super) fn of(
    section: &Section<'_, '_>,
    text: &Spanned<String>,
    written: &str,
    folder: &Path,
    role: Role,
) -> Option<PathBuf> {
    if written.is_empty() || written.contains('\0') {
        section.source().fault(text.span(), "this is not a path", Some("write a path, seen from this file".to_owned()));
        return None;
    }
    let path = folder.join(written);
    section.source().names(NamedPath { place: section.source().place(text.span()), path: path.clone(), role });
    Some(path)
}
