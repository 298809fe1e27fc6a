//! `preview`: what becomes of a call, now and at each save.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};

use super::{change, pack};
use crate::bench::until;

#[test]
fn a_call_and_an_answer_of_one_s_own_are_shown() {
    let bench = pack("pricing");
    bench.write("call.json", r#"{ "accountId": "7 \"quoted\"", "items": [{ "itemId": "A", "quantity": 2.50 }] }"#);
    bench.write("answer.json", r#"{ "statusCode": 201, "body": { "errorCode": 9, "vendorCosts": [] } }"#);
    let words = "template preview templates/acme pricing --input call.json --answer answer.json --base-url http://localhost:9/x";
    let told = bench.tradewire(words).succeeded();
    for text in [
        "POST http://localhost:9/x/pricing\n",
        "    \"accountId\": \"7 \\\"quoted\\\"\"".trim_start(),
        "      \"quantity\": 2.50",
        "# answer of the vendor\n201\n",
        "# response to ServiceTitan\n201\n",
        "# not as the contract says\n/errorCode: 9 is not of types",
        "(pricing.response#/properties/errorCode/type)",
    ] {
        assert!(told.out.contains(text), "`{text}`\n{told}");
    }
    let json = bench.tradewire(&format!("{words} --json")).succeeded().json();
    assert_eq!(json["request"]["headers"]["X-API-KEY"], "<secret ApiKey>");
    assert_eq!(json["response"]["statusCode"], 201);
    assert_eq!(json["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_template_asks_of_servicetitan_is_told_and_made_up() {
    let bench = pack("pricing");
    let file = "templates/acme/Templates/pricing/Request.liquid";
    let source = bench.read(file).replacen("\"body\": {", "\"body\": { \"vendor\": \"{{ vendor.name }}\",", 1);
    bench.write(file, format!("{{% servicetitan vendor = inventory.vendors.get-by-id id: 7 %}}\n{source}"));
    let told = bench.tradewire("template preview templates/acme pricing").succeeded();
    let asked = "# asked of ServiceTitan, and answered with made-up records\ninventory/vendors.get-by-id\n";
    assert!(told.out.starts_with(asked) && told.out.contains("\"vendor\": \"name\""), "{told}");
    let json = bench.tradewire("template preview templates/acme pricing --json").succeeded().json();
    assert_eq!(json["asks"][0], "inventory/vendors.get-by-id");
}

#[test]
fn a_failure_goes_through_the_template_for_failures() {
    let bench = pack("pricing");
    let told = bench.tradewire("template preview templates/acme pricing --status 503").succeeded();
    assert!(
        told.out.contains("# response to ServiceTitan\n503\n") && told.out.contains("\"errorKind\": \"Vendor\""),
        "{told}"
    );
    std::fs::remove_dir_all(bench.path("templates/acme/Templates/error")).unwrap();
    let told = bench.tradewire("template preview templates/acme pricing --status 503").succeeded();
    assert!(told.out.contains("\"message\": \"the vendor answered 503\""), "{told}");
}

#[test]
fn what_cannot_be_shown_is_told() {
    let bench = pack("pricing");
    bench.write("broken.json", "{\n \"a\" 1 }");
    let preview = |words: &str| bench.tradewire(&format!("template preview {words}"));
    preview("templates/acme prices")
        .refused(&["error: templates/acme/Templates: there is no endpoint `prices`; help: it is one of pricing"]);
    preview("templates/nowhere pricing").refused(&["error: templates/nowhere: there is no such folder"]);
    preview("templates/acme pricing --input none.json").refused(&["error: cannot read `none.json`: No such file"]);
    preview("templates/acme pricing --input broken.json").refused(&["error: broken.json:2:6: "]);
    preview("templates/acme pricing --input .").refused(&["error: `.` is no file of at most"]);
}

#[test]
fn what_is_no_call_is_told_with_its_place() {
    let bench = pack("pricing");
    change(&bench, "Templates/pricing/Request.liquid", "POST", "FETCH");
    let told = bench.tradewire("template preview templates/acme pricing");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.err.contains("error: templates/acme/Templates/pricing/Request.liquid:2:3: `method` is `FETCH`"),
        "{told}"
    );
    assert!(told.out.contains("# response to ServiceTitan"), "what can be shown is shown: {told}");
}

#[test]
fn each_save_is_shown_and_a_broken_one_is_survived() {
    let bench = pack("pricing");
    let mut child = bench.start("template preview templates/acme pricing --watch");
    let (out, err) = (gathered(child.stdout.take().unwrap()), gathered(child.stderr.take().unwrap()));
    let (shown, told) =
        (|text: &str| out.lock().unwrap().contains(text), |text: &str| err.lock().unwrap().contains(text));
    until("the first", || shown("# response to ServiceTitan") && told("watching"));
    let file = "Templates/pricing/Request.liquid";
    change(&bench, file, "\"accountId\"", "\"customerNumber\"");
    until("a save", || shown("\"customerNumber\": \"accountId\""));
    change(&bench, file, "{%- for header", "{%- forr header");
    until("a broken save", || told("there is no tag `forr`"));
    change(&bench, file, "\"customerNumber\"", "\"buyer\"");
    change(&bench, file, "{%- forr header", "{%- for header");
    until("a mended save", || shown("\"buyer\": \"accountId\""));
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What comes from a pipe, as it comes.
fn gathered(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let into = text.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            *into.lock().unwrap() += &format!("{line}\n");
        }
    });
    text
}
