//! `tradewire doctor`: what is loose or about to fail on this machine, each with what to do about it. It changes nothing.
//!
//! A file a check: what is looked at, what is found, what mends it.

mod certificate;
mod clear;
mod clock;
mod deliveries;
mod descriptors;
mod disk;
mod files;
mod plugins;
mod process;
mod secrets;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::installation::{Installation, read_any_config, state_of};
use crate::cli::doctor::Doctor;
use crate::output::Output;

pub(super) use clear::in_clear;
pub(super) use descriptors::few_descriptors;
pub(super) use secrets::weak;

/// What is looked at.
struct Patient {
    installation: Installation,
}

impl Patient {
    fn database(&self) -> PathBuf {
        self.installation.database()
    }
}

/// Something that was found, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    diagnosis: String,
    treatment: String,
}

impl Finding {
    fn new(diagnosis: impl Into<String>, treatment: impl Into<String>) -> Finding {
        Finding { diagnosis: diagnosis.into(), treatment: treatment.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.diagnosis, self.treatment)
    }
}

/// A check: its name, what it says where all is well, and what it finds.
struct Check {
    name: &'static str,
    well: &'static str,
    look: fn(&Patient) -> Vec<Finding>,
}

const CHECKS: [Check; 11] = [
    Check { name: "files", well: "state, configuration and what it names are nobody else's", look: files::look },
    Check { name: "deliveries", well: "files are not delivered to where everybody reads them", look: deliveries::look },
    Check { name: "secrets", well: "every secret can be read, and is long enough to be masked", look: secrets::look },
    Check { name: "process", well: "runs as a user of its own, and writes no core dump", look: process::look },
    Check { name: "descriptors", well: "enough files and connections may be open at once", look: descriptors::look },
    Check { name: "disk", well: "there is room for the store and the outbox", look: disk::look },
    Check { name: "clock", well: "the clock is not behind what the store has seen", look: clock::look },
    Check { name: "store", well: "the store is whole", look: store::look },
    Check {
        name: "certificate",
        well: "the server's certificate, if it has one that can be read, is valid for a while",
        look: certificate::look,
    },
    Check { name: "clear", well: "callers and events come by TLS, or from this machine", look: clear::look },
    Check { name: "plugins", well: "plugins, packs, deliveries and callers load", look: plugins::look },
];

/// Looks at everything; ends with 1 where something was found.
pub fn doctor(options: &Doctor, output: &Output) -> Result<ExitCode> {
    // What is loose is told here, and neither refused nor mended: the configuration, too.
    let config = read_any_config(&options.paths.config)?;
    let state = state_of(&options.paths);
    let patient = Patient { installation: Installation { config: config.into(), state } };
    let (mut text, mut values, mut all) = (String::new(), Vec::new(), 0);
    for Check { name, well, look } in CHECKS {
        let busy = output.busy(&format!("looking at {name}"));
        let found = look(&patient);
        drop(busy);
        match found.is_empty() {
            true => text += &format!("{name}: {well}\n"),
            false => found.iter().for_each(|finding| {
                text += &format!("{name}: {}\n  {}\n", finding.diagnosis, finding.treatment);
            }),
        }
        all += found.len();
        values.push(json!({ "check": name, "found": found }));
    }
    text += &match all {
        0 => "nothing was found\n".to_owned(),
        1 => "1 thing was found\n".to_owned(),
        more => format!("{more} things were found\n"),
    };
    output.result(&text, &json!({ "found": all, "checks": values }));
    Ok(if all == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
