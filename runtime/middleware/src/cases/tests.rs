#![allow(clippy::unwrap_used)]
use super::*;
use crate::folder::folder;
use std::fs;

const CASE: &str = r#"{ "request": { "headers": { "X-Trace": "t1" }, "body": { "purchaseOrder": { "number": "7", "total": 2.50 } } },
    "vendor": { "statusCode": 201, "body": { "reference": "R-1" } }, "expect": EXPECT }"#;
const REQUEST: &str = r#"{ "method": "POST", "headers": { "x-trace": "t1", "x-api-key": "<secret ApiKey>" },
    "url": "https://vendor.example/orders", "body": { "total": 2.50, "number": "7" } }"#;
const RESPONSE: &str =
    r#"{ "statusCode": 201, "headers": {}, "body": { "success": true, "orderReferenceNumber": "R-1" } }"#;

fn pack(case: &str) -> tempfile::TempDir {
    folder([
        (
            "Configuration/vendor.json",
            r#"{ "baseUrl": "https://vendor.example", "authentication": { "kind": "ApiKey", "valueMappings": [
                { "authenticationKey": "ApiKey", "outputType": "Header", "outputKey": "x-api-key" } ] } }"#,
        ),
        ("Templates/purchaseorder/endpoint.json", r#"{ "url": "orders" }"#),
        (
            "Templates/purchaseorder/Request.liquid",
            r#"{ "url": "{{ config.baseUrl | append_url: config.url }}",
                "headers": { {% for h in source.headers %}{{ h | as_header }},{% endfor %} },
                "body": { "number": "{{ source.body.purchaseOrder.number }}", "total": {{ source.body.purchaseOrder.total }} } }"#,
        ),
        (
            "Templates/purchaseorder/Response.liquid",
            r#"{ "statusCode": {{ source.statusCode }}, "body": { "success": true, "orderReferenceNumber": "{{ source.body.reference }}" } }"#,
        ),
        ("Tests/purchaseorder/one.json", case),
        ("Tests/purchaseorder/notes.txt", "not a case"),
    ])
}

fn case(expect: &str) -> String {
    CASE.replace("EXPECT", expect)
}

fn run(case: &str) -> Result<Outcome, Vec<String>> {
    let folder = pack(case);
    let [file] = &files(folder.path()).unwrap()[..] else { panic!() };
    let told = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let case = Case::read(folder.path(), file).map_err(|fault| told(vec![fault]))?;
    case.run(&Survey::of(folder.path())).map_err(told)
}

#[test]
fn a_case_passes_when_it_comes_out_as_expected_in_any_order() {
    let both = format!(r#"{{ "request": {REQUEST}, "response": {RESPONSE} }}"#);
    assert_eq!(run(&case(&both)).unwrap().differences, []);
    assert_eq!(run(&case(&format!(r#"{{ "response": {RESPONSE} }}"#))).unwrap().differences, [], "half is enough");
}

#[test]
fn what_differs_is_told_line_by_line() {
    let both = format!(r#"{{ "request": {}, "response": {RESPONSE} }}"#, REQUEST.replace("\"7\"", "\"8\""));
    let differences = run(&case(&both)).unwrap().differences;
    let [difference] = &differences[..] else { panic!("{differences:?}") };
    assert_eq!(difference.what, "request");
    assert!(difference.expected.contains("    \"number\": \"8\""), "{}", difference.expected);
    assert!(difference.found.contains("    \"number\": \"7\""), "{}", difference.found);
}

#[test]
fn what_comes_out_is_written_and_passes_then() {
    let folder = pack(&case("{}"));
    let file = Path::new("Tests/purchaseorder/one.json");
    let survey = Survey::of(folder.path());
    let read = Case::read(folder.path(), file).unwrap();
    assert!(read.run(&survey).unwrap_err()[0].to_string().contains("the case expects nothing"));
    fs::write(folder.path().join(file), read.updated(&survey).unwrap()).unwrap();
    let read = Case::read(folder.path(), file).unwrap();
    assert_eq!(read.run(&survey).unwrap().differences, []);
    assert_eq!(read.request, Some(Value::from_json(REQUEST).unwrap()));
    assert!(fs::read_to_string(folder.path().join(file)).unwrap().contains("\"total\": 2.50"), "as it was written");
}

#[test]
fn what_is_no_case_is_told() {
    for (text, wanted) in [
        ("{ \"request\": {} ", "Tests/purchaseorder/one.json:1:17: "),
        ("[]", "a case is no object"),
        ("{ \"requests\": {} }", "a case has no member `requests`; help: it is one of request, vendor, expect"),
        ("{ \"vendor\": {} }", "the case has no `request`"),
        (
            r#"{ "request": { "body": {} }, "expect": { "response": {} } }"#,
            "no answer of the vendor's; help: add `vendor`",
        ),
    ] {
        let told = run(text).unwrap_err();
        assert!(told[0].contains(wanted), "{told:?}");
    }
}
