//! `tradewire serve` with the sample pack for a vendor.

use tempfile::TempDir;
use tradewire_sandbox as sandbox;

use crate::support::process::Process;
use crate::support::served::Served;

/// What its callers show.
pub const KEY: &str = "ck1.of-the-bench.0123456789";

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

/// The server, with its folder.
pub struct Serving {
    pub url: String,
    server: Served,
    _folder: TempDir,
}

impl Serving {
    /// Serves vendors, the stand-in vendor at this address among them.
    pub fn start(vendor: &str) -> Serving {
        let folder = tempfile::tempdir().unwrap();
        let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/harborline");
        std::fs::write(
            folder.path().join("tradewire.toml"),
            CONFIG.replace("PACK", pack).replace("VENDOR\"", &format!("{vendor}\"")),
        )
        .unwrap();
        let variables = [("VENDOR_KEY", sandbox::DEMO_VENDOR_KEY), ("CALLER_KEY", KEY)];
        let address = |line: String| Some(line.split_once(" vendors at ")?.1.to_owned());
        let (server, url) = Served::start(folder.path(), &variables, address);
        Serving { url, server, _folder: folder }
    }

    pub fn process(&self) -> Process {
        self.server.process()
    }
}
