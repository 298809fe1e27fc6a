//! Tradewire's command line.

mod cli;
mod commands;
mod http;
mod looks;
mod output;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use output::Output;

/// Of C as well, such as SQLite's: its own allocator keeps what many threads once needed.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    tradewire_private::begin();
    // Before anything else: the compiler is to have nothing that it does not need.
    if std::env::args_os().nth(1).is_some_and(|word| word == tradewire_executor::COMPILER) {
        return tradewire_host::compile_child();
    }
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
