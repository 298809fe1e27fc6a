//! Paths, and where a component is read from.

use std::path::{Path, PathBuf};

use toml::Spanned;
use tradewire_outbound::Ca;

use crate::paths::{NamedPath, Role};
use crate::source::Section;

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

/// All that a system trusts are a quarter of it.
const LARGEST_CA: u64 = 1024 * 1024;

/// `ca`: a file with certificates of authorities, beside those that this machine trusts.
pub(super) fn ca(section: &Section<'_, '_>, folder: &Path) -> Ca {
    let text = section.text("ca");
    let file = text.as_ref().and_then(|text| Some((text, path(section, text, text.get_ref(), folder)?)));
    let Some((text, file)) = file else { return Ca::default() };
    let read = tradewire_private::read_regular(&file, LARGEST_CA).map_err(|error| error.to_string());
    read.and_then(|pem| Ca::parse(&pem).map_err(|error| error.to_string())).unwrap_or_else(|error| {
        let help = "name a file with the authority's certificate in PEM form: `-----BEGIN CERTIFICATE-----`".to_owned();
        section.source().fault(text.span(), format!("`{}`: {error}", file.display()), Some(help));
        Ca::default()
    })
}
