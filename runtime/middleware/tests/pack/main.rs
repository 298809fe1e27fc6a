//! The sample pack `templates/harborline` against the stand-in vendor that the sandbox serves.
#![allow(missing_docs, clippy::unwrap_used)]
// A client of the test's own.
#![allow(clippy::disallowed_methods)]

mod carried;
mod constructs;
mod hostile;
#[path = "../../../liquid/tests/liquid/hostile/nasty.rs"]
mod nasty;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tradewire_liquid::{Limits, Mode, Template, Value};
use tradewire_middleware::exchange::{Check, Incoming, Middleware, Outgoing, Settings};
use tradewire_middleware::pack::{Loaded, Pack};
use tradewire_sandbox::{DEMO_VENDOR_KEY, Options, Running, Sandbox};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/harborline")
}

fn pack() -> Pack {
    let Loaded { pack, warnings } = Pack::load(&folder()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(warnings, []);
    pack
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The pack as it is served, and the sandbox whose vendor it talks to.
struct Served {
    sandbox: Running,
    middleware: Middleware,
}

impl Served {
    async fn start() -> Served {
        let sandbox = Sandbox::start(Options::default(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let base_url = Some(sandbox.vendor_url().parse().unwrap());
        let settings = Settings { base_url, check: Check::Refuse, ..Settings::default() };
        let secrets = HashMap::from([("ApiKey".to_owned(), DEMO_VENDOR_KEY.into())]);
        let middleware = Middleware::new(pack(), settings, secrets).unwrap();
        Served { sandbox, middleware }
    }

    async fn answer(&self, endpoint: &str, body: &Value) -> Outgoing {
        let headers = [("X-Request-Id", "r-1"), ("content-type", "application/json; charset=utf-8")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        self.middleware.answer(endpoint, Incoming { headers, body: body.to_json().into_bytes() }, None).await
    }

    /// How many calls of that name reached the vendor.
    fn arrived(&self, name: &str) -> usize {
        let calls = self.sandbox.calls();
        calls.iter().filter(|call| call.operation.as_deref() == Some(&format!("_vendor/{name}"))).count()
    }
}

/// What a template is given.
fn source(headers: Value, body: Value, url: &str) -> Value {
    let config = Value::object([("baseUrl", "http://127.0.0.1:1/v1".into()), ("url", url.into())]);
    let source = Value::object([("statusCode", Value::from(200)), ("headers", headers), ("body", body)]);
    Value::object([("config", config), ("source", source)])
}

fn rendered(template: &Template, data: &Value) -> Value {
    let text = template.render(data, Mode::Json, &Limits::default());
    json(&text.unwrap_or_else(|error| panic!("{error}\nof {data}")))
}

/// What the vendor answers to the pack's own requests, by endpoint.
async fn vendor_answers() -> HashMap<String, Value> {
    let served = Served::start().await;
    let http = reqwest::Client::new();
    let mut answers = HashMap::new();
    for (name, endpoint) in &pack().endpoints {
        let data = source(json("{}"), endpoint.sandbox_request.clone().unwrap(), &endpoint.url);
        let request = rendered(&endpoint.request, &data);
        let text = |member: &str| request.get(member).and_then(Value::as_text).unwrap();
        let url = text("url").replace("http://127.0.0.1:1/v1", &served.sandbox.vendor_url());
        let mut url: url::Url = url.parse().unwrap();
        if let Some(Value::Object(members)) = request.get("parameters") {
            for (name, value) in members.iter().filter(|(_, value)| **value != Value::Nil) {
                let value = value.to_text();
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let call = http.request(text("method").parse().unwrap(), url).header("X-Api-Key", DEMO_VENDOR_KEY);
        let call = match request.get("body") {
            Some(body) => call.body(body.to_json()),
            None => call,
        };
        let answer = call.send().await.unwrap();
        assert!(answer.status().is_success(), "{name}: {}", answer.text().await.unwrap());
        answers.insert(name.clone(), json(&answer.text().await.unwrap()));
    }
    answers
}
