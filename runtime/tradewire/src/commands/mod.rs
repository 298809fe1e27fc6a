//! The commands.

mod plugin;
mod surface;

use anyhow::Result;

use crate::cli::{Cli, Command, Plugin, Surface};
use crate::output::Output;

/// Does what was asked.
pub fn dispatch(cli: Cli, output: &Output) -> Result<()> {
    match cli.command {
        Command::Plugin(Plugin::Inspect { file }) => plugin::inspect(&file, output),
        Command::Surface(Surface::List { prefix }) => surface::list(&prefix, output),
        Command::Surface(Surface::Import(options)) => surface::import_all(&options, output),
        _ => anyhow::bail!("not yet"),
    }
}
