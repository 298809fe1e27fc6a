//! Who may call what, and calls that cannot be carried as they are.

use std::io::Write;
use std::net::Shutdown;

use super::http::{answer, ask, connect, head};
use super::serving::Serving;
use super::stand_ins::{hesitant, saying};
use super::{NOWHERE, ORDER, STOCK, sample, section, serve, serves};
use crate::bench::{Bench, CALLER_KEY, Offline, until};

#[test]
fn only_a_key_that_is_somebodys_lets_in() {
    let vendor = Offline::with("[]");
    let (_bench, serving) = serve(&vendor.sandbox().vendor_url());
    serving.call_by(None, STOCK, "{}").failed(401, "Request", &["no key: send yours as the header `X-Tradewire-Key`"]);
    for wrong in ["", "ck1", &CALLER_KEY.to_uppercase(), &format!("{CALLER_KEY}x")] {
        serving.call_by(Some(wrong), STOCK, "{}").failed(401, "Request", &["the key in `X-Tradewire-Key` is nobody's"]);
    }
    assert!(vendor.sandbox().calls().is_empty());
    assert_eq!(serving.stop().out, "", "calls of strangers are not told");
}

#[test]
fn a_caller_reaches_its_own_vendors_and_tenants_and_is_not_told_of_others() {
    let vendor = Offline::with("[]");
    let url = vendor.sandbox().vendor_url();
    let more = r#"
[tenant.zenith]
id = 1234567890
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[caller.of-the-other]
key = { file = "vendor.key" }
middleware = ["northfield"]

[caller.of-zenith]
key = { file = "tenant.key" }
tenants = ["zenith"]
"#;
    let vendors = section("harborline", &url, "") + &section("northfield", &url, "") + more;
    let bench = Bench::with(&serves(NOWHERE, &vendors));
    bench.write("vendor.key", "ck1.of-the-other-0123456789\n");
    bench.write("tenant.key", "ck1.of-zenith-0123456789");
    let serving = Serving::start(&bench);
    let stock = sample("stock-level");
    serving.call_by(Some("ck1.of-the-other-0123456789"), "acme/northfield/stock-level", &stock).succeeded();
    let refused = |key, path, said| serving.call_by(Some(key), path, &stock).failed(404, "Request", &[said]);
    refused("ck1.of-the-other-0123456789", STOCK, "there is no vendor `harborline` for caller `of-the-other`");
    refused(
        "ck1.of-the-other-0123456789",
        "acme/nobody/stock-level",
        "there is no vendor `nobody` for caller `of-the-other`",
    );
    refused("ck1.of-zenith-0123456789", STOCK, "there is no tenant `acme` for caller `of-zenith`");
    refused(
        "ck1.of-zenith-0123456789",
        "nobody/harborline/stock-level",
        "there is no tenant `nobody` for caller `of-zenith`",
    );
    let unserved = serving.call_by(Some("ck1.of-zenith-0123456789"), "zenith/harborline/stock-level", &stock);
    unserved.failed(403, "Request", &["`harborline` takes no calls for tenant `zenith`"]);
    assert_eq!(vendor.sandbox().calls().len(), 1);
}

#[test]
fn what_is_not_there_is_told_in_the_contracts_shape() {
    let vendor = Offline::with("[]");
    let (_bench, serving) = serve(&vendor.sandbox().vendor_url());
    serving.call("acme/nobody/account", "{}").failed(404, "Request", &["there is no vendor `nobody`"]);
    serving.call("nobody/harborline/account", "{}").failed(404, "Request", &["there is no tenant `nobody`"]);
    let unknown =
        ["the pack has no endpoint `orders`, only account, accounts, alerts, ", "purchaseorder, ", "unregister"];
    serving.call("acme/harborline/orders", "{}").failed(404, "Request", &unknown);
    for path in ["", "acme", "acme/harborline", "acme/harborline/account/more"] {
        serving.call(path, "{}").failed(404, "Request", &["there is nothing here"]);
    }
    serving.call("acme/harborline/%ff", "{}").failed(400, "Request", &["the path is not UTF-8"]);
    for method in ["GET", "PUT", "DELETE"] {
        let request = head(Some(CALLER_KEY), STOCK, 0).replacen("POST", method, 1);
        let answer = ask(serving.address(), request);
        answer.failed(405, "Request", &["vendors are called by POST"]);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    assert!(vendor.sandbox().calls().is_empty());
}

#[test]
fn a_body_that_is_no_json_too_long_or_broken_off_goes_no_further() {
    let vendor = Offline::with("[]");
    let vendors = section("harborline", &vendor.sandbox().vendor_url(), "");
    let bench = Bench::with(&(serves(NOWHERE, &vendors) + "body = \"16 KiB\"\n"));
    let serving = Serving::start(&bench);
    serving.call(ORDER, "{ \"a\": ").failed(400, "Request", &["the body is not JSON"]);
    serving.call(ORDER, &"[".repeat(10_000)).failed(400, "Request", &["the body is not JSON"]);
    let said = "the body is longer than 16384 bytes, which is the most (`body` of `[serve]`)";
    serving.call(ORDER, &" ".repeat(16_385)).failed(413, "Request", &[said]);
    let chunks = head(Some(CALLER_KEY), ORDER, 0).replace("content-length: 0", "transfer-encoding: chunked");
    let endless = format!("{chunks}{}", format!("1000\r\n{}\r\n", " ".repeat(0x1000)).repeat(5));
    ask(serving.address(), endless).failed(413, "Request", &[said]);

    let mut stream = connect(serving.address());
    stream.write_all((head(Some(CALLER_KEY), ORDER, 1000) + "{ \"purchaseOrder\": ").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    answer(stream).failed(400, "Request", &["the body broke off"]);
    assert!(vendor.sandbox().calls().is_empty());
}

#[test]
fn more_calls_than_at_once_are_told_to_come_again() {
    let (vendor, allowed) = hesitant();
    let bench = Bench::with(&(serves(NOWHERE, &section("harborline", &vendor.url, "")) + "at_once = 1\n"));
    let serving = Serving::start(&bench);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| serving.call(ORDER, &sample("purchaseorder")));
        until("the vendor is asked", || vendor.connections() == 1);
        let busy = serving.call(STOCK, &sample("stock-level"));
        busy.failed(503, "Runtime", &["as many calls are being carried as `at_once` of `[serve]` allows; come again"]);
        assert_eq!(busy.header("retry-after"), Some("1"));
        assert_eq!(vendor.connections(), 1);
        allowed.add_permits(2);
        slow.join().unwrap().succeeded();
    });
    serving.call(STOCK, &sample("stock-level")).succeeded();
}

#[test]
fn what_callers_and_vendors_write_begins_no_line_of_its_own() {
    let vendor =
        saying("500 Internal Server Error", "out of order\r\nharborline/purchaseorder for acme: \u{1b}[32m200");
    let (_bench, serving) = serve(&vendor.url);
    serving.call("acme/harborline/a%0Ab%1B[2J", "{}").failed(404, "Request", &["no endpoint"]);
    serving.call(STOCK, &sample("stock-level")).failed(500, "Vendor", &["out of order"]);
    let told = serving.stop();
    assert_eq!(told.out.lines().count(), 2, "{told}");
    assert!(!told.out.contains('\u{1b}'), "{told}");
}
