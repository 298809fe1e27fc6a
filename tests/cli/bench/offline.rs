//! ServiceTitan on a Wednesday, so that the last week's payroll is approved: one sandbox for all tests that only read,
//! and others on bad days.

use std::sync::OnceLock;

use tokio::runtime::Runtime;
use tradewire_sandbox::{DEMO_TENANT, Options, Running, Sandbox, SandboxTenant};

/// The day that the sandbox lives in.
pub const TODAY: &str = "2026-01-07T18:00:00Z";
/// The options of `tradewire run` for the week that is approved by then.
pub const WEEK: &str = "--from 2025-12-30 --to 2026-01-06";

/// A sandbox that serves for as long as this lives.
pub struct Offline {
    running: Running,
    seeded_teams: usize,
    _runtime: Runtime,
}

impl Offline {
    /// One on a day with these faults.
    pub fn with(faults: &str) -> Offline {
        Offline::start(Options { faults: serde_json::from_str(faults).unwrap(), ..Options::default() })
    }

    /// One with so many tenants more: number 1 has the client `cid.1`, and so on.
    pub fn with_tenants(more: i64) -> Offline {
        let mut options = Options::default();
        let first = options.tenants[0].clone();
        let other = |id: i64| SandboxTenant { id, client_id: format!("cid.{id}"), ..first.clone() };
        options.tenants.extend((1..=more).map(other));
        Offline::start(options)
    }

    fn start(options: Options) -> Offline {
        let runtime = Runtime::new().unwrap();
        let options = Options { rate: None, now: Some(TODAY.parse().unwrap()), ..options };
        let running = runtime.block_on(Sandbox::start(options, ([127, 0, 0, 1], 0).into())).unwrap();
        Offline { seeded_teams: teams(&running, DEMO_TENANT).len(), running, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        self.running.url()
    }

    /// What was asked of it, and the faults that it can be told to have.
    pub fn sandbox(&self) -> &Running {
        &self.running
    }

    /// Puts these faults in place of those in force.
    pub fn faults(&self, faults: &str) {
        self.running.set_faults(serde_json::from_str(faults).unwrap());
    }

    /// The teams that tests have made, in order: what their writes came to, whatever was answered.
    pub fn teams(&self) -> Vec<(i64, String)> {
        self.teams_of(DEMO_TENANT)
    }

    /// Those that were made for a tenant.
    pub fn teams_of(&self, tenant: i64) -> Vec<(i64, String)> {
        let team = |team: &serde_json::Value| (team["id"].as_i64().unwrap(), team["name"].as_str().unwrap().to_owned());
        teams(&self.running, tenant).iter().skip(self.seeded_teams).map(team).collect()
    }

    /// How many calls there were, up to a limit.
    pub fn calls(&self) -> usize {
        self.running.calls().len()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.running.forget_calls();
    }

    /// How many writes of this name were carried out, whatever was answered.
    pub fn done(&self, operation: &str) -> usize {
        self.running.writes().iter().filter(|write| write.operation.as_deref() == Some(operation)).count()
    }

    /// How many calls of this name have arrived.
    pub fn asked(&self, operation: &str) -> usize {
        self.running.calls().iter().filter(|call| call.operation.as_deref() == Some(operation)).count()
    }
}

fn teams(running: &Running, tenant: i64) -> Vec<serde_json::Value> {
    running.records("dispatch/teams", tenant).unwrap()
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
