//! Places that files are delivered to. Each is a [`Place`]; which run's files go where, when they are tried again and
//! what is recorded of them is not known here.

mod disk;
mod folder;
mod http;
pub mod openpgp;
mod place;
mod retry_after;
mod s3;
mod settings;
mod sftp;
mod text;

pub use folder::Folder;
pub use http::{Http, HttpMethod, HttpSettings};
pub use place::{Item, Parcel, Place, PlaceError, Published};
pub use s3::{S3, S3Settings};
pub use settings::{SettingsError, address};
pub use sftp::{Sftp, SftpSettings};
