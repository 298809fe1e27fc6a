//! `tradewire doubts`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use tradewire_store::WriteId;

use super::Place;

#[derive(Debug, Subcommand)]
pub enum Doubts {
    /// Lists the writes that were sent and never answered, with everything needed to decide.
    List(List),
    /// Records whether a write has happened; its run may then go on.
    Settle(Settle),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("verdict").required(true).args(["happened", "did_not_happen"]))]
pub struct Settle {
    /// The write, as the list names it.
    pub write: WriteId,
    /// It happened: it is not sent again.
    #[arg(long)]
    pub happened: bool,
    /// It did not happen: the next attempt may send it.
    #[arg(long)]
    pub did_not_happen: bool,
    /// A file with the JSON that would have been answered: by ServiceTitan [default: the record that the call names, as
    /// it is then; nothing where it names none], or by the supplier's endpoint, in the shape of its contract [default:
    /// that it is done].
    #[arg(long, requires = "happened")]
    pub answer: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}
