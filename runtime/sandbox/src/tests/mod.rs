//! The sandbox over real sockets, called by a client that knows nothing of it.
// A client of the tests' own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod auth;
mod every_operation;
mod faults;
mod reads;
mod vendor;
mod writes;

use std::sync::Once;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT, Options, Running, Sandbox};

/// A sandbox and a client of it that has a token.
struct Caller {
    sandbox: Running,
    http: reqwest::Client,
    token: String,
}

fn unlimited() -> Options {
    Options { rate: None, report_interval: None, customers: 60, ..Options::default() }
}

fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let redirects = reqwest::redirect::Policy::none();
    reqwest::Client::builder().redirect(redirects).timeout(Duration::from_secs(30)).build().unwrap()
}

impl Caller {
    async fn start(options: Options) -> Caller {
        let sandbox = Sandbox::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let mut caller = Caller { sandbox, http: http(), token: String::new() };
        caller.token = caller.fresh_token().await;
        caller
    }

    async fn fresh_token(&self) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", DEMO_CLIENT_ID),
            ("client_secret", DEMO_CLIENT_SECRET),
        ];
        let answer = self.http.post(format!("{}/connect/token", self.sandbox.url())).form(&form).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap_or_default().to_owned()
    }

    /// A call with all that it needs; `{tenant}` in the path is filled in.
    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let path = path.replace("{tenant}", &DEMO_TENANT.to_string());
        let call = self.http.request(method, format!("{}{path}", self.sandbox.url()));
        call.bearer_auth(&self.token).header("ST-App-Key", DEMO_APP_KEY)
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        sent(self.call(Method::GET, path)).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        sent(self.call(method, path).json(&body)).await
    }

    /// All records of a list, page by page.
    async fn all(&self, path: &str) -> Vec<Value> {
        let mut records = Vec::new();
        for page in 1.. {
            let joint = if path.contains('?') { '&' } else { '?' };
            let (status, answer) = self.get(&format!("{path}{joint}page={page}&pageSize=200")).await;
            assert_eq!(status, 200, "{answer}");
            records.extend(answer["data"].as_array().unwrap().iter().cloned());
            if answer["hasMore"] == false {
                break;
            }
        }
        records
    }
}

async fn sent(call: RequestBuilder) -> (StatusCode, Value) {
    let answer = call.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
