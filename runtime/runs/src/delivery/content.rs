//! The bytes of what was delivered.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::run::hex;
use crate::store::FileRecord;

/// Why the bytes of a file are not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// They cannot be read.
    #[error(
        "cannot read `{name}`, version {version}, at `{place}`: {source}; whoever received it may have taken it away"
    )]
    Unreadable {
        /// The file.
        name: String,
        /// Its version.
        version: u32,
        /// Where it was delivered.
        place: String,
        /// Why not.
        source: std::io::Error,
    },
    /// They are not those that were delivered.
    #[error("`{place}` is not any more what was delivered there (`{name}`, version {version}): its hash is another")]
    Changed {
        /// The file.
        name: String,
        /// Its version.
        version: u32,
        /// Where it was delivered.
        place: String,
    },
}

/// The bytes of a file as it was delivered.
///
/// # Errors
/// They are not there any more, or not the same.
pub async fn content_of(file: &FileRecord) -> Result<Vec<u8>, ContentError> {
    let place = Path::new(&file.destination).join(&file.delivered_as);
    let (name, version) = (file.name.clone(), file.version);
    let told = place.display().to_string();
    let bytes = match tokio::fs::read(&place).await {
        Ok(bytes) => bytes,
        Err(source) => return Err(ContentError::Unreadable { name, version, place: told, source }),
    };
    match hex(&Sha256::digest(&bytes)) == file.sha256 {
        true => Ok(bytes),
        false => Err(ContentError::Changed { name, version, place: told }),
    }
}
