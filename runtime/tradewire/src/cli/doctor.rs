//! `tradewire doctor`.

use clap::Args;

use super::Place;

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub place: Place,
}
