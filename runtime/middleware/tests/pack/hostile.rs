use std::sync::Arc;
use std::time::Instant;

use tradewire_liquid::{Limits, Mode, Problem, Template, Value};
use tradewire_middleware::contract::{Contract, Fill};

use super::nasty::{Choices, leaves, replaced, same_shape};
use super::{json, pack, source, vendor_answers};

/// A template, and a document of the kind that it is given.
struct Case {
    name: String,
    template: Arc<Template>,
    document: Value,
    url: String,
}

async fn cases() -> Vec<Case> {
    let answers = vendor_answers().await;
    let pack = pack();
    let mut cases = Vec::new();
    for (name, endpoint) in &pack.endpoints {
        let request = unread(&Contract::of(name).unwrap().request.sample(Fill::Everything));
        for (side, template, document) in
            [("Request", &endpoint.request, request), ("Response", &endpoint.response, answers[name].clone())]
        {
            let (template, url) = (template.clone(), endpoint.url.clone());
            cases.push(Case { name: format!("{name}/{side}"), template, document, url });
        }
    }
    let error = r#"{ "error": { "code": "c", "message": "m", "details": [{ "line": 1, "field": "f", "reason": "r" }] }, "request_id": "i" }"#;
    let template = pack.error.unwrap();
    cases.push(Case { name: "error".to_owned(), template, document: json(error), url: String::new() });
    cases
}

/// A request without what no template reads: it would only be counted.
fn unread(document: &Value) -> Value {
    match document {
        Value::Object(members) => {
            let read = members.iter().filter(|(name, _)| !name.contains('.') && *name != "catalogData");
            Value::object(read.map(|(name, value)| (name, unread(value))))
        }
        Value::List(items) => Value::List(items.iter().map(unread).collect()),
        other => other.clone(),
    }
}

/// The document with hostile values: most of the kind that belongs there, some of another, some missing.
fn spoilt(document: &Value, choices: &mut Choices) -> Value {
    match choices.below(24) {
        0 => return choices.any(3),
        1 => return Value::Nil,
        _ => {}
    }
    match document {
        Value::Text(_) => Value::from(choices.text()),
        Value::Number(_) => choices.number(),
        Value::Bool(_) => Value::Bool(choices.below(2) == 0),
        Value::Nil => choices.any(1),
        Value::List(items) => {
            let count = if items.is_empty() { 0 } else { choices.below(4) };
            Value::List((0..count).map(|at| spoilt(&items[at % items.len()], choices)).collect())
        }
        Value::Object(members) if members.get("field").is_some() && members.len() == 1 => free(choices),
        Value::Object(members) => {
            let mut kept = Vec::new();
            for (name, value) in members.iter() {
                if choices.below(16) > 0 {
                    kept.push((name, spoilt(value, choices)));
                }
            }
            Value::object(kept)
        }
    }
}

/// An object whose names are data, too, beside those that the templates look for.
fn free(choices: &mut Choices) -> Value {
    let Value::Object(mut members) = choices.object(1) else { unreachable!("it makes objects") };
    for name in ["postalCode", "page", "cursor"] {
        if choices.below(2) == 0 {
            members.insert(name, choices.any(1));
        }
    }
    Value::Object(members)
}

fn headers(choices: &mut Choices) -> Value {
    let Value::Object(mut headers) = choices.object(0) else { unreachable!("it makes objects") };
    if choices.below(2) == 0 {
        headers.insert("content-type", Value::from(choices.text()));
    }
    Value::Object(headers)
}

/// A text that every filter of the pack changes: what comes through as it was, was written alone.
fn token(number: usize) -> String {
    format!(" Token <i>US</i>\n{number}{} ", ".".repeat(100))
}

/// Where a token came through, the hostile text in its place did: exactly, but for `date`, which reads some of them.
fn exact(found: &Value, wanted: &Value, texts: &[String]) -> Result<usize, String> {
    match (found, wanted) {
        (Value::List(found), Value::List(wanted)) => {
            found.iter().zip(wanted).try_fold(0, |sum, (found, wanted)| Ok(sum + exact(found, wanted, texts)?))
        }
        (Value::Object(found), Value::Object(wanted)) => found
            .iter()
            .zip(wanted.iter())
            .try_fold(0, |sum, ((_, found), (_, wanted))| Ok(sum + exact(found, wanted, texts)?)),
        (Value::Text(found), Value::Text(wanted)) => {
            let number = wanted.strip_prefix(" Token <i>US</i>\n").map(|rest| rest.trim_end_matches([' ', '.']));
            let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) else { return Ok(0) };
            let text = &texts[number];
            let read = text.trim();
            let dated = read == "now" || read.contains("2026-") || read.bytes().all(|b| b.is_ascii_digit());
            match **wanted == token(number) && **found != **text && !dated {
                true => Err(format!("{found:?} came of {text:?}")),
                false => Ok(1),
            }
        }
        _ => Ok(0),
    }
}

/// Documents that a template may refuse: a number of a hundred digits cannot be calculated with, and where names are
/// data, two may be the same.
fn is_refusal(problem: &Problem) -> bool {
    match problem {
        Problem::Filter { .. } => true,
        Problem::Json(why) => why.contains("is in this object twice"),
        _ => false,
    }
}

#[tokio::test]
async fn hostile_values_change_no_document_of_the_pack() {
    let number =
        |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or(otherwise));
    let (least, seed) = (number("HOSTILE_VALUES", 100_000), number("HOSTILE_SEED", 1));
    let cases = cases().await;
    let limits = Limits::default();
    let (mut values, mut renderings, mut refused, mut intact, mut round) = (0, 0, 0, 0, 0);
    let start = Instant::now();
    while values < least {
        for (at, case) in cases.iter().enumerate() {
            // So that a round that failed is the first one of a run with its seed.
            let own = seed.wrapping_add(round);
            let mut choices = Choices::Random(fastrand::Rng::with_seed(own.wrapping_add((at as u64) << 40)));
            let (headers, body) = (headers(&mut choices), spoilt(&case.document, &mut choices));
            let input = source(headers, body, &case.url);
            values += leaves(&input) as u64;
            let mut texts = Vec::new();
            let twin = replaced(&input, &mut |text| {
                texts.push(text.to_owned());
                token(texts.len() - 1)
            });
            let told = |what: String| format!("{}, HOSTILE_SEED={own}: {what}\nof {input}", case.name);
            let render = |input: &Value| match case.template.render(input, Mode::Json, &limits) {
                Ok(text) => Some(text),
                Err(error) if is_refusal(&error.problem) => None,
                Err(error) => panic!("{}", told(error.to_string())),
            };
            let (Some(found), Some(wanted)) = (render(&input), render(&twin)) else {
                refused += 1;
                continue;
            };
            let wanted = json(&wanted);
            serde_json::from_str::<serde::de::IgnoredAny>(&found).unwrap_or_else(|e| panic!("{}", told(e.to_string())));
            let found = json(&found);
            let same = same_shape("", &found, &wanted).and_then(|()| exact(&found, &wanted, &texts));
            intact += same.unwrap_or_else(|what| panic!("{}", told(format!("{what}\nfound {found}\nwanted {wanted}"))));
            renderings += 1;
        }
        round += 1;
    }
    assert!(intact > 0);
    println!(
        "hostile: {values} values in {renderings} documents of {} templates changed no structure, {intact} texts came \
         through to the letter; {refused} were refused; HOSTILE_SEED={seed}; {:?}",
        cases.len(),
        start.elapsed()
    );
}
