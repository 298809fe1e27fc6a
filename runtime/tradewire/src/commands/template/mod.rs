//! `tradewire template`: what authors of request-middleware need.

mod check;
mod new;
mod packs;
mod preview;
mod test;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use tradewire_middleware::fault::{Fault, Severity};

use crate::cli::template::Template;
use crate::output::Output;

/// Does what was asked.
pub fn dispatch(command: Template, output: &Output) -> Result<ExitCode> {
    match command {
        Template::New(options) => new::new(&options, output).map(|()| ExitCode::SUCCESS),
        Template::Check(options) => check::check(&options, output),
        Template::Preview(options) => preview::preview(&options, output),
        Template::Test(options) => test::test(&options, output),
    }
}

/// Tells faults, for people.
fn tell(faults: &[Fault], output: &Output) {
    for fault in faults {
        output.fault(fault, fault.severity == Severity::Error);
    }
}

/// `1 error`, `2 errors`
fn count(number: usize, what: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {what}{many}")
}
