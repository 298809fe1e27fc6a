//! `tradewire schedule`.

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Lists the schedules: how each does, when it is due next, what became of its latest slot.
    List(List),
    /// Shows when an export is due next, and the window that each run would account for.
    Next(Next),
    /// Pauses a schedule: its slots do not run until it is resumed. What goes on goes on.
    Pause(Which),
    /// Ends a pause.
    Resume(Which),
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Next {
    #[command(flatten)]
    pub which: Which,
    /// How many slots.
    #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub count: u32,
}

#[derive(Debug, Args)]
pub struct Which {
    /// The export.
    pub export: String,
    /// Only for this tenant [default: all of the export].
    #[arg(long)]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub paths: Paths,
}
