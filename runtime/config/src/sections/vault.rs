//! `[vault]`: the encrypted file that `{ vault = "name" }` refers to.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;

use super::{place, reference};
use crate::paths::Role;
use crate::source::Section;
use crate::vault::Vault;

const FILE: &str = "tradewire.vault";
/// What a suggestion calls the environment variable of its key.
const KEY: &str = "TRADEWIRE_VAULT_KEY";

pub(super) fn read(section: Section<'_, '_>, folder: &Path) -> Option<Arc<Vault>> {
    let file = section.text("file").unwrap_or_else(|| Spanned::new(section.span.clone(), FILE.to_owned()));
    let file = place::of(&section, &file, file.get_ref(), folder, Role::Sealed);
    let key = reference::need_outside_the_vault(&section, "key", KEY, folder);
    section.close();
    Some(Arc::new(Vault::new(file?, key?)))
}
