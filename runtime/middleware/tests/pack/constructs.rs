use std::fs;

use tradewire_liquid::Value;
use tradewire_middleware::contract::{Contract, Fill};

use super::carried::with;
use super::{folder, json, pack, rendered, source, vendor_answers};

/// What official packs use.
const CONSTRUCTS: [&str; 28] = [
    "{{ header | as_header }},",
    "{{ header.Key }}\": \"{{ header.Value }}",
    "{{ header[0] }}\": \"{{ header[1] }}",
    "{%- forloop_delimiter %}",
    "{%- if true -%}{%- forloop_delimiter -%}{%- endif -%}",
    "config.baseUrl | append_url: config.url",
    "append_url: customer | append_url: 'history'",
    "\"Content-Type\": \"application/json\",\n  },",
    "source.body.customIdentifierFields.postalCode",
    "\"qty\": {{ item.quantity }}",
    "\"page\": {{ source.body.callbackData.page | default: 1 }}",
    "\"parameters\"",
    "{%- capture ",
    "{%- assign ",
    "{%- comment %}",
    "{% case ",
    "{% else %}",
    "{% unless ",
    "{%- when ",
    "| date: '%Y-%m-%d'",
    "| times: ",
    "| plus: ",
    "| minus: ",
    "| round: 2",
    "| json }}",
    "forloop.index",
    "forloop.last",
    "\"shouldCallback\": true",
];

#[test]
fn the_pack_uses_what_official_packs_use() {
    let mut all = String::new();
    for entry in fs::read_dir(folder().join("Templates")).unwrap() {
        for file in fs::read_dir(entry.unwrap().path()).unwrap() {
            all.push_str(&fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    let unused: Vec<_> = CONSTRUCTS.iter().filter(|construct| !all.contains(**construct)).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

fn headers() -> Value {
    json(r#"{ "x-trace": "a \"b\"", "content-type": "text/plain", "Accept": "*/*" }"#)
}

/// Every place in a document, deepest last.
fn places(document: &Value, at: &str, found: &mut Vec<String>) {
    let mut enter = |name: &str, inner: &Value| {
        // The field whose name has dots and brackets is nobody's; catalog data nobody's template reads.
        if !name.contains('.') && name != "catalogData" {
            let place = format!("{at}/{name}");
            found.push(place.clone());
            places(inner, &place, found);
        }
    };
    match document {
        Value::Object(members) => members.iter().for_each(|(name, inner)| enter(name, inner)),
        Value::List(items) => items.iter().enumerate().for_each(|(at, inner)| enter(&at.to_string(), inner)),
        _ => {}
    }
}

/// The document whole, empty, and with one thing at a time missing, null, or empty.
fn holes(document: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let mut all = vec![document.clone(), Value::Nil, json("{}"), json("[]"), json("\"closed\""), json("7")];
    for place in &found {
        let others = [None, Some(Value::Nil), Some(json("[]")), Some(json("{}")), Some(json("\"\""))];
        all.extend(others.map(|other| with(document, place, other)));
    }
    all
}

#[test]
fn a_request_is_a_request_whatever_is_missing() {
    let mut count = 0;
    for (name, endpoint) in &pack().endpoints {
        let contract = Contract::of(name).unwrap().request;
        for sample in [contract.sample(Fill::Everything), contract.sample(Fill::Required)] {
            for body in holes(&sample) {
                let found = rendered(&endpoint.request, &source(headers(), body, &endpoint.url));
                let Value::Object(members) = &found else { panic!("{name}: {found}") };
                let member = |name: &str| members.get(name).cloned().unwrap_or_default();
                let methods = ["GET", "POST", "DELETE"];
                assert!(member("method").as_text().is_some_and(|method| methods.contains(&method)), "{name}: {found}");
                let url = member("url");
                assert!(url.as_text().is_some_and(|url| url.starts_with("http://127.0.0.1:1/v1/")), "{name}: {found}");
                let Value::Object(headers) = member("headers") else { panic!("{name}: {found}") };
                assert_eq!(headers.len(), 3, "{name}: {headers:?}");
                assert!(["body", "parameters"].map(member).iter().all(|member| !matches!(member, Value::Text(_))));
                count += 1;
            }
        }
    }
    println!("constructs: {count} requests");
}

#[tokio::test]
async fn a_response_is_a_response_whatever_is_missing() {
    let answers = vendor_answers().await;
    let pack = pack();
    let mut count = 0;
    for (name, endpoint) in &pack.endpoints {
        for body in holes(&answers[name]) {
            for template in [&endpoint.response, pack.error.as_ref().unwrap()] {
                let found = rendered(template, &source(headers(), body.clone(), &endpoint.url));
                assert_eq!(found.get("statusCode"), Some(&Value::from(200)), "{name}");
                assert!(matches!(found.get("body"), Some(Value::Object(_))), "{name}: {found}");
                count += 1;
            }
        }
    }
    let error = json(
        r#"{ "error": { "code": "c", "message": "m", "details": [{ "line": 1, "field": "f", "reason": "r" }] }, "request_id": "i" }"#,
    );
    for body in holes(&error) {
        rendered(pack.error.as_ref().unwrap(), &source(headers(), body, ""));
        count += 1;
    }
    println!("constructs: {count} responses");
}
