//! What a call should look like on the wire, by the catalog and the sample arguments.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tradewire_samples::{Arguments, arguments};
use tradewire_sandbox::{DEMO_APP_KEY, DEMO_TENANT, Entry};
use tradewire_surface::OperationRef;

/// What is wrong with a call. In a `later` page only the cursor differs.
pub fn faults(operation: OperationRef<'_>, path: &[String], call: &Entry, later: bool) -> Vec<String> {
    let sample = arguments(operation);
    let mut faults = Vec::new();
    let mut differ = |what: &str, expected: String, found: String| {
        if expected != found {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    differ("method", operation.operation.method.to_string(), call.method.clone());
    differ("path", expected_path(operation, &sample, path), decoded(&call.path));
    differ(
        "status",
        "200 or 302".into(),
        if matches!(call.status, 200 | 302) { "200 or 302".into() } else { call.status.to_string() },
    );
    differ("st-app-key", DEMO_APP_KEY.to_owned(), call.header("st-app-key").unwrap_or("nothing").to_owned());
    differ("authorization", "Bearer …".to_owned(), call.header("authorization").unwrap_or("nothing").to_owned());
    differ(
        "plus signs in the query",
        "none".into(),
        if call.query.contains('+') { call.query.clone() } else { "none".into() },
    );
    let cursors = |pairs: Vec<(String, String)>| -> Vec<(String, String)> {
        pairs.into_iter().filter(|(name, _)| !later || !matches!(name.as_str(), "page" | "from")).collect()
    };
    differ("query", format!("{:?}", cursors(expected_query(&sample))), format!("{:?}", cursors(query(&call.query))));
    match (&sample.body, &sample.file) {
        (Some(body), _) => {
            differ("content-type", "application/json".into(), call.header("content-type").unwrap_or("nothing").into());
            let found = serde_json::from_str(&call.body).unwrap_or(Value::String(call.body.clone()));
            differ("body", sorted(body).to_string(), sorted(&found).to_string());
        }
        (None, Some(file)) => {
            let kind = call.header("content-type").and_then(|kind| kind.split(';').next());
            differ("content-type", "multipart/form-data".into(), kind.unwrap_or("nothing").into());
            for part in [&*format!("name=\"{}\"", file.field), file.content_type, &String::from_utf8_lossy(file.bytes)]
            {
                differ(
                    "multipart body",
                    part.to_owned(),
                    if call.body.contains(part) { part.into() } else { call.body.clone() },
                );
            }
        }
        (None, None) => differ("body", String::new(), call.body.clone()),
    }
    faults
}

fn expected_path(operation: OperationRef<'_>, sample: &Arguments, values: &[String]) -> String {
    let mut path = operation.operation.path.replace("{tenant}", &DEMO_TENANT.to_string());
    for ((name, _), value) in sample.path.iter().zip(values) {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    path
}

/// Lists are repeated, maps are `name[key]=value`.
fn expected_query(sample: &Arguments) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in &sample.query {
        match value {
            Value::Array(items) => pairs.extend(items.iter().map(|item| (name.clone(), plain(item)))),
            Value::Object(entries) => {
                pairs.extend(entries.iter().map(|(key, value)| (format!("{name}[{key}]"), plain(value))));
            }
            value => pairs.push((name.clone(), plain(value))),
        }
    }
    pairs
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decoded(n), decoded(v))).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// With the fields of objects in order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        other => other.clone(),
    }
}
