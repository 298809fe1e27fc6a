#![allow(clippy::unwrap_used)]
use super::*;
use crate::folder::folder;
use url::Url;

fn pack(files: &[(&str, &str)]) -> tempfile::TempDir {
    let whole = [
        ("Configuration/vendor.json", r#"{ "baseUrl": "https://vendor.example/api" }"#),
        ("Templates/purchaseorder/endpoint.json", r#"{ "url": "orders" }"#),
        ("Templates/purchaseorder/Request.liquid", r#"{ "method": "POST" }"#),
        ("Templates/purchaseorder/Response.liquid", r#"{ "statusCode": 200 }"#),
    ];
    folder(whole.iter().chain(files).copied())
}

fn told(files: &[(&str, &str)]) -> String {
    Pack::load(pack(files).path()).unwrap_err().to_string()
}

#[test]
fn the_official_layout_is_read() {
    let folder = pack(&[
        (
            "Configuration/vendor.json",
            r#"{ "baseUrl": "https://vendor.example/api", "authentication": { "kind": "ApiKey", "valueMappings": [
                { "authenticationKey": "ApiKey", "outputType": "Header", "outputKey": "X-API-KEY" } ] } }"#,
        ),
        ("Templates/error/Error.liquid", r#"{ "statusCode": {{ source.statusCode }} }"#),
        ("Templates/purchaseorder/Sandbox_Request.json", r#"{ "accountId": "7", "vendorId": "9" }"#),
    ]);
    let Loaded { pack, warnings } = Pack::load(folder.path()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(pack.vendor.authentication.secrets(), ["ApiKey"]);
    assert!(pack.error.is_some());
    let order = &pack.endpoints["purchaseorder"];
    assert_eq!(order.url, "orders");
    assert!(order.contract.is_some() && order.sandbox_request.is_some());
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let told = told(&[
        ("Configuration/vendor.json", "{\n  \"baseUrl\": \"ftp://vendor.example\"\n}"),
        ("Templates/purchaseorder/endpoint.json", "{ \"url\": }"),
        ("Templates/purchaseorder/Request.liquid", "{\n {% if x %}"),
        ("Templates/accounts/endpoint.json", "{ \"url\": \"accounts\" }"),
    ]);
    for line in [
        "error: Configuration/vendor.json: `baseUrl` is no plain http or https address",
        "error: Templates/purchaseorder/endpoint.json:1:10: expected value",
        "error: Templates/purchaseorder/Request.liquid:2:2: ",
        "error: Templates/accounts/Request.liquid: the file is missing",
        "error: Templates/accounts/Response.liquid: the file is missing",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn an_unknown_authentication_is_refused_with_the_known_ones() {
    let vendor = r#"{ "baseUrl": "https://v.example", "authentication": { "kind": "Kerberos" } }"#;
    let told = told(&[("Configuration/vendor.json", vendor)]);
    assert!(told.contains("`Kerberos`; help: it is one of ApiKey, Basic, OAuth2, PassThrough and None"), "{told}");
}

#[test]
fn spellings_that_can_only_mean_one_kind_are_taken() {
    for (kind, wanted) in [
        ("Basic", Authentication::Basic { username: "Username".into(), password: "Password".into() }),
        ("pass-through", Authentication::PassThrough),
        (
            "OAuth 2.0",
            Authentication::OAuth2 { token_url: Url::parse("https://v.example/token").unwrap(), scope: None },
        ),
    ] {
        let vendor = format!(
            r#"{{ "baseUrl": "https://v.example", "authentication": {{ "kind": "{kind}", "tokenUrl": "https://v.example/token" }} }}"#
        );
        let loaded = Pack::load(pack(&[("Configuration/vendor.json", &vendor)]).path()).unwrap();
        assert_eq!(loaded.pack.vendor.authentication, wanted, "{kind}");
    }
}

#[test]
fn an_endpoint_without_a_contract_raw_output_and_a_wrong_sample_are_warnings() {
    let folder = pack(&[
        ("Templates/purchase-order/endpoint.json", r#"{ "url": "x" }"#),
        ("Templates/purchase-order/Request.liquid", "{ \"a\": {{ source.body | raw }} }"),
        ("Templates/purchase-order/Response.liquid", "{}"),
        ("Templates/purchaseorder/Sandbox_Request.json", r#"{ "shoes": 1 }"#),
    ]);
    let warnings = Pack::load(folder.path()).unwrap().warnings;
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("no contract for `purchase-order`") && told[0].ends_with("is `purchaseorder` meant?"));
    assert!(told[1].starts_with("warning: Templates/purchase-order/Request.liquid:1:"), "{told:?}");
    assert!(told[2].contains("shoes"), "{told:?}");
}

#[test]
fn an_endpoint_acts_unless_the_pack_the_method_or_the_contract_says_that_it_asks() {
    let folder = pack(&[
        ("Templates/stock-level/endpoint.json", r#"{ "url": "stock" }"#),
        ("Templates/stock-level/Request.liquid", "{}"),
        ("Templates/stock-level/Response.liquid", "{}"),
        ("Templates/own/endpoint.json", r#"{ "url": "own" }"#),
        ("Templates/own/Request.liquid", "{}"),
        ("Templates/own/Response.liquid", "{}"),
        ("Templates/search/endpoint.json", r#"{ "url": "search", "effect": "read" }"#),
        ("Templates/search/Request.liquid", "{}"),
        ("Templates/search/Response.liquid", "{}"),
        ("Templates/pricing/endpoint.json", r#"{ "url": "reserve", "effect": "write" }"#),
        ("Templates/pricing/Request.liquid", "{}"),
        ("Templates/pricing/Response.liquid", "{}"),
    ]);
    let pack = Pack::load(folder.path()).unwrap().pack;
    for (endpoint, method, acts) in [
        ("purchaseorder", "POST", true),
        ("purchaseorder", "GET", false),
        ("stock-level", "POST", false),
        ("stock-level", "DELETE", true),
        ("own", "GET", false),
        ("own", "POST", true),
        ("search", "POST", false),
        ("pricing", "POST", true),
        ("pricing", "GET", true),
    ] {
        assert_eq!(pack.endpoints[endpoint].acts(method), acts, "{method} {endpoint}");
    }
    let told = told(&[("Templates/purchaseorder/endpoint.json", r#"{ "url": "orders", "effect": "asks" }"#)]);
    assert!(told.contains("Templates/purchaseorder/endpoint.json:1:"), "{told}");
    assert!(told.contains("unknown variant `asks`, expected `read` or `write`"), "{told}");
}

#[test]
fn a_pack_is_bounded_in_all_that_it_holds() {
    let big = |n: usize| (format!("Templates/e{n}/Response.liquid"), "x".repeat(3 << 20));
    let files: Vec<(String, String)> = (0..3).map(big).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert!(told(&files).contains("with this file the pack has more than 8 MiB"));

    let markup = "{%if a%}{%endif%}".repeat(MOST_MARKUP / 2);
    assert!(!told(&[("Templates/e/Request.liquid", &markup)]).contains("tags and outputs"));
    let more = [("Templates/e/Request.liquid", &*markup), ("Templates/e/Response.liquid", "{{ a }}")];
    assert!(told(&more).contains("Response.liquid: with this file the pack has more than 100000 tags and outputs"));

    let many: Vec<String> = (0..MOST_ENDPOINTS).map(|n| format!("Templates/e{n}/endpoint.json")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (&**name, "{}")).collect();
    assert!(told(&many).contains("there are 201 endpoints, and a pack has at most 200"));

    let raw = "{{ a | raw }}".repeat(MOST_RAW + 5);
    let Loaded { warnings, .. } =
        Pack::load(pack(&[("Templates/purchaseorder/Response.liquid", &raw)]).path()).unwrap();
    assert_eq!(warnings.len(), MOST_RAW + 1);
    assert!(warnings[MOST_RAW].to_string().contains("`| raw` is used 5 times more"));
}
