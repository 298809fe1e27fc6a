//! Tradewire's command line.

mod cli;
mod commands;
mod execute;
mod faults;
mod http;
mod output;
mod suppliers;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tradewire_private::begin();
    let cli = Cli::parse();
    let output = Output::new(cli.json, cli.quiet);
    output.trace();
    commands::dispatch(cli, &output).unwrap_or_else(|error| {
        output.error(&error);
        ExitCode::FAILURE
    })
}
