//! What `tradewire serve` does not start with, and what `tradewire check` says of vendors.

use std::net::TcpListener;

use super::{NOWHERE, behind, harborline, section, serves, write_pack};
use crate::bench::{Bench, Offline};

/// A configuration that serves the sample pack, for nobody who is up.
fn good() -> String {
    serves(NOWHERE, &section("harborline", NOWHERE, ""))
}

#[test]
fn two_callers_with_one_key() {
    let second = "\n[caller.shop]\nkey = { env = \"CALLER_KEY\" }\n";
    let bench = Bench::with(&(good() + second));
    let told = bench.tradewire("serve --quiet");
    told.refused(&["error: callers `office` and `shop` have the same key: give each its own"]);
}

#[test]
fn keys_that_are_not_there() {
    let bench = Bench::with(&good().replace("\"CALLER_KEY\"", "\"NOT_SET\"").replace("\"VENDOR_KEY\"", "\"NOR_THIS\""));
    for words in ["serve --quiet", "check"] {
        bench.tradewire(words).refused(&[
            "error: caller `office`, `key`: environment variable `NOT_SET` is not set",
            "error: middleware `harborline` (tradewire.toml:",
            "secret `ApiKey`: environment variable `NOR_THIS` is not set",
        ]);
    }
    let bench = Bench::with(&good().replace("secrets = { ApiKey = { env = \"VENDOR_KEY\" } }", ""));
    bench.tradewire("check").refused(&[
        "Configuration/vendor.json: the vendor's authentication needs the secret `ApiKey`",
        "help: give it under `secrets`: `ApiKey = { env = \"…\" }`",
    ]);
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let bench = Bench::with(&good().replace("127.0.0.1:0", &address));
    let told = bench.tradewire("serve --quiet");
    told.refused(&[&format!("error: cannot listen on {address}; choose another address as `listen` of `[serve]`")]);
}

#[test]
fn a_pack_that_is_not_there() {
    let missing = harborline().display().to_string();
    let bench = Bench::with(&good().replace(&missing, "nowhere"));
    bench.tradewire("serve --quiet").refused(&["error: middleware `harborline` (tradewire.toml:", "nowhere: "]);
}

#[test]
fn check_tells_the_endpoints_of_every_vendor_and_what_its_templates_ask() {
    let vendor = Offline::with("[]");
    let url = vendor.sandbox().vendor_url();
    let asking = behind("asking", "asking", NOWHERE, "grant = [\"inventory/vendors:view\"]");
    let bench = Bench::with(&serves(NOWHERE, &(section("harborline", &url, "") + &asking)));
    write_pack(&bench, "asking", ASKS, "{}");
    let told = bench.tradewire("check").succeeded();
    for line in [
        format!("middleware harborline: 22 endpoints at {url}\n"),
        "middleware asking: 1 endpoints at http://127.0.0.1:9/, asks inventory/vendors.get-by-id\n".to_owned(),
        "tradewire.toml is good\n".to_owned(),
    ] {
        assert!(told.out.contains(&line), "`{line}` is not in this:\n{told}");
    }
    let json = bench.tradewire("check --json").succeeded().json();
    let first = &json["middleware"][0];
    assert_eq!((first["middleware"].as_str(), first["base_url"].as_str()), (Some("harborline"), Some(&*url)));
    assert!(first["endpoints"].as_array().unwrap().contains(&"purchaseorder".into()), "{first}");
    assert_eq!(json["middleware"][1]["operations"][0], "inventory/vendors.get-by-id");
    assert!(vendor.sandbox().calls().is_empty(), "nobody is asked");
}

/// A request that asks ServiceTitan first.
const ASKS: &str = "{\n{% servicetitan vendor = inventory.vendors.get-by-id id: 1 %}\n\"url\": \"account\" }";

#[test]
fn a_template_that_asks_what_its_pack_is_not_granted() {
    let section = behind("asking", "asking", NOWHERE, "grant = [\"payroll/payrolls:view\"]");
    let bench = Bench::with(&serves(NOWHERE, &section));
    write_pack(&bench, "asking", ASKS, "{}");
    for words in ["serve --quiet", "check --quiet"] {
        bench.tradewire(words).refused(&[
            "error: middleware `asking` (tradewire.toml:20): ",
            "asking/Templates/account/Request.liquid:2:26: `inventory/vendors.get-by-id` is not granted to the pack",
            "help: write `grant = [\"payroll/payrolls:view\", \"inventory/vendors.get-by-id\"]`",
        ]);
    }
}
