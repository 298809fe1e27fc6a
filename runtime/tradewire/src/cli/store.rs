//! `tradewire store`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Store {
    /// Copies the store into a file. Processes that use the store need not stop.
    ///
    /// The copy does not hold the files that runs produced. They are in `outbox` of the state folder. Files that are
    /// not delivered yet need it.
    Backup(Copy),
    /// Replaces the store by a copy, and keeps the store that was there beside it.
    ///
    /// It is refused while a process uses the store. The copy does not know what was delivered, or written at
    /// ServiceTitan, since it was made: look at the store that is kept before you run those windows again.
    Restore(Copy),
    /// Removes runs that are older than `keep` of `[store]`, with their logs, host calls and slots. `tradewire serve`
    /// does so every hour.
    ///
    /// A run that delivered a file or wrote at ServiceTitan loses its log, its host calls and its files in the outbox.
    /// The rest stays, so that nothing is done twice. A run with an unresolved write, a retry to come or files under
    /// way is not touched.
    Prune(Prune),
}

#[derive(Debug, Args)]
pub struct Prune {
    /// The age to remove from, such as `400 days` [default: `keep` of `[store]`].
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
