//! What the runtime asks of a destination.

use std::fmt::Debug;
use std::path::Path;

use async_trait::async_trait;

/// Content on its way: what is the same however often and under whatever name it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// Names this delivery and no other, also after a restart: ASCII letters, digits, `-`, `_` and `.`. Hidden parts have it in
    /// their names; receivers that can tell repeats get it as their key.
    pub id: &'a str,
    /// Where the bytes are: a file of this machine that does not change.
    pub content: &'a Path,
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256, as lower-case hexadecimal digits.
    pub sha256: &'a str,
    /// Their media type.
    pub content_type: &'a str,
}

/// An upload and the name that it is to have.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The content.
    pub upload: Upload<'a>,
    /// Its name at the destination: one path segment.
    pub name: &'a str,
}

/// What became of an item that was to get its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It has its name now.
    Now,
    /// It had got it before: a try whose answer was lost.
    Before,
    /// Something else has the name; nothing was changed.
    NameTaken,
}

/// A destination that files are delivered to.
///
/// A delivery has two steps, and what is recorded between them makes it happen once: [`stage`](Destination::stage)
/// brings the bytes there where no reader takes them for the file, [`publish`](Destination::publish) gives them their
/// name. Both may be called again after any interruption. A destination that takes files whole in one request does all
/// in the second.
#[async_trait]
pub trait Destination: Debug + Send + Sync {
    /// Where it is, as it is recorded and shown: a folder's path, or a URL without user, password or query.
    fn address(&self) -> &str;

    /// Brings the bytes there, flushed, and checks that all have arrived. What an earlier try has left is replaced.
    async fn stage(&self, upload: Upload<'_>) -> Result<(), DestinationError>;

    /// Gives what is staged its name, never over anything.
    async fn publish(&self, item: Item<'_>) -> Result<Published, DestinationError>;

    /// Whether something has this name. A destination that cannot be asked answers no.
    async fn is_taken(&self, name: &str) -> Result<bool, DestinationError>;

    /// Removes what is staged of an upload that will not be published. Nothing staged is no error.
    async fn discard(&self, upload_id: &str) -> Result<(), DestinationError>;

    /// Goes as far as a delivery would without leaving a file: resolves, connects, signs in, may write there. What it
    /// answers is for people: what was found, such as a host key.
    async fn probe(&self) -> Result<String, DestinationError>;
}

/// Why a destination did not take a file. The message says where, what and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DestinationError {
    /// What went wrong, and what to do about it.
    pub message: String,
    /// Whether a later try may succeed without anyone's doing: not so for a wrong host key, a refused key, a missing
    /// folder.
    pub transient: bool,
    /// What the destination asks to wait, where it does.
    pub retry_after: Option<std::time::Duration>,
}

impl DestinationError {
    /// One that may pass.
    pub fn transient(message: impl Into<String>) -> Self {
        Self { message: tradewire_secrets::masked(message.into()), transient: true, retry_after: None }
    }

    /// One that somebody has to mend.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { message: tradewire_secrets::masked(message.into()), transient: false, retry_after: None }
    }
}
