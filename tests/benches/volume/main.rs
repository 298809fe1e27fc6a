//! What size costs: a payroll file of 100,000 gross pay items, and a change feed of 1,000,000 records, each beside a tenth
//! of it, through `tradewire run` at ServiceTitan's limit of calls; then the feed without a limit, beside a plain Python
//! client (`requests`) that reads the same pages and writes the same rows.
//!
//! `cargo bench --workspace --bench volume`; needs Python 3 with `venv`.
//!
//! The sandbox is on a thread of the bench's own process: on two cores it has one and what is measured the other.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tradewire_client::{Arguments, RateLimit};
use tradewire_sandbox::{self as sandbox, Options};
use tradewire_store::{RunFilter, Store};
use tradewire_store_sqlite::SqliteStore;
use tradewire_surface::Catalog;

use support::process::Process;
use support::{Apart, line, tenant};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// ServiceTitan's calls a second, for each application and tenant.
const LIMIT: u32 = 60;
const MIB: f64 = (1 << 20) as f64;
/// A Wednesday, so that the week before is approved.
const TODAY: &str = "2026-01-07T18:00:00Z";

/// An export, for a tenant with so many customers.
struct Exported {
    what: &'static str,
    customers: usize,
    words: &'static str,
}

/// People grow with customers, three for each hundred, and each has seven items a week.
const PAYROLL: [Exported; 2] = [
    Exported {
        what: "10,000 gross pay items",
        customers: 47_600,
        words: "run payroll --from 2025-12-30 --to 2026-01-06",
    },
    Exported {
        what: "100,000 gross pay items",
        customers: 476_000,
        words: "run payroll --from 2025-12-30 --to 2026-01-06",
    },
];
const FEED: [Exported; 2] = [
    Exported { what: "100,000 changed customers", customers: 100_000, words: "run changes" },
    Exported { what: "1,000,000 changed customers", customers: 1_000_000, words: "run changes" },
];

fn configuration(url: &str, pace: &str) -> String {
    let guest = |name: &str| format!("{}/../../target/guests/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    format!(
        r#"[servicetitan]
environment = "{url}"
app_key = {{ env = "APP_KEY" }}
{pace}

[tenant.acme]
id = {}
client_id = "{}"
client_secret = {{ env = "CLIENT_SECRET" }}
timezone = "UTC"

[delivery.out]
to = "out"

[plugin.payroll-export]
source = "{}"
grant = ["payroll:view", "settings/technicians:view", "settings/employees:view"]

[export.payroll]
run = "payroll-export"
tenants = ["acme"]
window = "week"
settings = {{ provider = "adp-workforce-now", company-code = "AB" }}
deliver = "out"

[plugin.follower]
source = "{}"
grant = ["crm/export:view", "crm/bookings:view", "dispatch/team:view"]

[export.changes]
run = "follower"
tenants = ["acme"]
feed = "crm/export.get-customers"
since = "2000-01-01"
cron = "0 0 1 1 *"
deliver = "out"
"#,
        sandbox::DEMO_TENANT,
        sandbox::DEMO_CLIENT_ID,
        guest("payroll-export"),
        guest("follower"),
    )
}

/// What the exports ask for.
const ASKED: [&str; 7] = [
    "crm/export.get-customers",
    "payroll/payrolls.get-list",
    "payroll/gross-pay-items.get-list",
    "payroll/payroll-settings.get-payroll-settings-list",
    "payroll/activity-codes.get-list",
    "settings/technicians.get-list",
    "settings/employees.get-list",
];

/// A ServiceTitan that has made its records up: it does so when they are first asked for.
async fn servicetitan(customers: usize, rate: Option<u32>, asked: impl Fn(&str) -> bool) -> Apart {
    let served = Apart::start(Options { customers, rate, now: Some(TODAY.parse().unwrap()), ..Options::default() });
    let acme = tenant(&served.url, RateLimit::default());
    for name in ASKED.into_iter().filter(|name| asked(name)) {
        let operation = Catalog::get().operation(name).unwrap();
        acme.pages(operation, &Arguments::default()).next().await.unwrap();
    }
    served
}

/// A folder with the configuration.
fn folder(url: &str, pace: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tradewire.toml"), configuration(url, pace)).unwrap();
    folder
}

/// What an export has come to.
struct Found {
    rows: usize,
    elapsed: Duration,
    /// Calls that were let through and calls that were refused.
    calls: u64,
    refused: u64,
    most_resident: f64,
}

