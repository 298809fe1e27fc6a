//! ServiceTitan on a Wednesday, so that the last week's payroll is approved: one sandbox for all tests that only read,
//! and others on bad days.

use std::sync::OnceLock;

use tokio::runtime::Runtime;
use tradewire_sandbox::{Options, Running, Sandbox};

/// The day that the sandbox lives in.
const TODAY: &str = "2026-01-07T18:00:00Z";
/// The options of `tradewire run` for the week that is approved by then.
pub const WEEK: &str = "--from 2025-12-30 --to 2026-01-06";

/// A sandbox that serves for as long as this lives.
pub struct Offline {
    running: Running,
    _runtime: Runtime,
}

impl Offline {
    /// One on a day with these faults.
    pub fn with(faults: &str) -> Offline {
        let runtime = Runtime::new().unwrap();
        let (faults, now) = (serde_json::from_str(faults).unwrap(), Some(TODAY.parse().unwrap()));
        let options = Options { rate: None, now, faults, ..Options::default() };
        let running = runtime.block_on(Sandbox::start(options, ([127, 0, 0, 1], 0).into())).unwrap();
        Offline { running, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        self.running.url()
    }

    /// What was asked of it, and the faults that it can be told to have.
    pub fn sandbox(&self) -> &Running {
        &self.running
    }
}

/// The address of the sandbox that all tests share.
pub fn servicetitan() -> &'static str {
    static SHARED: OnceLock<(Offline, String)> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let offline = Offline::with("[]");
        let url = offline.url();
        (offline, url)
    });
    &shared.1
}
