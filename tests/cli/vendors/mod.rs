//! Vendors from end to end: `tradewire serve` as a process, its callers on sockets, the vendors too.
#![cfg(unix)]

mod callers;
mod ends;
mod faults;
pub mod http;
mod journal;
mod orders;
mod plugin;
mod refusals;
mod servicetitan;
pub mod serving;
mod slow;
pub mod stand_ins;
mod templates;

use std::path::{Path, PathBuf};

use crate::bench::{Bench, config};

use serving::Serving;

/// The way to the order of the pack `harborline`.
const ORDER: &str = "acme/harborline/purchaseorder";
/// The way to its question for stock, which may be asked as often as one likes.
pub const STOCK: &str = "acme/harborline/stock-level";

/// What ServiceTitan sends to an endpoint of the pack `harborline`.
pub fn sample(endpoint: &str) -> String {
    std::fs::read_to_string(harborline().join(format!("Templates/{endpoint}/Sandbox_Request.json"))).unwrap()
}

/// The sample pack.
pub fn harborline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/harborline").canonicalize().unwrap()
}

/// A section for a vendor at this address, with the sample pack and what else is given.
pub fn section(name: &str, address: &str, rest: &str) -> String {
    behind(harborline(), name, address, rest)
}

/// The same with another pack.
pub fn behind(pack: impl AsRef<Path>, name: &str, address: &str, rest: &str) -> String {
    let section = r#"
[middleware.NAME]
pack = PACK
tenants = ["acme"]
base_url = "ADDRESS"
secrets = { ApiKey = { env = "VENDOR_KEY" } }
"#;
    let pack = format!("{:?}", pack.as_ref());
    section.replace("NAME", name).replace("PACK", &pack).replace("ADDRESS", address) + rest + "\n"
}

/// A configuration with these vendors and one caller, who may call all of them.
pub fn serves(servicetitan: &str, vendors: &str) -> String {
    let rest = r#"
[caller.office]
key = { env = "CALLER_KEY" }

[serve]
listen = "127.0.0.1:0"
"#;
    config(servicetitan, &format!("{vendors}{rest}"))
}

/// Where ServiceTitan is for those who never ask it.
pub const NOWHERE: &str = "http://127.0.0.1:9";

/// Serves the sample pack for this address.
fn serve(address: &str) -> (Bench, Serving) {
    let bench = Bench::with(&serves(NOWHERE, &section("harborline", address, "")));
    let serving = Serving::start(&bench);
    (bench, serving)
}

/// Writes a pack for the vendor of the sample pack, of one endpoint, `account`, into the folder `name`.
pub fn write_pack(bench: &Bench, name: &str, request: &str, response: &str) {
    let vendor = std::fs::read_to_string(harborline().join("Configuration/vendor.json")).unwrap();
    for (file, text) in [
        ("Configuration/vendor.json", vendor.as_str()),
        ("Templates/account/endpoint.json", r#"{ "url": "account" }"#),
        ("Templates/account/Request.liquid", request),
        ("Templates/account/Response.liquid", response),
    ] {
        let path = bench.path(name).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
