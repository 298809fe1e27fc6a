//! The commands and their options.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub mod delivery;
pub mod doctor;
pub mod export;
pub mod runs;
pub mod schedule;
pub mod state;
pub mod store;
pub mod template;
pub mod vault;
pub mod webhooks;
pub mod writes;

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
    /// Runs a scheduled payroll export against a sandbox of its own and shows the file.
    Demo(Demo),
    /// Runs an export now.
    ///
    /// Ends with 1 where a run fails; with 3 where none fails and one waits, see `tradewire writes`; with 4 where all have
    /// done what they should and files of one are not delivered yet, see `tradewire runs retry`.
    Run(Run),
    /// Runs the schedules until it is stopped.
    Serve(Serve),
    /// Writes exports, shows what they would deliver, and what their deliveries differ in.
    #[command(subcommand)]
    Export(export::Export),
    /// Shows what became of runs; runs them again, and asks for their end.
    #[command(subcommand)]
    Runs(runs::Runs),
    /// Shows, previews, pauses and resumes the schedules.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Shows, sets and deletes what exports keep for their tenants from run to run.
    #[command(subcommand)]
    State(state::State),
    /// Shows and settles writes that were sent and never answered.
    #[command(subcommand)]
    Writes(writes::Writes),
    /// Looks whether files can be delivered.
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    /// Shows the webhook events that came in, and dispatches them once more.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Copies the store, puts a copy back, and forgets what is old.
    #[command(subcommand)]
    Store(store::Store),
    /// Keeps secrets in an encrypted file.
    #[command(subcommand)]
    Vault(vault::Vault),
    /// Checks the configuration and every plugin in it.
    Check(Check),
    /// Tells what is loose on this machine, or about to fail, and what to do about it; changes nothing.
    ///
    /// Looks at owners and modes of files, secrets, core dumps, limits, free space, the clock, the store and plugins. Ends
    /// with 1 where something is found.
    Doctor(doctor::Doctor),
    /// Prints the JSON Schema of the configuration, for editors.
    ///
    /// `#:schema tradewire.schema.json` as a configuration's first line names it to editors that know TOML.
    Schema,
    /// Serves an offline ServiceTitan.
    Sandbox(Sandbox),
    /// Looks at plugins.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Writes, checks, previews and tests request-middleware templates.
    #[command(subcommand)]
    Template(template::Template),
    /// Looks at ServiceTitan's surfaces, and imports new ones.
    #[command(subcommand)]
    Surface(Surface),
}

/// Where the configuration and the state are.
#[derive(Debug, Args)]
pub struct Paths {
    /// The configuration.
    #[arg(long, short, default_value = "tradewire.toml", env = "TRADEWIRE_CONFIG")]
    pub config: PathBuf,
    /// The folder of the runtime's own state [default: `.tradewire` beside the configuration].
    #[arg(long, env = "TRADEWIRE_STATE")]
    pub state: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// The folder that the demo writes to.
    #[arg(long, default_value = "out/demo")]
    pub out: PathBuf,
    /// The payroll plugin.
    #[arg(long, default_value = "target/guests/payroll-export.wasm")]
    pub plugin: PathBuf,
}

#[derive(Debug, Args)]
pub struct Run {
    /// The export.
    pub export: String,
    /// Only for this tenant [default: all of the export].
    #[arg(long)]
    pub tenant: Option<String>,
    /// The first day or moment that the run accounts for [default: the latest complete window of the schedule].
    #[arg(long, requires = "to")]
    pub from: Option<String>,
    /// The first day or moment that it does not account for any more.
    #[arg(long, requires = "from")]
    pub to: Option<String>,
    /// Runs the windows of the schedule that lie wholly in the span, one after the other, up to the first that fails.
    #[arg(long, requires = "from")]
    pub backfill: bool,
    /// Makes the writes anew that earlier runs of the window have made.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub paths: Paths,
}

#[derive(Debug, Args)]
pub struct Sandbox {
    /// The address to serve on. Other machines reach it only with `--open`.
    #[arg(long, default_value = "127.0.0.1:8123")]
    pub listen: SocketAddr,
    /// Lets it listen where other machines reach it. Its keys are everybody's, and whoever reaches it may change all of it.
    #[arg(long)]
    pub open: bool,
    /// Everything that is made up is drawn from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many customers there are; everything else scales with them.
    #[arg(long, default_value_t = 200)]
    pub customers: usize,
    /// Calls a second for each app and tenant; 0 is no limit.
    #[arg(long, default_value_t = 60)]
    pub rate: u32,
    /// How long a token lives, in seconds.
    #[arg(long, default_value_t = 900)]
    pub token_life: u64,
    /// Faults to start with, as JSON; `@file` reads them from a file.
    #[arg(long)]
    pub faults: Option<String>,
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
