//! What the runtime keeps is nobody else's: looked at before anything is read from it or written to it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tradewire_config::{Config, Role};
use tradewire_executor::Faults;

/// The files and folders of a state folder that others may neither read nor lock; the folder itself first.
pub fn parts(state: &Path) -> Vec<PathBuf> {
    let names = ["tradewire.db", "tradewire.db-wal", "tradewire.db-shm", "tradewire.db.in-use", "outbox", "runs"];
    let parts = names.into_iter().map(|name| state.join(name));
    std::iter::once(state.to_owned()).chain(parts).collect()
}

/// Sees to it that the state is nobody else's. What is ours and was made by an older version, or with another tool, is
/// mended and told; what others can change is refused.
pub fn keep(state: &Path) -> Result<()> {
    for part in parts(state) {
        match tradewire_private::keep(&part) {
            Ok(None) => {}
            Ok(Some(mended)) => tracing::warn!("{mended}"),
            Err(loose) => {
                bail!("the state of the runtime is not safe: {loose}; or choose another folder with `--state`")
            }
        }
    }
    Ok(())
}

/// Refuses a configuration that everybody may change: it says what runs, with which secrets. Whose it is is left to the
/// operator; `tradewire doctor` tells it.
pub fn ensure_unchanged(config: &Path) -> Result<()> {
    match tradewire_private::ensure_unchanged_by_others(config) {
        Err(loose) if loose.is_open() => bail!("the configuration is not safe: {loose}"),
        _ => Ok(()),
    }
}

/// The same of what the configuration names and what decides what is done: plugins, packs, templates, certificates,
/// public keys.
pub fn changed_by_others(config: &Config) -> Faults {
    let mut faults = Faults::default();
    for named in config.paths.iter().filter(|named| named.role == Role::Decides) {
        let found = tradewire_private::changed_by_others(&named.path);
        found.iter().filter(|loose| loose.is_open()).for_each(|loose| faults.add(format!("{}: {loose}", named.place)));
    }
    faults
}
