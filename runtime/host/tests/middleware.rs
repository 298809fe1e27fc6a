//! A plugin that calls vendors: what it is answered, what it is refused, what is counted and told.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::{Ear, Heard, Listening, reader, request};
use tradewire_client::Later;
use tradewire_host::{Failure, FailureClass, Limits, Middleware, MiddlewareResponse, Request};

/// Answers every call alike, and keeps what it was called with.
struct Vendor {
    answer: Result<MiddlewareResponse, String>,
    called: Mutex<Vec<[String; 3]>>,
}

impl Middleware for Vendor {
    fn call<'a>(
        &'a self,
        vendor: &'a str,
        endpoint: &'a str,
        body: &'a str,
    ) -> Later<'a, Result<MiddlewareResponse, String>> {
        self.called.lock().unwrap().push([vendor, endpoint, body].map(str::to_owned));
        Box::pin(async { self.answer.clone() })
    }
}

/// Never answers.
struct Silent;

impl Middleware for Silent {
    fn call<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Later<'a, Result<MiddlewareResponse, String>> {
        Box::pin(std::future::pending())
    }
}

fn answering(answer: Result<MiddlewareResponse, String>) -> Arc<Vendor> {
    Arc::new(Vendor { answer, called: Mutex::default() })
}

fn response(status: u16, body: &str) -> MiddlewareResponse {
    MiddlewareResponse { status, headers: Vec::new(), body: body.to_owned(), warnings: Vec::new() }
}

