//! Plugins that call vendors, by `tradewire run`.

use super::{NOWHERE, sample, section, serves};
use crate::bench::{Bench, Offline, guest};

/// A configuration whose export makes one call, by a plugin that is granted this.
fn calls(vendor: &Offline, middleware: &str, endpoint: &str) -> Bench {
    let rest = format!(
        r#"
[tenant.zenith]
id = 1234567890
client_id = "cid.sandbox"
client_secret = {{ env = "CLIENT_SECRET" }}
timezone = "America/Phoenix"

[plugin.buyer]
source = {source:?}
{middleware}

[export.buys]
run = "buyer"
tenants = ["acme", "zenith"]
window = "week"
settings = {{ vendor = "harborline", endpoint = "{endpoint}", body = '''{body}''' }}
"#,
        source = guest("vendor.wasm"),
        body = sample(endpoint),
    );
    let vendor = section("harborline", &vendor.sandbox().vendor_url(), "");
    Bench::with(&serves(NOWHERE, &(vendor + &rest)))
}

/// The operations that the vendor was asked for.
fn asked(vendor: &Offline) -> Vec<String> {
    vendor.sandbox().calls().into_iter().filter_map(|call| call.operation).collect()
}

#[test]
fn an_order_of_a_plugin_reaches_the_vendor() {
    let vendor = Offline::with("[]");
    let bench = calls(&vendor, "middleware = [\"harborline\"]", "purchaseorder");
    let told = bench.tradewire("run buys --tenant acme").succeeded();
    assert!(told.out.contains("buys for acme: succeeded: 200 "), "{told}");
    assert!(told.out.contains("\"orderReferenceNumber\":\"SO-"), "{told}");
    assert_eq!(asked(&vendor), ["_vendor/orders.create"]);
    // What the vendor refuses is the plugin's to read.
    let told = bench.tradewire("run buys --tenant acme --force").succeeded();
    assert!(told.out.contains("buys for acme: succeeded: 409 ") && told.out.contains("was ordered before"), "{told}");
}

#[test]
fn a_plugin_that_is_granted_no_vendor_is_refused_with_the_line_to_add() {
    let vendor = Offline::with("[]");
    let bench = calls(&vendor, "", "purchaseorder");
    for words in ["run buys --quiet", "check --quiet"] {
        bench.tradewire(words).refused(&[
            "error: plugin `buyer` (",
            "calls vendors and is granted none; help: add `middleware = [\"harborline\"]` to `[plugin.buyer]`, or one \
             endpoint: `[\"harborline/purchaseorder\"]`",
        ]);
    }
    assert!(asked(&vendor).is_empty());
}

#[test]
fn a_plugin_that_is_granted_one_endpoint_is_refused_another() {
    let vendor = Offline::with("[]");
    let granted = "middleware = [\"harborline/purchaseorder\"]";
    calls(&vendor, granted, "purchaseorder").tradewire("run buys --tenant acme").succeeded();
    calls(&vendor, granted, "stock-level").tradewire("run buys --tenant acme --quiet").refused(&[
        "buys for acme: failed: middleware/harborline.stock-level: `harborline/stock-level` is not granted; help: add \
         \"harborline/stock-level\" to `middleware` of the plugin's section of the configuration",
    ]);
    assert_eq!(asked(&vendor), ["_vendor/orders.create"]);
}

#[test]
fn a_plugin_does_not_call_for_a_tenant_that_the_vendor_does_not_serve() {
    let vendor = Offline::with("[]");
    let bench = calls(&vendor, "middleware = [\"harborline\"]", "purchaseorder");
    bench.tradewire("run buys --tenant zenith --quiet").refused(&[
        "buys for zenith: failed: middleware/harborline.purchaseorder: `harborline` takes no calls for tenant `zenith`; \
         help: add \"zenith\" to `tenants` of `[middleware.harborline]`",
    ]);
    assert!(asked(&vendor).is_empty());
}
