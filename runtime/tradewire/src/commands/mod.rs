//! The commands.

mod backfill;
mod check;
mod delivery;
mod demo;
mod doctor;
mod export;
mod installation;
mod plugin;
mod private;
mod report;
mod run;
mod runs;
mod sandbox;
mod schedule;
mod schema;
mod serve;
mod state;
mod stop;
mod store;
mod surface;
mod table;
mod template;
mod vault;
mod webhooks;
mod writes;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::{Cli, Command, Plugin, Surface};
use crate::output::Output;

/// Does what was asked. An error is printed by the caller; a failure that is told already is an exit code.
pub fn dispatch(cli: Cli, output: &Output) -> Result<ExitCode> {
    let done = |result: Result<()>| result.map(|()| ExitCode::SUCCESS);
    match cli.command {
        Command::Demo(options) => block_on(demo::demo(options, output)),
        Command::Run(options) => block_on(run::run(options, output)),
        Command::Serve(options) => done(block_on(serve::serve(options, output))),
        Command::Writes(command) => done(block_on(writes::dispatch(command, output))),
        Command::Runs(command) => block_on(runs::dispatch(command, output)),
        Command::Export(command) => block_on(export::dispatch(command, output)),
        Command::Schedule(command) => done(block_on(schedule::dispatch(command, output))),
        Command::State(command) => done(block_on(state::dispatch(command, output))),
        Command::Delivery(command) => done(block_on(delivery::dispatch(command, output))),
        Command::Webhooks(command) => done(block_on(webhooks::dispatch(command, output))),
        Command::Store(command) => done(block_on(store::dispatch(command, output))),
        Command::Vault(command) => done(vault::dispatch(command, output)),
        Command::Check(options) => done(block_on(check::check(options, output))),
        Command::Doctor(options) => block_on(async { doctor::doctor(&options, output) }),
        Command::Schema => done(schema::schema(output)),
        Command::Sandbox(options) => done(block_on(sandbox::sandbox(options, output))),
        Command::Plugin(Plugin::Inspect { file }) => done(plugin::inspect(&file, output)),
        Command::Template(command) => template::dispatch(command, output),
        Command::Surface(Surface::List { prefix }) => done(surface::list(&prefix, output)),
        Command::Surface(Surface::Import(options)) => done(surface::import_all(&options, output)),
    }
}

/// Waits for what is asynchronous.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads that everything runs on")?;
    let result = runtime.block_on(work);
    // What still holds on has been told to stop and has had its time.
    runtime.shutdown_background();
    result
}
