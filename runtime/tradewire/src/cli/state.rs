//! `tradewire state`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum State {
    /// Lists the keys that an export keeps for a tenant, and the sizes of their values.
    List(Whose),
    /// Prints a value, byte for byte.
    Get(Key),
    /// Sets a value. A run that goes on and has read the state fails, and is to be run again.
    Set(Set),
    /// Deletes a value, or all of them.
    Delete(Delete),
}

#[derive(Debug, Args)]
pub struct Whose {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Key {
    #[command(flatten)]
    pub whose: Whose,
    /// The key.
    pub key: String,
    /// Its bucket.
    #[arg(long, default_value = "default")]
    pub bucket: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("content").required(true).args(["value", "file"]))]
pub struct Set {
    #[command(flatten)]
    pub key: Key,
    /// The value.
    pub value: Option<String>,
    /// A file that holds the value.
    #[arg(long)]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["key", "all"]))]
pub struct Delete {
    #[command(flatten)]
    pub whose: Whose,
    /// The key.
    pub key: Option<String>,
    /// All keys of all buckets.
    #[arg(long, conflicts_with = "bucket")]
    pub all: bool,
    /// The key's bucket.
    #[arg(long, default_value = "default")]
    pub bucket: String,
}
