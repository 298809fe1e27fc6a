//! What ServiceTitan says when it refuses, and what becomes of it. Secrets are in none of it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::support::{APP_KEY, SECRET, Server, TOKEN, create, half_a_page, hang_up, json, page, read, with};
use tradewire_client::{Arguments, Error, Kind};

async fn refused(answer: fn() -> crate::support::Reply) -> Error {
    let server = Server::start(move |_| async move { answer() }).await;
    server.tenant().call(read(), &Arguments::default()).await.unwrap_err()
}

#[tokio::test]
async fn a_problem_keeps_status_title_trace_and_fields() {
    let error = refused(|| {
        json(400, r#"{"type":"t","title":"One or more validation errors occurred.","status":400,"traceId":"00-ab","errors":{"sort":["unknown field"]},"data":{}}"#)
    })
    .await;
    assert_eq!((error.kind(), error.status(), error.attempts()), (Kind::Invalid, Some(400), 1));
    assert_eq!(error.title(), Some("One or more validation errors occurred."));
    assert_eq!(error.trace_id(), Some("00-ab"));
    assert_eq!((error.fields()[0].field.as_str(), error.fields()[0].messages[0].as_str()), ("sort", "unknown field"));
    assert!(error.to_string().starts_with("payroll/activity-codes.get-list: "), "{error}");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let error = refused(|| json(403, r#"{"title":"Scope validation failed"}"#)).await;
    assert_eq!(error.kind(), Kind::Forbidden);
    assert!(error.message().contains("needs the scope `tn.prl."), "{error}");
}

#[tokio::test]
async fn a_bare_string_is_a_title() {
    let error = refused(|| json(422, r#""Activity code is in use""#)).await;
    assert_eq!((error.kind(), error.title()), (Kind::Invalid, Some("Activity code is in use")));
}

#[tokio::test]
async fn a_web_page_is_told_as_one_whatever_its_status() {
    for (answer, kind, attempts) in [
        ((|| with(200, &[("content-type", "text/html")], "<html>sign in</html>")) as fn() -> _, Kind::Unreadable, 1),
        (|| with(403, &[("content-type", "text/html")], "<html>blocked</html>"), Kind::Forbidden, 1),
        (|| with(502, &[], "<!DOCTYPE html><p>bad gateway"), Kind::Server, 3),
    ] {
        let error = refused(answer).await;
        assert_eq!((error.kind(), error.attempts()), (kind, attempts), "{error}");
        assert!(error.message().contains("with a web page, not the API; check the base address"), "{error}");
        assert!(!error.to_string().contains('<'), "{error}");
    }
}

#[tokio::test]
async fn the_gateway_that_knows_no_such_operation_is_told_from_a_missing_record() {
    let error = refused(|| json(404, r#"{"title":"Unable to match incoming request to an operation."}"#)).await;
    assert!(error.message().contains("has no such operation"), "{error}");
    let error = refused(|| json(404, r#"{"title":"Not found."}"#)).await;
    assert!(error.message().starts_with("there is no such record"), "{error}");
}

#[tokio::test]
async fn a_redirect_of_the_api_is_not_followed() {
    let server = Server::start(|_| async { with(302, &[("location", "/elsewhere")], "") }).await;
    let error = server.tenant().call(read(), &Arguments::default()).await.unwrap_err();
    assert!(error.message().contains("answered with a redirect (302)"), "{error}");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_told_by_its_setting() {
    let server = Server::start(|_| async { page() }).await;
    let mut options = server.options();
    options.max_answer = 16;
    let error = crate::support::tenant(options).call(read(), &Arguments::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.message().contains("16 bytes that `max_answer` allows"), "{error}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Quotes everything that it was given.
fn quoting(seen: &crate::support::Seen) -> String {
    let given = [
        seen.header("authorization").trim_start_matches("Bearer ").to_owned(),
        seen.header("st-app-key").to_owned(),
        String::from_utf8_lossy(&seen.body).into_owned(),
    ];
    let text = format!("{} {SECRET}", given.join(" "));
    let text = serde_json::Value::from(text);
    format!(r#"{{"title":{text},"traceId":{text},"errors":{{"x":[{text}]}}}}"#)
}

#[tokio::test]
async fn secrets_are_in_no_log_no_error_and_no_debug_output() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut said = String::new();
    for status in [400, 401, 403, 404, 409, 418, 422, 429, 500, 503] {
        let server = Server::start(move |seen| async move {
            with(status, &[("retry-after", "0.001"), ("content-type", "application/json")], &quoting(&seen))
        })
        .await;
        let acme = server.tenant();
        let error = acme.call(read(), &Arguments::default()).await.unwrap_err();
        said += &format!("{error} {error:?} {} {acme:?} {:?}\n", error.to_json(), server.options());
    }
    for status in [200, 400, 401, 429, 500] {
        let refuse = move |seen: crate::support::Seen| async move {
            with(status, &[("retry-after", "0.001"), ("content-type", "application/json")], &quoting(&seen))
        };
        let server = Server::with_tokens(refuse, |_| async { page() }).await;
        let error = server.tenant().call(read(), &Arguments::default()).await.unwrap_err();
        said += &format!("{error} {error:?} {}\n", error.to_json());
    }
    for breaks in [hang_up, half_a_page] {
        let server = Server::start(move |_| async move { breaks() }).await;
        let (op, arguments) = create();
        said += &format!("{:?}\n", server.tenant().call(op, &arguments).await.unwrap_err());
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("trying again"), "the log was heard: {log}");
    for secret in [SECRET, APP_KEY, TOKEN] {
        assert!(!said.contains(secret), "{secret} in {said}");
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
