//! Tradewire's command line.

mod cli;
mod commands;
mod execute;
mod faults;
mod http;
mod looks;
mod output;
mod suppliers;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything is opened: runs, files and connections take of the same descriptors.
    tradewire_front::descriptors::raise();
    let cli = Cli::parse();
    let output = Output::new(cli.json, cli.quiet);
    output.trace();
    commands::dispatch(cli, &output).unwrap_or_else(|error| {
        output.error(&error);
        ExitCode::FAILURE
    })
}
