//! `tradewire serve` as a process of its own, with the sample pack for a vendor.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tradewire_sandbox as sandbox;

use crate::support::process::Process;

/// What its callers show.
pub const KEY: &str = "ck1.bench";

const CONFIG: &str = r#"
[servicetitan]
environment = "sandbox"
app_key = { env = "APP_KEY" }

[tenant.acme]
id = 1234567890
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[middleware.harborline]
pack = "PACK"
tenants = ["acme"]
base_url = "VENDOR"
secrets = { ApiKey = { env = "VENDOR_KEY" } }

[caller.bench]
key = { env = "CALLER_KEY" }

[serve]
listen = "127.0.0.1:0"
at_once = 1000
"#;

/// The server. It ends with this.
pub struct Served {
    pub url: String,
    child: Child,
    _folder: TempDir,
}

impl Served {
    /// Serves suppliers, the stand-in vendor at this address among them.
    pub fn start(vendor: &str) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/harborline");
        std::fs::write(
            folder.path().join("tradewire.toml"),
            CONFIG.replace("PACK", pack).replace("VENDOR\"", &format!("{vendor}\"")),
        )
        .unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tradewire"))
            .arg("serve")
            .current_dir(folder.path())
            .env("APP_KEY", sandbox::DEMO_APP_KEY)
            .env("CLIENT_SECRET", sandbox::DEMO_CLIENT_SECRET)
            .env("VENDOR_KEY", sandbox::DEMO_VENDOR_KEY)
            .env("CALLER_KEY", KEY)
            .stdin(Stdio::null())
            // It tells of every call; where to is the operator's affair.
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once(" suppliers at ")?.1.to_owned()));
        let url = address.unwrap_or_else(|| panic!("it does not serve: {:?}", child.wait()));
        std::thread::spawn(move || lines.for_each(drop));
        Served { url, child, _folder: folder }
    }

    pub fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
