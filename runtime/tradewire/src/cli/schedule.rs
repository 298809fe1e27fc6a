//! `tradewire schedule`.

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Lists the schedules with their condition, their next slot and their latest run.
    List(List),
    /// Shows the next slots of an export, and the window of each.
    Next(Next),
    /// Pauses a schedule. No slot of it runs until it is resumed; a run that goes on is not stopped.
    Pause(Which),
    /// Resumes a schedule.
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
    /// The number of slots.
    #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub count: u32,
}

#[derive(Debug, Args)]
pub struct Which {
    /// The export.
    pub export: String,
    /// The tenant [default: all tenants of the export].
    #[arg(long)]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub paths: Paths,
}
