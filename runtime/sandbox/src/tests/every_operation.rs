use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use tradewire_samples::arguments;
use tradewire_surface::{Answer, Catalog, OperationRef, Type};

use super::{Caller, unlimited};
use crate::DEMO_TENANT;

#[tokio::test]
async fn every_operation_answers_what_its_type_says() {
    let caller = Caller::start(unlimited()).await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for operation in Catalog::get().operations() {
        if let Err(why) = called(&caller, operation).await {
            wrong.push(format!("{}: {why}", operation.id()));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count} operations:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(count, 559);
}

async fn called(caller: &Caller, operation: OperationRef<'static>) -> Result<(), String> {
    let sample = arguments(operation);
    let values = caller.sandbox.example(&operation.id(), DEMO_TENANT).ok_or("no example")?;
    let mut path = operation.operation.path.clone();
    for ((name, _), value) in sample.path.iter().zip(&values) {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    let method = Method::from_bytes(operation.operation.method.as_str().as_bytes()).map_err(|e| e.to_string())?;
    let mut call = caller.call(method, &path);
    let mut query: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in sample.query {
        // What narrows a list to nothing shows nothing of its records.
        if matches!(name.as_str(), "pageSize" | "page" | "path" | "sort" | "from" | "to")
            || operation.operation.params.iter().any(|p| p.wire == name && p.required)
        {
            query.insert(name, plain(&value));
        }
    }
    call = call.query(&query);
    if let Some(body) = &sample.body {
        call = call.json(body);
    }
    if let Some(file) = sample.file {
        let part = reqwest::multipart::Part::bytes(file.bytes).file_name(file.name);
        call = call.multipart(reqwest::multipart::Form::new().part(file.field, part));
    }
    let answer = call.send().await.map_err(|e| e.to_string())?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(|e| e.to_string())?;
    match (&operation.operation.answer, status) {
        (Answer::Json(ty), 200) => conforms(operation, ty, &text),
        (Answer::Empty, 200) if text.is_empty() => Ok(()),
        (Answer::File, 200 | 302) => Ok(()),
        _ => Err(format!("{status} {}", text.chars().take(300).collect::<String>())),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.first().map(plain).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn conforms(operation: OperationRef<'_>, ty: &Type, text: &str) -> Result<(), String> {
    crate::validate::body(operation.surface, ty, text.as_bytes()).map_err(|faulty| {
        let told: Vec<String> = faulty.iter().take(3).map(|(at, why)| format!("{at}: {}", why.join(" "))).collect();
        format!("{} in {}", told.join("; "), text.chars().take(200).collect::<String>())
    })
}
