//! `tradewire store`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Store {
    /// Copies the store into a file, while whatever works on it goes on.
    ///
    /// What runs have produced is not in it: that is in `outbox` of the state folder, and needed for files that are still to
    /// be delivered.
    Backup(Copy),
    /// Puts a copy in the place of the store, and keeps the one that was there beside it.
    ///
    /// Refused while a process works on the store. What was delivered and written at ServiceTitan since the copy was made
    /// is forgotten: look at the store that is kept before those windows are run again.
    Restore(Copy),
    /// Forgets runs that are older than `keep` of `[store]`, with their logs, host calls and slots; `tradewire serve` does so
    /// every hour.
    ///
    /// Of a run that has delivered a file or written at ServiceTitan only log and host calls are forgotten: the rest keeps
    /// that from being done twice; what it has produced goes from the outbox. A run with an unresolved write, an attempt to come or files
    /// under way is left whole.
    Prune(Prune),
}

#[derive(Debug, Args)]
pub struct Prune {
    /// Forgets what is older than this instead: `400 days`.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub keep: Option<Duration>,
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Copy {
    /// The copy.
    pub file: PathBuf,
    #[command(flatten)]
    pub paths: Paths,
}
