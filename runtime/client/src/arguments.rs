//! What a call says: parameters, body, file.

use std::path::PathBuf;

use bytes::Bytes;

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
