//! A folder with a configuration in it, the binary to run there, and what it says.

mod disk;
mod offline;
mod told;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tradewire_store::{RunFilter, RunRecord, Store, WriteRecord};
use tradewire_store_sqlite::SqliteStore;

pub use disk::Disk;
pub use offline::{Offline, TODAY, WEEK, servicetitan};
pub use told::Told;

/// The key of whoever calls vendors through `tradewire serve`.
pub const CALLER_KEY: &str = "ck1.of-the-caller.0123456789";

/// A folder of its own for one test.
pub struct Bench(TempDir);

impl Bench {
    /// An empty folder; what has been compiled before is not compiled again.
    pub fn empty() -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        std::fs::create_dir_all(&compiled).unwrap();
        std::fs::create_dir(bench.path(".tradewire")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&compiled, std::fs::Permissions::from_mode(0o700)).unwrap();
            std::fs::set_permissions(bench.path(".tradewire"), std::fs::Permissions::from_mode(0o700)).unwrap();
            std::os::unix::fs::symlink(&compiled, bench.path(".tradewire/compiled")).unwrap();
            // What was compiled before is sealed with a key, which is the same for all benches.
            let key = bench.path(".tradewire/compiled.key");
            std::fs::write(&key, [7; 32]).unwrap();
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        bench
    }

    /// A folder with this configuration.
    pub fn with(config: &str) -> Bench {
        let bench = Bench::empty();
        bench.write("tradewire.toml", config);
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `tradewire` with these words, to its end.
    pub fn tradewire(&self, words: &str) -> Told {
        self.command(words).output().unwrap().into()
    }

    /// Starts `tradewire` with these words.
    pub fn start(&self, words: &str) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts `tradewire` with these words, for one who says much and is not listened to.
    pub fn start_unheard(&self, words: &str) -> Child {
        self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// `tradewire` with these words, to be run in the folder.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tradewire"));
        command.current_dir(self.0.path()).args(words.split_whitespace()).stdin(Stdio::null());
        for variable in ["TRADEWIRE_CONFIG", "TRADEWIRE_STATE", "TRADEWIRE_LOG"] {
            command.env_remove(variable);
        }
        command.env("APP_KEY", tradewire_sandbox::DEMO_APP_KEY);
        command.env("CLIENT_SECRET", tradewire_sandbox::DEMO_CLIENT_SECRET);
        command.env("VENDOR_KEY", tradewire_sandbox::DEMO_VENDOR_KEY);
        command.env("CALLER_KEY", CALLER_KEY);
        command
    }

    /// The names of all files that were delivered, and of what was left of others.
    pub fn delivered(&self) -> Vec<String> {
        names(&self.path("outbox"))
    }

    /// The names of the folders of runs that are not cleared away.
    pub fn unfinished(&self) -> Vec<String> {
        names(&self.path(".tradewire/runs"))
    }

    /// The runs as they are recorded, the latest first.
    pub fn runs(&self) -> Vec<RunRecord> {
        self.recorded(async |store| store.runs(&RunFilter::default()).await.unwrap())
    }

    /// The journal of the latest run.
    pub fn writes(&self) -> Vec<WriteRecord> {
        match self.runs().first() {
            Some(run) => self.recorded(async |store| store.writes(run.opening.id).await.unwrap()),
            None => Vec::new(),
        }
    }

    /// How often the latest run had to call again.
    pub fn retries(&self) -> u64 {
        let run = self.runs()[0].opening.id;
        let calls = self.recorded(async |store| store.host_calls(run).await.unwrap());
        calls.iter().map(|calls| calls.retries).sum()
    }

    /// What the store says.
    pub fn recorded<T>(&self, ask: impl AsyncFnOnce(SqliteStore) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = SqliteStore::open(&self.path(".tradewire/tradewire.db")).unwrap();
        runtime.block_on(ask(store))
    }

    /// Nothing was delivered, not even by half, and nothing is left.
    pub fn has_delivered_nothing(&self) {
        assert!(self.delivered().is_empty(), "{:?}", self.delivered());
        assert!(self.unfinished().is_empty(), "{:?}", self.unfinished());
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The file of a guest.
pub fn guest(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests").join(name);
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}; build it: plugins/build", path.display()))
}

/// A configuration for one tenant at this ServiceTitan, with what else is given.
pub fn config(address: &str, rest: &str) -> String {
    let head = r#"
[servicetitan]
environment = "ADDRESS"
app_key = { env = "APP_KEY" }

[tenant.acme]
id = 1234567890
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[delivery.outbox]
to = "outbox"
"#;
    head.replace("ADDRESS", address) + rest
}

/// A configuration whose export runs the hostile guest with these limits and settings; it calls nobody.
pub fn hostile(limits: &str, settings: &str) -> String {
    let rest = r#"
[plugin.hostile]
source = "SOURCE"
grant = ["payroll/activity-codes.get-list"]
limits = { LIMITS }

[export.odd]
run = "hostile"
tenants = ["acme"]
cron = "0 6 * * MON"
settings = { SETTINGS }
deliver = "outbox"
"#;
    let source = guest("hostile.wasm").display().to_string();
    let rest = rest.replace("SOURCE", &source).replace("LIMITS", limits).replace("SETTINGS", settings);
    config("http://127.0.0.1:9", &rest)
}

/// Sends a signal: `INT`, `TERM`, `KILL`.
#[cfg(unix)]
pub fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap().success());
}

/// Waits for something that will come.
pub fn until(what: &str, mut come: impl FnMut() -> bool) {
    const PATIENCE: u32 = 1200;
    for _ in 0..PATIENCE {
        if come() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came to this: {what}");
}
