//! What a call says: parameters, body, file; and how much may stand in an address.

use std::path::PathBuf;

use bytes::Bytes;
use tradewire_text::{SHOWN, cut};

/// The most bytes of a parameter of the path or the query, before it is encoded. No id, name or time comes near it.
pub const LONGEST_PARAMETER: usize = 8 * 1024;
/// The most bytes of all parameters of a call with their names, before they are encoded. Encoded, three times as much at
/// most still fits into an address.
pub const LONGEST_PARAMETERS: usize = 20 * 1024;

/// The arguments of an operation, by their names on the wire. Values are plain text: the client encodes them.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// The parameters of the path, without `tenant`.
    pub path: Vec<(String, String)>,
    /// The parameters of the query, in the order in which they are sent; a name may be repeated.
    pub query: Vec<(String, String)>,
    /// The JSON body.
    pub body: Option<Bytes>,
    /// The file, for operations that take one.
    pub file: Option<Upload>,
}

/// A file to send. It can be read again, so that a request which was not accepted can be repeated.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The file's name, as ServiceTitan is told it.
    pub name: String,
    /// Its media type: `image/png`.
    pub content_type: String,
    /// Its content.
    pub content: Source,
}

/// Where the content of an [`Upload`] is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// In memory.
    Bytes(Bytes),
    /// In a file of this machine, read anew for each attempt.
    File(PathBuf),
}

impl Arguments {
    /// Whether the parameters fit into an address. What does not is never sent, and nobody is to keep it: whoever writes
    /// calls down asks this before.
    ///
    /// # Errors
    /// One line that names the parameter.
    pub fn fit(&self) -> Result<(), String> {
        let mut room = Room::default();
        self.path.iter().chain(&self.query).try_for_each(|(name, value)| room.take(name, value))
    }
}

/// How much of the room that an address has for parameters is left.
#[derive(Debug, Clone)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Room(LONGEST_PARAMETERS)
    }
}

impl Room {
    /// Whether a path of the raw door and its parameters fit: [`Arguments::fit`] for what the catalog does not know.
    ///
    /// # Errors
    /// One line that names what does not fit.
    pub fn fits_raw(path: &str, params: &[(String, String)]) -> Result<(), String> {
        if path.len() > LONGEST_PARAMETER {
            return Err(format!("the operation or path has {} bytes and may have {LONGEST_PARAMETER}", path.len()));
        }
        Room::fits_parameters(params)
    }

    /// Whether the parameters of the raw door fit.
    ///
    /// # Errors
    /// One line that names the parameter.
    pub fn fits_parameters(params: &[(String, String)]) -> Result<(), String> {
        let mut room = Room::default();
        params.iter().try_for_each(|(name, value)| room.take(name, value))
    }

    /// Takes what a parameter needs.
    ///
    /// # Errors
    /// One line that names the parameter.
    pub fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let told = || cut(name, SHOWN);
        if value.len().max(name.len()) > LONGEST_PARAMETER {
            let bytes = value.len().max(name.len());
            return Err(format!(
                "the parameter `{}` has {bytes} bytes, and a parameter of the path or the query may have {LONGEST_PARAMETER}",
                told()
            ));
        }
        // With what stands between them.
        self.0 = self.0.checked_sub(name.len() + value.len() + 2).ok_or_else(|| {
            format!(
                "the parameters of the path and the query have more than {LONGEST_PARAMETERS} bytes together, at `{}`; \
                 ask in several calls",
                told()
            )
        })?;
        Ok(())
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Source::Bytes(bytes)
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Source::File(path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn query(pairs: Vec<(String, String)>) -> Arguments {
        Arguments { query: pairs, ..Arguments::default() }
    }

    #[test]
    fn what_people_ask_for_fits() {
        let ids = (0..700).map(|id| ("ids".to_owned(), (1_000_000_000_i64 + id).to_string()));
        query(ids.collect()).fit().unwrap();
        query(vec![("name".to_owned(), "x".repeat(LONGEST_PARAMETER))]).fit().unwrap();
    }

    #[test]
    fn a_parameter_that_is_too_long_is_named_and_not_repeated() {
        let long = "x".repeat(8 << 20);
        let path = Arguments { path: vec![("id".to_owned(), long.clone())], ..Arguments::default() };
        let told = path.fit().unwrap_err();
        assert!(told.contains("`id` has 8388608 bytes") && told.len() < 200, "{told}");
        let told = query(vec![(long, String::new())]).fit().unwrap_err();
        assert!(told.len() < 400, "{told}");
    }

    #[test]
    fn many_parameters_are_too_long_together_however_short_each_is() {
        let told = query(vec![(String::new(), String::new()); 1_000_000]).fit().unwrap_err();
        assert!(told.contains("more than 20480 bytes together"), "{told}");
        let told = Room::fits_raw(&"/x".repeat(1 << 20), &[]).unwrap_err();
        assert!(told.contains("path has 2097152 bytes"), "{told}");
    }
}
