//! The commands and their options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An integration runtime for ServiceTitan.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// Prints JSON for scripts instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,
    /// Prints nothing but results and errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Looks at plugins.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Looks at ServiceTitan's surfaces, and imports new ones.
    #[command(subcommand)]
    Surface(Surface),
}

#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Shows what a plugin asks for, and the line that grants it.
    Inspect {
        /// The component.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum Surface {
    /// Lists operations, with method, path and scope.
    List {
        /// Only those whose name begins like this: `payroll/`.
        #[arg(default_value = "")]
        prefix: String,
    },
    /// Imports published descriptions into the catalog and writes the WIT.
    Import(Import),
}

#[derive(Debug, Args)]
pub struct Import {
    /// The folder of OpenAPI documents.
    pub openapi: PathBuf,
    /// The document of webhook events.
    #[arg(long)]
    pub events: Option<PathBuf>,
    /// The folder of middleware contracts.
    #[arg(long)]
    pub contracts: Option<PathBuf>,
    /// Where the catalog is kept.
    #[arg(long, default_value = "runtime/surface/catalog")]
    pub catalog: PathBuf,
    /// Where the WIT is kept.
    #[arg(long, default_value = "wit/servicetitan")]
    pub wit: PathBuf,
    /// Writes nothing; fails if anything would change.
    #[arg(long)]
    pub check: bool,
}
