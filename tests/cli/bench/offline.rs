//! One sandbox for all tests that only read: on a Wednesday, so that the last week's payroll is approved.

use std::sync::OnceLock;

use tradewire_sandbox::{Options, Running, Sandbox};

/// The day that the sandbox lives in.
const TODAY: &str = "2026-01-07T18:00:00Z";
/// The options of `tradewire run` for the week that is approved by then.
pub const WEEK: &str = "--from 2025-12-30 --to 2026-01-06";

/// The address of the sandbox.
pub fn servicetitan() -> &'static str {
    static SERVED: OnceLock<(tokio::runtime::Runtime, Running, String)> = OnceLock::new();
    let (_, _, url) = SERVED.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = Options { rate: None, now: Some(TODAY.parse().unwrap()), ..Options::default() };
        let running = runtime.block_on(Sandbox::start(options, ([127, 0, 0, 1], 0).into())).unwrap();
        let url = running.url();
        (runtime, running, url)
    });
    url
}
