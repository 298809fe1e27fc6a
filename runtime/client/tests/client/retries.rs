//! What is sent again, after how long, and what is unresolved: over the wire.
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use crate::support::{
    Server, create, half_a_page, hang_up, json, operation, page, read, read_at_once, tenant, update, with,
};
use tradewire_client::{Arguments, Kind, RateLimit};

#[tokio::test]
async fn a_429_is_waited_for_in_each_of_its_forms() {
    let forms: [(&[(&str, &str)], &str); 4] = [
        (&[("retry-after", "1")], "{}"),
        (&[("retry-after", "1.0")], "{}"),
        (
            &[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:38 GMT")],
            r#"{"title":"Rate limit is exceeded."}"#,
        ),
        (&[], r#"{"title":"Rate limit is exceeded. Try again in 1 seconds."}"#),
    ];
    let each = forms.map(|(headers, body)| async move {
        let server =
            Server::start(move |seen| async move { if seen.number == 1 { with(429, headers, body) } else { page() } })
                .await;
        let answered = server.tenant().call(read(), &Arguments::default()).await.unwrap();
        assert_eq!(answered.attempts, 2);
        let calls = server.calls();
        assert!(calls[1].at - calls[0].at >= Duration::from_millis(950), "{headers:?} {body}");
    });
    futures::future::join_all(each).await;
}

#[tokio::test]
async fn a_429_holds_back_every_other_call_of_the_tenant_and_no_write_is_lost() {
    let server = Server::start(|seen| async move {
        if seen.method == "POST" && seen.number == 1 { with(429, &[("retry-after", "0.5")], "{}") } else { page() }
    })
    .await;
    let acme = server.tenant();
    let (op, arguments) = create();
    let write = tokio::spawn({
        let acme = acme.clone();
        async move { acme.call(op, &arguments).await }
    });
    server.has_seen(1).await;
    let refused = server.calls()[0].at;
    tokio::time::sleep(Duration::from_millis(100)).await;
    acme.call(read(), &Arguments::default()).await.unwrap();
    assert_eq!(write.await.unwrap().unwrap().attempts, 2);
    for call in &server.calls()[1..] {
        assert!(call.at - refused >= Duration::from_millis(450), "{}", call.path);
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_told_and_not_waited_for() {
    let server = Server::start(|_| async { with(429, &[("retry-after", "3600")], "{}") }).await;
    let acme = server.tenant();
    for sent in [1, 1] {
        let error = acme.call(read(), &Arguments::default()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::RateLimited);
        assert!(error.retry_after().unwrap() > Duration::from_secs(3500));
        assert_eq!(server.calls().len(), sent, "nobody asks again before the time");
    }
}

#[tokio::test]
async fn a_500_is_asked_again_for_reads_only() {
    let failing = |seen: crate::support::Seen| async move { if seen.number == 1 { json(500, "{}") } else { page() } };
    let server = Server::start(failing).await;
    assert_eq!(server.tenant().call(read(), &Arguments::default()).await.unwrap().attempts, 2);
    for (op, arguments) in [create(), update()] {
        let server = Server::start(failing).await;
        let error = server.tenant().call(op, &arguments).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), error.unresolved()), (Kind::Server, 1, false), "{error}");
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_503_was_not_done_and_is_asked_again_for_everything() {
    for (op, arguments) in [(read(), Arguments::default()), create(), update()] {
        let server = Server::start(|seen| async move { if seen.number == 1 { json(503, "") } else { page() } }).await;
        assert_eq!(server.tenant().call(op, &arguments).await.unwrap().attempts, 2);
    }
}

#[tokio::test]
async fn a_read_that_breaks_in_the_middle_of_its_body_is_asked_again() {
    let server = Server::start(|seen| async move { if seen.number < 3 { half_a_page() } else { page() } }).await;
    let answered = server.tenant().call(read(), &Arguments::default()).await.unwrap();
    assert_eq!(answered.attempts, 3);
    assert!(serde_json::from_slice::<serde_json::Value>(&answered.body).is_ok(), "whole, not pieced together");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_unresolved_and_not_sent_again() {
    for breaks in [hang_up, half_a_page, || json(502, ""), || json(504, "")] {
        let server = Server::start(move |_| async move { breaks() }).await;
        let (op, arguments) = create();
        let error = server.tenant().call(op, &arguments).await.unwrap_err();
        assert!(error.unresolved(), "{error}");
        assert!(error.to_string().contains("look before sending it again"), "{error}");
        assert_eq!((error.attempts(), server.calls().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_write_that_may_be_sent_twice_is() {
    let server = Server::start(|seen| async move { if seen.number == 1 { hang_up() } else { page() } }).await;
    let (op, arguments) = update();
    assert_eq!(server.tenant().call(op, &arguments).await.unwrap().attempts, 2);
    let server = Server::start(|_| async { hang_up() }).await;
    let error = server.tenant().call(op, &arguments).await.unwrap_err();
    assert!(error.unresolved() && error.attempts() == 3, "{error}");
}

#[tokio::test]
async fn a_server_that_gives_no_answer_in_time_is_told_with_the_time() {
    let server = Server::start(|_| std::future::pending()).await;
    let mut options = server.options();
    options.timeout = Duration::from_millis(100);
    options.retry.attempts = 2;
    let acme = tenant(options);
    let error = acme.call(read(), &Arguments::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Timeout, 2), "{error}");
    let (op, arguments) = create();
    let error = acme.call(op, &arguments).await.unwrap_err();
    assert!(error.unresolved() && error.attempts() == 1, "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_place_and_nothing_is_unresolved() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(|_| async { page() }).await;
    let mut options = server.options();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let auth = server.url().parse().unwrap();
    options.environment = tradewire_client::Environment::Custom { api: nobody.parse().unwrap(), auth };
    let (op, arguments) = create();
    let error = tenant(options).call(op, &arguments).await.unwrap_err();
    assert_eq!((error.kind(), error.unresolved(), error.attempts()), (Kind::Unreachable, false, 3));
    assert!(error.to_string().contains("check that it runs and the address is right"), "{error}");
    assert!(!error.to_string().contains("activity"), "no path: {error}");
}

#[tokio::test]
async fn a_report_under_maintenance_is_asked_for_again_and_a_conflict_is_not() {
    let busy = |seen: crate::support::Seen| async move { if seen.number == 1 { json(409, "{}") } else { page() } };
    let server = Server::start(busy).await;
    let path = vec![("report_category".into(), "a".into()), ("reportId".into(), "1".into())];
    let arguments = Arguments { path, body: Some("{}".into()), ..Arguments::default() };
    let data = operation("reporting/report-category-reports.get-data");
    assert_eq!(server.tenant().call(data, &arguments).await.unwrap().attempts, 2);
    let server = Server::start(busy).await;
    let error = server.tenant().call(read(), &Arguments::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Conflict, 1));
}

#[tokio::test]
async fn requests_leave_no_faster_than_the_limit() {
    let server = Server::start(|_| async { page() }).await;
    let mut options = server.options();
    options.rate = RateLimit::default();
    let acme = tenant(options);
    acme.call(read(), &Arguments::default()).await.unwrap();
    let start = Instant::now();
    read_at_once(&acme, 90).await;
    // Arrivals may bunch up on a busy machine; that none is early is what keeps any second below 61.
    for (position, call) in server.calls()[1..].iter().enumerate() {
        let earliest = Duration::from_secs_f64(position.saturating_sub(1) as f64 / 60.0);
        assert!(call.at - start >= earliest, "{position}: {:?}", call.at - start);
    }
    let meter = acme.meter();
    assert!(meter.requests == 91 && meter.waits >= 85, "{meter:?}");
}
