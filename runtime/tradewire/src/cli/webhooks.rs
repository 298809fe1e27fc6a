//! `tradewire webhooks`.

use clap::{Args, Subcommand};
use tradewire_store::EventId;

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Lists events that came in, the latest first, and what each began; with `--json` also what they say.
    List(List),
    /// Has events begin runs once more, whatever became of them. `tradewire serve` begins these within half a minute.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only those that came by this webhook.
    #[arg(long)]
    pub webhook: Option<String>,
    /// Only those of this tenant.
    #[arg(long)]
    pub tenant: Option<String>,
    /// At most this many.
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
