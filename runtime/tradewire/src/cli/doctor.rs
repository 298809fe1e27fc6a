//! `tradewire doctor`.

use clap::Args;

use super::Paths;

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub paths: Paths,
}
