//! `tradewire webhooks`.

use clap::{Args, Subcommand};

use super::Place;

#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Lists events that came in, the latest first; with `--json` also what they say.
    List(List),
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
    pub place: Place,
}