/// Runs an export by the command line, in a folder where it has not run before.
async fn run(folder: &Path, words: &str) -> Found {
    let child = Command::new(env!("CARGO_BIN_EXE_tradewire"))
        .args(words.split(' '))
        .arg("--quiet")
        .current_dir(folder)
        .env("APP_KEY", sandbox::DEMO_APP_KEY)
        .env("CLIENT_SECRET", sandbox::DEMO_CLIENT_SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let most_resident = watch(child);
    let store = SqliteStore::open(&folder.join(".tradewire/tradewire.db")).unwrap();
    let run = store.runs(&RunFilter::default()).await.unwrap().remove(0);
    let of = run.opening.id;
    let (files, calls) = (store.files(of).await.unwrap(), store.host_calls(of).await.unwrap());
    let rows = files[0].totals.iter().find(|(name, _)| name == "rows").unwrap().1.parse().unwrap();
    Found {
        rows,
        elapsed: (run.ending.unwrap().ended - run.opening.started).to_std().unwrap(),
        calls: calls.iter().map(|of| of.calls).sum(),
        refused: calls.iter().map(|of| of.retries).sum(),
        most_resident,
    }
}

/// The most memory that a process has had by its end, as far as the last look.
fn watch(mut child: Child) -> f64 {
    let process = Process(child.id());
    let mut most = 0.0_f64;
    loop {
        most = most.max(process.most_resident());
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// At the limit: how much of it is used, and how memory grows with size.
async fn limited(exports: &[Exported; 2], asked: fn(&str) -> bool) {
    let mut most = Vec::new();
    for Exported { what, customers, words } in exports {
        let titan = servicetitan(*customers, Some(LIMIT), asked).await;
        let folder = folder(&titan.url, "");
        let found = run(folder.path(), words).await;
        let seconds = found.elapsed.as_secs_f64();
        let share = 100.0 * found.calls as f64 / (seconds * f64::from(LIMIT));
        let said = format!("{} rows, {seconds:.1} s, {} calls", found.rows, found.calls);
        line(what, &said, None);
        line("  of the limit of 60 calls a second", &format!("{share:.0} %, {} times 429", found.refused), None);
        line("  most that was resident", &format!("{:.0} MiB", found.most_resident / MIB), None);
        most.push(found.most_resident);
    }
    let grown = most[1] / most[0];
    line("  ten times the size", &format!("{grown:.2} times the memory"), Some(("at most 1.5", grown <= 1.5)));
}

/// Without a limit, beside Python, in turns.
async fn unlimited(customers: usize) {
    let titan = servicetitan(customers, None, |name| name.starts_with("crm/")).await;
    let python = Python::set_up();
    for _ in 0..3 {
        let folder = folder(&titan.url, "calls_per_second = 1000000");
        let ours = run(folder.path(), "run changes").await;
        let (rows, seconds) = python.run(&titan.url, &folder.path().join("python.csv"));
        assert_eq!(rows, ours.rows, "both read all");
        let (ours, theirs) = (rows as f64 / ours.elapsed.as_secs_f64(), rows as f64 / seconds);
        line("rows a second without a limit: tradewire", &format!("{ours:.0}"), None);
        let found = format!("{theirs:.0}: {:.2} times as slow", ours / theirs);
        line("rows a second without a limit: Python with requests", &found, Some(("slower", theirs < ours)));
    }
}

/// Python with `requests`, as the committed list says, in an environment of its own.
struct Python(PathBuf);

impl Python {
    const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/benches/volume/python");

    fn set_up() -> Python {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("volume-bench");
        let python = Python(place.join("bin/python"));
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&place), "install python3 and python3-venv");
        let mut pip = Command::new(&python.0);
        pip.args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(format!("{}/requirements.txt", Self::SCRIPTS));
        succeed(&mut pip, "reach a registry of Python packages");
        python
    }

    /// Rows and seconds.
    fn run(&self, url: &str, target: &Path) -> (usize, f64) {
        let mut client = Command::new(&self.0);
        client.arg(format!("{}/client.py", Self::SCRIPTS)).args([
            url,
            &sandbox::DEMO_TENANT.to_string(),
            sandbox::DEMO_APP_KEY,
            sandbox::DEMO_CLIENT_ID,
            sandbox::DEMO_CLIENT_SECRET,
        ]);
        let said = succeed(client.arg(target), "see what it says");
        let (rows, seconds) = said.trim().split_once(' ').unwrap();
        (rows.parse().unwrap(), seconds.parse().unwrap())
    }
}

/// What a command says.
fn succeed(command: &mut Command, help: &str) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stderr(Stdio::inherit()).output().unwrap_or_else(|error| panic!("{name}: {error}; {help}"));
    assert!(out.status.success(), "{name}: {}; {help}", out.status);
    String::from_utf8(out.stdout).unwrap()
}

#[tokio::main]
async fn main() {
    limited(&PAYROLL, |name| !name.starts_with("crm/")).await;
    limited(&FEED, |name| name.starts_with("crm/")).await;
    unlimited(FEED[1].customers).await;
}
