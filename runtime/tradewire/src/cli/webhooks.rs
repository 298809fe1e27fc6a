//! `tradewire webhooks`.

use clap::{Args, Subcommand};
use tradewire_store::EventId;

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Lists events, the latest first, and the runs that each began. `--json` has their payloads.
    List(List),
    /// Dispatches events again, whatever became of them. `tradewire serve` begins the runs within half a minute.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only events of this webhook.
    #[arg(long)]
    pub webhook: Option<String>,
    /// Only events of this tenant.
    #[arg(long)]
    pub tenant: Option<String>,
    /// The most events to list.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// The events, by their ids as `tradewire webhooks list` shows them.
    #[arg(required = true)]
    pub events: Vec<EventId>,
    /// Only for this export [default: all that take them].
    #[arg(long)]
    pub export: Option<String>,
    #[command(flatten)]
    pub paths: Paths,
}
