//! `tradewire delivery`.

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Delivery {
    /// Goes as far as a delivery would without leaving a file, and says what was found.
    ///
    /// Connects, shows what host key an SFTP server has where none is given, signs in, and looks whether files may be
    /// written there.
    Test(Test),
}

#[derive(Debug, Args)]
pub struct Test {
    /// The delivery: its name in the configuration.
    pub delivery: String,
    #[command(flatten)]
    pub paths: Paths,
}
