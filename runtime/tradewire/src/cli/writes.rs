//! `tradewire writes`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use tradewire_store::WriteId;

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Writes {
    /// Lists the writes that were sent and never answered, with everything needed to decide.
    List(List),
    /// Records whether a write was applied; its run may then go on.
    Resolve(Resolve),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("resolution").required(true).args(["applied", "not_applied"]))]
pub struct Resolve {
    /// The write, as the list names it.
    pub write: WriteId,
    /// The write was applied: it is not sent again.
    #[arg(long)]
    pub applied: bool,
    /// The write was not applied: the next attempt may send it.
    #[arg(long)]
    pub not_applied: bool,
    /// A file with the JSON that ServiceTitan or the vendor's endpoint would have answered [default: from ServiceTitan
    /// the record that the call names, as it is then, or nothing; from a vendor that it is done].
    #[arg(long, requires = "applied")]
    pub answer: Option<PathBuf>,
    #[command(flatten)]
    pub paths: Paths,
}
