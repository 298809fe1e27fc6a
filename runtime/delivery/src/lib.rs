//! Destinations that files are delivered to. Each is a [`Destination`]; which run's files go where, when they are tried
//! again and what is recorded of them is not known here.

mod destination;
mod disk;
mod folder;
mod http;
pub mod openpgp;
mod s3;
mod settings;
mod sftp;
mod text;

pub use destination::{Destination, DestinationError, Item, Published, Upload};
pub use folder::Folder;
pub use http::{Http, HttpMethod, HttpSettings};
pub use s3::{S3, S3Settings};
pub use settings::{SettingsError, address};
pub use sftp::{Sftp, SftpSettings};
