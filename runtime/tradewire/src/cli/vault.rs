//! `tradewire vault`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Vault {
    /// Makes an empty vault, as `[vault]` of the configuration says.
    ///
    /// If the file of its key is not there, a new key is made and written to it.
    Init(Init),
    /// Sets a secret. It is read from standard input, or asked for on a terminal.
    Set(Set),
    /// Lists the names of the secrets and when each was set.
    List(List),
    /// Removes a secret.
    Remove(Remove),
    /// Gives the vault another key. The old key no longer opens it.
    Rekey(Rekey),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct Configuration {
    /// The configuration.
    #[arg(long, short, default_value = "tradewire.toml", env = "TRADEWIRE_CONFIG")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    pub configuration: Configuration,
}

#[derive(Debug, Args)]
pub struct Set {
    /// The secret's name: `{ vault = "<name>" }` refers to it.
    pub name: String,
    /// Taken so that it can be refused without being shown.
    #[arg(hide = true)]
    pub never: Vec<String>,
    #[command(flatten)]
    pub configuration: Configuration,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub configuration: Configuration,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// The secret's name.
    pub name: String,
    #[command(flatten)]
    pub configuration: Configuration,
}

#[derive(Debug, Args)]
pub struct Rekey {
    #[command(flatten)]
    pub to: NewKey,
    #[command(flatten)]
    pub configuration: Configuration,
}

/// Where the new key is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct NewKey {
    /// The environment variable that holds the new key.
    #[arg(long)]
    pub env: Option<String>,
    /// The file that holds the new key. If it is not there, a new key is made and written to it.
    #[arg(long)]
    pub file: Option<PathBuf>,
}