const ORDER: &[(&str, &str)] = &[("vendor", "harborline"), ("endpoint", "purchaseorder"), ("body", r#"{"id":7}"#)];

/// What a run came to: its summary or failure, the calls that were counted, what was heard.
async fn run(
    middleware: Option<Arc<dyn Middleware>>,
    limits: Limits,
    settings: &[(&str, &str)],
) -> (Result<String, Failure>, u64, Heard) {
    let plugin = reader("vendor.wasm").unwrap();
    let ear = Ear::new(0, 0);
    let sink = Arc::new(Listening(ear.clone()));
    let (result, usage) = plugin.run(Request { middleware, limits, sink, ..request("", settings) }).await;
    let heard = std::mem::take(&mut *ear.heard.lock().unwrap());
    (result, usage.host_calls, heard)
}

#[test]
fn only_a_plugin_that_calls_vendors_is_told_to() {
    assert!(reader("vendor.wasm").unwrap().uses_middleware());
    // Compiled against the same world, which imports it for all.
    assert!(!reader("hostile.wasm").unwrap().uses_middleware());
}

#[tokio::test]
async fn an_answer_comes_across_whole() {
    let vendor = answering(Ok(MiddlewareResponse {
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        warnings: vec!["`total` is missing".to_owned()],
        ..response(201, r#"{"success":true,"number":"Ü-1"}"#)
    }));
    let (result, calls, heard) = run(Some(vendor.clone()), Limits::default(), ORDER).await;
    let told = r#"201 [("Content-Type", "application/json")] {"success":true,"number":"Ü-1"} ["`total` is missing"]"#;
    assert_eq!(result.unwrap(), told);
    assert_eq!(*vendor.called.lock().unwrap(), [["harborline", "purchaseorder", r#"{"id":7}"#].map(str::to_owned)]);
    assert_eq!(calls, 1);
    assert_eq!((heard.calls, heard.failed_calls), (1, 0));
    assert_eq!(heard.last_call, "middleware/harborline.purchaseorder");
}

#[tokio::test]
async fn an_answer_of_failure_is_an_answer_and_told_as_failed() {
    let vendor = answering(Ok(response(502, r#"{"success":false}"#)));
    let (result, _, heard) = run(Some(vendor), Limits::default(), ORDER).await;
    assert_eq!(result.unwrap(), r#"502 [] {"success":false} []"#);
    assert_eq!((heard.calls, heard.failed_calls), (1, 1));
}

#[tokio::test]
async fn without_a_grant_the_line_to_write_is_told() {
    let (result, calls, heard) = run(None, Limits::default(), ORDER).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.class, FailureClass::Refused);
    assert_eq!(
        failure.message,
        "middleware/harborline.purchaseorder: `harborline/purchaseorder` is not granted; help: add \
         `middleware = [\"harborline/purchaseorder\"]` to the plugin's section of the configuration"
    );
    assert_eq!((calls, heard.calls), (1, 0), "it counts, so that asking has an end; but nothing was called");
}

#[tokio::test]
async fn a_refusal_of_the_middleware_is_the_plugin_s_to_read_and_told_as_failed() {
    let (result, _, heard) = run(Some(answering(Err("no such pack".to_owned()))), Limits::default(), ORDER).await;
    assert_eq!(result.unwrap_err().message, "middleware/harborline.purchaseorder: no such pack");
    assert_eq!((heard.calls, heard.failed_calls), (1, 1));
}

#[tokio::test]
async fn what_is_no_name_goes_no_further() {
    let long = "x".repeat(65);
    for (name, endpoint) in [("", "account"), ("a/b", "account"), ("harborline", "a\nb"), ("harborline", &long)] {
        let vendor = answering(Ok(response(200, "{}")));
        let settings = [("vendor", name), ("endpoint", endpoint)];
        let (result, _, heard) = run(Some(vendor.clone()), Limits::default(), &settings).await;
        let message = result.unwrap_err().message;
        assert!(message.contains("is not a name: 1 to 64 letters"), "{message}");
        assert!(vendor.called.lock().unwrap().is_empty());
        assert_eq!(heard.calls, 0);
    }
}

#[tokio::test]
async fn a_body_beyond_what_a_call_may_transfer_stops_the_run() {
    let vendor = answering(Ok(response(200, "{}")));
    let body = format!("\"{}\"", "x".repeat(100_000));
    let settings = [("vendor", "harborline"), ("endpoint", "purchaseorder"), ("body", &body)];
    let enough = Limits { transfer: 128 << 10, ..Limits::default() };
    assert!(run(Some(vendor.clone()), enough, &settings).await.0.is_ok());
    let small = Limits { transfer: 64 << 10, ..Limits::default() };
    let failure = run(Some(vendor.clone()), small, &settings).await.0.unwrap_err();
    assert_eq!(failure.class, FailureClass::Broken);
    assert!(failure.message.contains("`transfer` is 64 KiB"), "{failure}");
    assert_eq!(vendor.called.lock().unwrap().len(), 1, "the vendor never heard of it");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_told_by_its_setting_whatever_it_is_made_of() {
    let limits = Limits { answer: 10, ..Limits::default() };
    let exact = response(200, "0123456789");
    assert!(run(Some(answering(Ok(exact.clone()))), limits.clone(), ORDER).await.0.is_ok());
    for answer in [
        response(200, "0123456789a"),
        MiddlewareResponse { headers: vec![("a".to_owned(), String::new())], ..exact.clone() },
        MiddlewareResponse { headers: vec![(String::new(), "a".to_owned())], ..exact.clone() },
        MiddlewareResponse { warnings: vec!["a".to_owned()], ..exact },
    ] {
        let (result, _, heard) = run(Some(answering(Ok(answer))), limits.clone(), ORDER).await;
        assert_eq!(
            result.unwrap_err().message,
            "middleware/harborline.purchaseorder: the limit of one answer is reached: `answer` is 10 bytes; raise it \
             in the plugin's `limits`; the vendor was called, so it may have had its effect"
        );
        assert_eq!((heard.calls, heard.failed_calls), (1, 1));
    }
}

#[tokio::test]
async fn calls_of_vendors_count_against_the_limit_of_calls() {
    let vendor = answering(Ok(response(200, "{}")));
    let limits = Limits { host_calls: 2, ..Limits::default() };
    let settings: Vec<_> = [ORDER, &[("calls", "3")]].concat();
    let (result, calls, heard) = run(Some(vendor.clone()), limits, &settings).await;
    let message = result.unwrap_err().message;
    assert!(message.contains("the limit of calls is reached: `host_calls` is 2"), "{message}");
    assert_eq!((vendor.called.lock().unwrap().len(), calls, heard.calls), (2, 2, 2));
}

#[tokio::test]
async fn a_vendor_that_never_answers_is_ended_by_the_outer_time_out() {
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let failure = run(Some(Arc::new(Silent)), limits, ORDER).await.0.unwrap_err();
    assert!(failure.message.contains("`time` is 0.3 s"), "{failure}");
}
