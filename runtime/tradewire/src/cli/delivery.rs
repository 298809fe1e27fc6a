//! `tradewire delivery`.

use clap::{Args, Subcommand};

use super::Paths;

#[derive(Debug, Subcommand)]
pub enum Delivery {
    /// Tests a delivery without leaving a file.
    ///
    /// It connects, signs in and checks that files may be written. If the configuration has no host key of an SFTP
    /// server, it shows the server's.
    Test(Test),
}

#[derive(Debug, Args)]
pub struct Test {
    /// The delivery: its name in the configuration.
    pub delivery: String,
    #[command(flatten)]
    pub paths: Paths,
}
