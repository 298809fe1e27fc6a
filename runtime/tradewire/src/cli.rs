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
    /// The exit code is 1 if a run fails. It is 3 if none fails and one waits for an unresolved write: see `tradewire
    /// writes`. It is 4 if all succeed and files are not delivered yet: see `tradewire runs retry`.
    Run(Run),
    /// Runs the schedules until it is stopped.
    Serve(Serve),
    /// Writes new exports, previews what they would deliver, compares what they delivered.
    #[command(subcommand)]
    Export(export::Export),
    /// Lists, shows, retries and cancels runs.
    #[command(subcommand)]
    Runs(runs::Runs),
    /// Shows, previews, pauses and resumes the schedules.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Shows, sets and deletes the state that exports keep between runs.
    #[command(subcommand)]
    State(state::State),
    /// Lists and resolves writes that were sent and never answered.
    #[command(subcommand)]
    Writes(writes::Writes),
    /// Tests deliveries without leaving a file.
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    /// Lists the webhook events that came in, and replays them.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Backs up, restores and prunes the store.
    #[command(subcommand)]
    Store(store::Store),
    /// Keeps secrets in an encrypted file.
    #[command(subcommand)]
    Vault(vault::Vault),
    /// Checks the configuration and every plugin in it.
    Check(Check),
    /// Finds what is unsafe on this machine or about to fail, and says what to do. It changes nothing.
    ///
    /// It looks at owners and modes of files, secrets, core dumps, limits, free space, the clock, the store and
    /// plugins. The exit code is 1 if something is found.
    Doctor(doctor::Doctor),
    /// Prints the JSON Schema of the configuration, for editors.
    ///
    /// Save it as `tradewire.schema.json` and write `#:schema tradewire.schema.json` as the configuration's first line.
    Schema,
    /// Serves an offline ServiceTitan.
    Sandbox(Sandbox),
    /// Inspects plugins.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Writes, checks, previews and tests request-middleware templates.
    #[command(subcommand)]
    Template(template::Template),
    /// Lists ServiceTitan's operations, and imports new descriptions.
    #[command(subcommand)]
    Surface(Surface),
}

/// Where the configuration and the state are.
#[derive(Debug, Args)]
pub struct Paths {
    /// The configuration.
    #[arg(long, short, default_value = "tradewire.toml", env = "TRADEWIRE_CONFIG")]
    pub config: PathBuf,
    /// The folder of the runtime's state [default: `.tradewire` beside the configuration].
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
    /// The tenant [default: all tenants of the export].
    #[arg(long)]
    pub tenant: Option<String>,
    /// The start of the window, a day or a moment [default: the schedule's latest complete window].
    #[arg(long, requires = "to")]
    pub from: Option<String>,
    /// The end of the window, a day or a moment. It is not part of the window.
    #[arg(long, requires = "from")]
    pub to: Option<String>,
    /// Runs every window of the schedule from `--from` to `--to`, one after the other. It stops at the first that
    /// fails.
    #[arg(long, requires = "from")]
    pub backfill: bool,
    /// Runs the window even if a run of it succeeded, and sends its writes again.
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
    /// Lets other machines reach it. Its keys are public: whoever reaches it can change everything in it.
    #[arg(long)]
    pub open: bool,
    /// The seed of the made-up records.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many customers there are; everything else scales with them.
    #[arg(long, default_value_t = 200)]
    pub customers: usize,
    /// The rate limit, in calls a second for each app and tenant. 0 is no limit.
    #[arg(long, default_value_t = 60)]
    pub rate: u32,
    /// How long a token lives, in seconds.
    #[arg(long, default_value_t = 900)]
    pub token_life: u64,
    /// Faults to begin with, as JSON. `@file` reads them from a file.
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
        /// Only operations whose name begins with this, such as `payroll/`.
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
