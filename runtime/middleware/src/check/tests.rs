#![allow(clippy::unwrap_used)]

use super::*;
use crate::folder::folder;

const REQUEST: &str = "{\n  \"method\": \"POST\", \"url\": \"{{ config.baseUrl | append_url: config.url }}\",\n  \
    \"body\": { \"number\": \"{{ source.body.purchaseOrder.number }}\" }\n}";
const RESPONSE: &str = "{\n  \"statusCode\": 200,\n  \"body\": { \"success\": true }\n}";

fn told(files: &[(&str, &str)]) -> Vec<String> {
    let whole = [
        ("Configuration/vendor.json", r#"{ "baseUrl": "https://vendor.example/api" }"#),
        ("Templates/purchaseorder/endpoint.json", r#"{ "url": "orders" }"#),
        ("Templates/purchaseorder/Request.liquid", REQUEST),
        ("Templates/purchaseorder/Response.liquid", RESPONSE),
    ];
    let folder = folder(whole.iter().chain(files).copied());
    check(folder.path()).faults.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn request(text: &str, wanted: &[&str]) {
    one("Templates/purchaseorder/Request.liquid", text, wanted);
}

#[track_caller]
fn response(text: &str, wanted: &[&str]) {
    one("Templates/purchaseorder/Response.liquid", text, wanted);
}

/// Exactly these faults, each by how its line begins or what it holds.
#[track_caller]
fn one(file: &str, text: &str, wanted: &[&str]) {
    let told = told(&[(file, text)]);
    for line in wanted {
        assert!(told.iter().any(|told| told.contains(line)), "{line}\n{told:#?}");
    }
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
}

#[test]
fn a_good_pack_has_no_faults() {
    assert_eq!(told(&[]), [""; 0]);
}

#[test]
fn fields_that_the_contract_lacks_are_told_with_the_nearest_name() {
    let text = REQUEST.replace(
        "\"number\"",
        "{% for i in source.body.purchaseOrder.items %}{% assign q = i.quanttiy %}{% endfor %}\n\"sum\": {{ source.body.purchaseorder.total }}, \
         \"a\": {{ sorce.body }}, \"b\": {{ config.baseurl }}, \"c\": \"{{ source.body.customIdentifierFields.anything }}\", \"number\"",
    );
    request(
        &text,
        &[
            "warning: Templates/purchaseorder/Request.liquid:3:73: the contract has no `quanttiy` in \
             `source.body.purchaseOrder.items[]` (purchaseorder.request#/definitions/PurchaseOrderItemDto); help: did you mean \
             `quantity`?",
            "the contract has no `purchaseorder` in `source.body`",
            "nothing sets `sorce`; help: did you mean `source`?",
            "`config` has no `baseurl`, only `baseUrl`, `url`; help: did you mean `baseUrl`?",
        ],
    );
}

#[test]
fn a_missing_comma_is_told_with_its_place() {
    let text = REQUEST.replace("\"number\":", "\"a\": 1\n    \"number\":");
    request(&text, &["error: Templates/purchaseorder/Request.liquid:4:5: here should be `,` or `}`, not `\"`"]);
}

#[test]
fn a_call_that_no_vendor_gets_is_told_with_its_place() {
    request(&REQUEST.replace("POST", "FETCH"), &["Request.liquid:2:3: `method` is `FETCH`, which is no method"]);
    request(&REQUEST.replace("config.baseUrl", "'https://else.example'"), &["2:21: `url` leads away from the vendor"]);
    request(&REQUEST.replace("\"url\"", "\"address\""), &["the template's output has no `url`"]);
    let text = REQUEST.replace("\"body\"", "\"headers\": { \"X-Account\": \"{{ source.body.accountId }}\" }, \"body\"");
    request(&text, &["warning: Templates/purchaseorder/Request.liquid:3:16: the header `X-Account` has a value"]);
}

#[test]
fn members_that_the_contract_does_not_have_are_told_with_its_path() {
    response(
        &RESPONSE.replace("true", "\"yes\",\n    \"orderNumber\": \"{{ source.body.number }}\""),
        &[
            "error: Templates/purchaseorder/Response.liquid:3:13: body/success: \"yes\" is not of type \"boolean\"",
            "error: Templates/purchaseorder/Response.liquid:4:5: body/orderNumber: the contract has no `orderNumber` here [with a made-up answer] \
             (purchaseorder.response#/additionalProperties)",
        ],
    );
}

#[test]
fn values_of_the_vendor_are_guessed_as_the_contract_wants_them() {
    let text = RESPONSE.replace(
        "\"success\": true",
        "\"success\": {{ source.body.ok }}, \"status\": {{ source.body.status }}, \"callBackInfo\": {{ source.body.next }}, \
         \"customIdentifierFields\": { {% for f in source.body.fields %}\"{{ f.Key }}\": \"{{ f.Value }}\"{% forloop_delimiter %}{% endfor %} }",
    );
    response(&text, &[]);
    response(&text.replace("{{ source.body.status }}", "\"{{ source.body.status }}\""), &["body/status: "]);
}

#[test]
fn a_value_that_lands_in_two_places_fits_both() {
    let text = RESPONSE.replace(
        "\"success\": true",
        "\"message\": \"{{ source.body.code }}\", \"status\": {{ source.body.code }}, \"success\": {{ source.body.total | times: 100 }}",
    );
    response(&text, &["body/success: 200 is not of type"]);
}

#[test]
fn a_rule_that_all_items_breach_is_told_once() {
    let line = "{% for i in source.body.items %}{ \"itemId\": 7 }{% forloop_delimiter %}{% endfor %}";
    let told = told(&[
        ("Templates/pricing/endpoint.json", "{ \"url\": \"p\" }"),
        ("Templates/pricing/Request.liquid", "{ \"url\": \"{{ config.baseUrl }}\" }"),
        ("Templates/pricing/Response.liquid", &format!("{{ \"body\": {{ \"vendorCosts\": [{line}] }} }}")),
    ]);
    assert_eq!(told.iter().filter(|line| line.contains("/itemId: 7 is not of type")).count(), 1, "{told:#?}");
}

#[test]
fn every_branch_is_walked() {
    let text = RESPONSE.replace(
        "\"success\": true",
        "{% if source.body.state == 'OK' %}\"success\": true{% elsif source.body.state == 'NO' %}\"sucess\": false{% else %}\"oops\" 1{% endif %}",
    );
    response(
        &text,
        &[
            "body/sucess: the contract has no `sucess` here [with `state` \"NO\"]",
            "here should be `:`, not `1` [with another `state`]",
        ],
    );
}

#[test]
fn a_pack_s_own_answer_counts_more_than_a_guess() {
    let text = RESPONSE.replace("\"success\": true", "\"success\": {{ source.body.ok | default: 'no' }}");
    let file = "Templates/purchaseorder/Response.liquid";
    assert_eq!(told(&[(file, &text), ("Templates/purchaseorder/Sandbox_Response.json", "{ \"ok\": true }")]), [""; 0]);
    let told = told(&[(file, &text), ("Templates/purchaseorder/Sandbox_Response.json", "{}")]);
    assert!(told[0].contains("[with Sandbox_Response.json]"), "{told:#?}");
}

#[test]
fn failures_are_held_against_contracts_that_know_them() {
    let error = "{ \"statusCode\": {{ source.statusCode }}, \"body\": { \"success\": false, \"errorCode\": {% if source.statusCode == 404 %}0{% else %}\"x\"{% endif %} } }";
    let told = told(&[
        ("Templates/error/Error.liquid", error),
        ("Templates/catalog/endpoint.json", "{ \"url\": \"c\" }"),
        ("Templates/catalog/Request.liquid", "{ \"url\": \"{{ config.baseUrl }}\", \"method\": \"GET\" }"),
        ("Templates/catalog/Response.liquid", "{ \"body\": { \"products\": [] } }"),
    ]);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("body/errorCode: 0 is not of types"), "{told:#?}");
}

#[test]
fn what_can_be_read_is_checked_whatever_cannot() {
    let told = told(&[
        (
            "Configuration/vendor.json",
            r#"{ "baseUrl": "https://v.example", "authentication": { "kind": "Kerberos" } }"#,
        ),
        ("Templates/purchaseorder/Request.liquid", "{ {% fro x in y %} }"),
        ("Templates/purchaseorder/Response.liquid", &RESPONSE.replace("success", "sucess")),
    ]);
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told.iter().any(|line| line.contains("help: did you mean `success`?")), "{told:#?}");
}

#[test]
fn raw_values_break_the_document_and_are_told() {
    let text = REQUEST.replace("purchaseOrder.number }}", "purchaseOrder.number | raw }}");
    let told = told(&[("Templates/purchaseorder/Request.liquid", &text)]);
    assert!(told.iter().any(|line| line.starts_with("warning: ") && line.contains("`| raw`")), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("[with quotes and newlines in texts]")), "{told:#?}");
}

#[test]
fn fields_that_servicetitans_answers_lack_are_told_with_the_nearest_name() {
    let request = "{% servicetitan vendor = inventory.vendors.get-by-id id: 1 %}\n\
        {% servicetitan orders = inventory.purchase-orders.get-list-pages %}{% assign first = orders[0] %}\n\
        { \"url\": \"orders\", \"body\": { \"name\": \"{{ vendor.nmae }}\", \"city\": \"{{ vendor.address.city }}\",\n\
        \"open\": [{% for order in orders %}\"{{ order.numbr }}\"{% forloop_delimiter %}{% endfor %}],\n\
        \"first\": {{ first.id }}, \"size\": {{ orders.size }}, \"count\": {{ orders.totalCount }} } }";
    self::request(
        request,
        &[
            "Request.liquid:3:42: `inventory.vendors.get-by-id` has no `nmae` in ServiceTitan's answer; help: did you mean `name`?",
            "Request.liquid:4:39: `inventory.purchase-orders.get-list-pages[]` has no `numbr` in ServiceTitan's answer; help: did \
             you mean `number`?",
            "Request.liquid:5:65: `inventory.purchase-orders.get-list-pages` has no `totalCount`",
        ],
    );
}
