//! Files on their way to those who asked for them: whole, once, never over another.
//!
//! 1. Each file is kept in the [`Outbox`], flushed to the disk; what is to be sent encrypted is encrypted, once. Where
//!    it goes to a folder of this machine it and its control total are also written there as hidden parts
//!    (`.<name>.<run>.part`): a folder that does not take them fails the run, as nothing is decided yet.
//! 2. The store records the delivery as decided, and the run's changes of state with it. Before this moment nothing is
//!    delivered, whatever happens; after it everything is, also when the machine dies. The plugin is needed no more.
//! 3. Files are brought to their destination where nobody takes them for the file, and recorded as moving.
//! 4. They get their names, the control total before its file, and are recorded as delivered. A reader that waits for
//!    the file so finds the total; one that finds a total alone waits a moment longer.
//! 5. The run is closed, or, if it delivers since, has succeeded: what comes after it begins.
//!
//! Steps 3 and 4 are tried a few times at once, and then again later, by whatever process comes, until they succeed; the
//! run is `delivering` meanwhile. One process at a time tries the delivery of a run, and those of one export, tenant and
//! delivery are done in the order in which they were decided. What is interrupted between recorded steps is done again,
//! which destinations tell from doing it twice ([`Published::Before`](tradewire_delivery::Published::Before)).
//!
//! The same window again with the same bytes is told by the hash and written nowhere, also when the receiver has
//! taken the file away. With other bytes it becomes a new version by name: `name.v2.csv`. So does a file whose name
//! is taken by anything else. Equal bytes of another window are another delivery: two weeks of equal hours are two
//! weeks of pay.

mod decide;
mod destinations;
mod encrypt;
mod forecast;
mod outbox;
mod process;
mod total;
mod upload;
mod version;

use std::path::PathBuf;

use tradewire_delivery::DestinationError;
use tradewire_store::StoreError;

pub(crate) use decide::{Deciding, commit, open, sweep};
pub(crate) use destinations::gone;
pub use destinations::{Configured, Destinations};
pub use encrypt::open as open_encryption;
pub(crate) use forecast::forecast;
pub use forecast::{Change, Forecast};
pub use outbox::Outbox;
pub(crate) use process::Process;
pub use total::name_for as total_name;
pub(crate) use upload::Uploader;

/// Why files could not be delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The destination does not take a file.
    #[error("`{name}`: {source}")]
    Destination {
        /// The file.
        name: String,
        /// Why not.
        source: DestinationError,
    },
    /// The destination cannot be reached at all, with the settings as they are.
    #[error("{0}")]
    Settings(DestinationError),
    /// Every name of the kind is taken.
    #[error(
        "cannot deliver `{name}` to `{destination}`: all of its {} version names are taken; clear that destination",
        version::MOST
    )]
    NoName {
        /// The file.
        name: String,
        /// The destination.
        destination: String,
    },
    /// A file cannot be kept until it is delivered.
    #[error("cannot keep `{name}` in the outbox `{}`: {source}", outbox.display())]
    Keep {
        /// The file.
        name: String,
        /// The outbox.
        outbox: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file cannot be encrypted.
    #[error("cannot encrypt `{name}`: {reason}")]
    Encrypt {
        /// The file.
        name: String,
        /// Why not.
        reason: String,
        /// Whether a later try may succeed without anyone's doing.
        transient: bool,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeliveryError {
    fn destination(name: &str, source: DestinationError) -> Self {
        DeliveryError::Destination { name: name.to_owned(), source }
    }

    /// Whether a later try may succeed without anyone's doing.
    pub fn is_transient(&self) -> bool {
        match self {
            DeliveryError::Destination { source, .. } | DeliveryError::Settings(source) => source.transient,
            DeliveryError::Keep { .. } => true,
            DeliveryError::Encrypt { transient, .. } => *transient,
            DeliveryError::NoName { .. } => false,
            DeliveryError::Store(error) => error.is_transient(),
        }
    }

    /// What the destination asks to wait.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            DeliveryError::Destination { source, .. } | DeliveryError::Settings(source) => source.retry_after,
            _ => None,
        }
    }
}
