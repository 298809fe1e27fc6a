//! From a file to a configuration.

use std::path::Path;

use tradewire_surface::Catalog;

use crate::fault::ConfigError;
use crate::model::Config;
use crate::sections;

/// No configuration is longer.
const LARGEST: u64 = 16 << 20;

impl Config {
    /// Reads and checks a file against the committed catalog.
    pub fn load(path: impl AsRef<Path>) -> Result<Config, ConfigError> {
        let path = path.as_ref();
        let text = tradewire_private::read_regular_text(path, LARGEST)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Checks a text as if it stood in the file `path`, which need not exist.
    pub fn parse(path: impl AsRef<Path>, text: &str) -> Result<Config, ConfigError> {
        Self::parse_in(Catalog::get(), path.as_ref(), text)
    }

    /// Checks a text against this catalog.
    pub fn parse_in(catalog: &Catalog, path: &Path, text: &str) -> Result<Config, ConfigError> {
        sections::read(catalog, path, text)
    }
}
