//! Places: where a component is read from, and where files go.

use std::path::{Path, PathBuf};

use toml::Spanned;
use url::Url;

use crate::config::model::Destination;
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

/// What a delivery's `to` names.
pub(super) fn read(section: &Section<'_, '_>, text: Spanned<String>, folder: &Path) -> Option<Destination> {
    let written = text.get_ref();
    let fault = |message: String, help: &str| {
        section.source().fault(text.span(), message, Some(help.to_owned()));
        None
    };
    if let Some(rest) = written.strip_prefix("file:") {
        if !rest.starts_with("//") {
            return path(section, &text, rest, folder).map(Destination::Folder);
        }
        return match Url::parse(written).ok().and_then(|url| url.to_file_path().ok()) {
            Some(path) => Some(Destination::Folder(path)),
            None => fault(format!("`{written}` does not name a folder"), "write `file:///folder`, or just the path"),
        };
    }
    match written.split_once("://") {
        Some((scheme @ ("sftp" | "s3" | "http" | "https"), _)) => fault(
            format!("delivery to `{scheme}://` is not yet supported by this version"),
            "deliver to a folder: `to = \"outbox\"`",
        ),
        Some((scheme, _)) => {
            fault(format!("`{scheme}://` is not a kind of delivery"), "deliver to a folder: `to = \"outbox\"`")
        }
        None => path(section, &text, written, folder).map(Destination::Folder),
    }
}

pub(super) fn path(section: &Section<'_, '_>, text: &Spanned<String>, written: &str, folder: &Path) -> Option<PathBuf> {
    if written.is_empty() || written.contains('\0') {
        section.source().fault(text.span(), "this is not a path", Some("write a path, seen from this file".to_owned()));
        return None;
    }
    Some(folder.join(written))
}
