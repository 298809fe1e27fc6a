//! S3, with a store in this process that checks signatures.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::Method;
use tradewire_delivery::{Destination as _, Published, S3, S3Settings};
use tradewire_outbound::Ca;

use crate::s3_server::{KEY_ID, Misdeed, S3Server, SECRET};
use crate::support::{Content, Fault, SOON, choose_provider, deliver, nobody, wire};

const LARGE: usize = 18 * 1024 * 1024 + 1;

fn settings(address: SocketAddr) -> S3Settings {
    choose_provider();
    S3Settings {
        url: "s3://exports/payroll/weekly".parse().unwrap(),
        region: "us-east-1".into(),
        endpoint: Some(format!("http://{address}").parse().unwrap()),
        access_key_id: KEY_ID.into(),
        secret_access_key: SECRET.into(),
        session_token: None,
        timeout: SOON,
        allow_http: false,
        ca: Ca::default(),
    }
}

async fn served() -> (S3Server, S3) {
    let server = S3Server::start().await;
    let destination = S3::new(settings(server.address)).unwrap();
    (server, destination)
}

fn assert_delivered(server: &S3Server, content: &Content, name: &str) {
    assert_eq!(server.names("payroll/weekly"), [name]);
    assert!(fs::read(server.object("payroll/weekly").join(name)).unwrap() == content.bytes, "the bytes differ");
    assert_eq!(server.uploads(), 0);
}

#[tokio::test]
async fn a_small_file_is_one_request_with_its_checksum_and_its_id() {
    let (server, destination) = served().await;
    let content = Content::new("r1", 100_000);
    assert!(!destination.is_taken("hours.csv").await.unwrap());
    server.asked();
    assert_eq!(deliver(&destination, &content, "hours.csv").await.unwrap(), Published::Now);
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    for (header, value) in [
        ("if-none-match", "*"),
        ("content-type", "text/csv"),
        ("x-amz-meta-tradewire-delivery", "r1"),
        ("x-amz-meta-tradewire-sha256", content.upload().sha256),
    ] {
        assert_eq!(asked[0].headers[header], value, "{header}");
    }
    assert!(asked[0].headers.contains_key("x-amz-checksum-sha256"));
    assert_delivered(&server, &content, "hours.csv");
    assert!(destination.is_taken("hours.csv").await.unwrap());
    assert_eq!(destination.address(), "s3://exports/payroll/weekly");
}

#[tokio::test]
async fn names_are_kept_as_they_are() {
    let (server, destination) = served().await;
    let content = Content::new("r2", 10);
    for name in ["bảng công 1.csv", "50% off + more~.csv"] {
        assert_eq!(deliver(&destination, &content, name).await.unwrap(), Published::Now);
        assert_eq!(fs::read(server.object("payroll/weekly").join(name)).unwrap(), content.bytes);
    }
    let empty = Content::new("r2-empty", 0);
    assert_eq!(deliver(&destination, &empty, "none.csv").await.unwrap(), Published::Now);
    assert_eq!(fs::read(server.object("payroll/weekly/none.csv")).unwrap(), b"");
    let error = destination.publish(content.named("..")).await.unwrap_err();
    assert!(!error.transient, "{error}");
}

#[tokio::test]
async fn a_large_file_goes_in_parts() {
    let (server, destination) = served().await;
    let content = Content::new("r3", LARGE);
    assert_eq!(deliver(&destination, &content, "hours.csv").await.unwrap(), Published::Now);
    assert_delivered(&server, &content, "hours.csv");
    let asked = server.asked();
    let parts: Vec<_> = asked.iter().filter(|a| a.method == Method::PUT).collect();
    assert_eq!(parts.len(), 3);
    assert!(parts.iter().all(|part| part.headers.contains_key("x-amz-checksum-sha256")));
    let completed = asked.iter().find(|a| a.uri.query().is_some_and(|query| query.starts_with("uploadId="))).unwrap();
    assert_eq!(completed.headers["if-none-match"], "*");
    assert_eq!(destination.publish(content.named("hours.csv")).await.unwrap(), Published::Before);
    assert!(server.asked().iter().all(|asked| asked.method == Method::HEAD), "nothing is sent again to find that out");
}

#[tokio::test]
async fn no_name_is_taken_twice() {
    let (server, destination) = served().await;
    for (index, bytes) in [100, LARGE].into_iter().enumerate() {
        let (first, second) = (Content::new("r4-first", bytes), Content::new("r4-second", bytes));
        let name = format!("{index}.csv");
        assert_eq!(deliver(&destination, &first, &name).await.unwrap(), Published::Now);
        assert_eq!(deliver(&destination, &second, &name).await.unwrap(), Published::NameTaken);
        assert!(fs::read(server.object("payroll/weekly").join(&name)).unwrap() == first.bytes);
        // Another has the same bytes: two weeks of equal hours are two weeks of pay.
        let third = Content::of("r4-third", first.bytes.clone());
        assert_eq!(deliver(&destination, &third, &name).await.unwrap(), Published::NameTaken);
        // Somebody takes the name after it was found free.
        let name = format!("{index}.v2.csv");
        server.will(&[Misdeed::TakeName]);
        assert_eq!(deliver(&destination, &second, &name).await.unwrap(), Published::NameTaken);
        assert_eq!(fs::read(server.object("payroll/weekly").join(&name)).unwrap(), b"theirs");
    }
    assert_eq!(server.uploads(), 0);
}

#[tokio::test]
async fn a_try_whose_answer_was_lost_is_not_made_twice() {
    for bytes in [100_000, LARGE] {
        let server = S3Server::start().await;
        let content = Content::new("r5", bytes);
        let destination = S3::new(settings(server.address)).unwrap();
        if bytes == LARGE {
            // It takes many answers: here none is lost, and the whole try is made again.
            assert_eq!(deliver(&destination, &content, "hours.csv").await.unwrap(), Published::Now);
        } else {
            let through = wire(server.address, vec![Fault::LoseAnswer; 5]).await;
            let deaf = S3::new(settings(through)).unwrap();
            let error = deliver(&deaf, &content, "hours.csv").await.unwrap_err();
            assert!(error.transient, "{error}");
        }
        assert_eq!(deliver(&destination, &content, "hours.csv").await.unwrap(), Published::Before);
        assert_delivered(&server, &content, "hours.csv");
    }
}

#[tokio::test]
async fn an_object_that_nobody_lets_us_look_at_may_be_ours() {
    let (server, destination) = served().await;
    for bytes in [100, LARGE] {
        let content = Content::new("r9", bytes);
        let name = format!("{bytes}.csv");
        assert_eq!(deliver(&destination, &content, &name).await.unwrap(), Published::Now);
        // A large file is looked for before it is sent, too.
        server.will(&vec![Misdeed::ForbidLook; if bytes == LARGE { 2 } else { 1 }]);
        let error = destination.publish(content.named(&name)).await.unwrap_err();
        assert!(!error.transient && error.message.contains("let the key read objects (`s3:GetObject`)"), "{error}");
        assert_eq!(destination.publish(content.named(&name)).await.unwrap(), Published::Before);
        assert!(fs::read(server.object("payroll/weekly").join(&name)).unwrap() == content.bytes, "the bytes differ");
    }
    assert_eq!(server.uploads(), 0);
}

#[tokio::test]
async fn a_store_that_is_cut_off_busy_and_full_gets_the_file_whole_in_the_end() {
    for bytes in [500_000, LARGE] {
        let server = S3Server::start().await;
        let content = Content::new("r6", bytes);
        let cut = wire(server.address, vec![Fault::CutAfter(300_000); 4]).await;
        let destination = S3::new(settings(cut)).unwrap();
        let mut cuts = 0;
        while let Err(error) = deliver(&destination, &content, "hours.csv").await {
            assert!(error.transient, "{error}");
            cuts += 1;
            assert!(cuts < 10, "{error}");
        }
        assert!(fs::read(server.object("payroll/weekly/hours.csv")).unwrap() == content.bytes);

        let destination = S3::new(settings(server.address)).unwrap();
        server.will(&[
            Misdeed::Answer(507, "InsufficientStorage", None),
            Misdeed::Answer(507, "InsufficientStorage", None),
            Misdeed::Answer(507, "InsufficientStorage", None),
        ]);
        let error = deliver(&destination, &content, "more.csv").await.unwrap_err();
        assert!(error.transient && error.message.contains("it is full"), "{error}");
        server.will(&[
            Misdeed::Answer(503, "SlowDown", Some("7")),
            Misdeed::Answer(503, "SlowDown", Some("7")),
            Misdeed::Answer(503, "SlowDown", Some("7")),
        ]);
        let error = deliver(&destination, &content, "more.csv").await.unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(7)), "{error}");
        assert!(error.transient && error.message.contains("SlowDown"), "{error}");
        // Two are borne without a word.
        server.will(&[Misdeed::Answer(503, "SlowDown", None), Misdeed::Answer(500, "InternalError", None)]);
        assert_eq!(deliver(&destination, &content, "more.csv").await.unwrap(), Published::Now);
        assert_eq!(server.names("payroll/weekly"), ["hours.csv", "more.csv"]);
    }
}

#[tokio::test]
async fn a_store_that_is_down_or_answers_nothing_is_given_up_in_time() {
    let server = S3Server::start().await;
    let content = Content::new("r7", 100_000);
    let destination = S3::new(settings(nobody().await)).unwrap();
    let error = deliver(&destination, &content, "hours.csv").await.unwrap_err();
    assert!(error.transient && error.message.contains("refused"), "{error}");
    let stalled = wire(server.address, vec![Fault::StallAfter(50_000); 5]).await;
    let destination = S3::new(S3Settings { timeout: Duration::from_millis(500), ..settings(stalled) }).unwrap();
    let begun = Instant::now();
    let error = deliver(&destination, &content, "hours.csv").await.unwrap_err();
    assert!(error.transient, "{error}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(server.names("payroll/weekly").is_empty());
}

#[tokio::test]
async fn what_the_operator_has_to_mend_is_said() {
    let (server, destination) = served().await;
    let content = Content::new("r8", 100);
    let wrong = S3::new(S3Settings { secret_access_key: "another".into(), ..settings(server.address) }).unwrap();
    for error in [deliver(&wrong, &content, "a.csv").await.unwrap_err(), wrong.probe().await.unwrap_err()] {
        assert!(!error.transient && error.message.contains("correct `access_key_id`"), "{error}");
        assert!(!error.message.contains("another"));
    }
    for (status, code, help) in [
        (404, "NoSuchBucket", "there is no bucket `exports`"),
        (403, "AccessDenied", "s3:PutObject"),
        (403, "RequestTimeTooSkewed", "set this machine's clock"),
        (301, "PermanentRedirect", "correct `region`"),
        (400, "InvalidRequest", "correct the delivery"),
    ] {
        server.will(&[Misdeed::Answer(status, code, None)]);
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(!error.transient && error.message.contains(help), "{error}");
    }
    assert!(server.names("payroll/weekly").is_empty());
}

#[tokio::test]
async fn only_the_stores_own_answer_says_that_it_has_the_file() {
    let elsewhere = S3Server::start().await;
    let away = format!("http://{}/exports/payroll/weekly/hours.csv?X-Amz-Security-Token=t", elsewhere.address);
    for bytes in [100, LARGE] {
        let content = Content::new("r10", bytes);
        for status in [301, 302, 303, 307, 308] {
            let (server, destination) = served().await;
            server.will(&vec![Misdeed::SendAway(status, away.clone()); 4]);
            let error = deliver(&destination, &content, "hours.csv").await.unwrap_err();
            assert!(!error.message.contains("Security-Token"), "{error}");
            if ![301, 307, 308].contains(&status) {
                assert!(error.message.contains("redirects are not followed: nothing was stored"), "{error}");
            }
            assert!(!error.transient && server.names("payroll/weekly").is_empty(), "{error}");
        }
        for (status, tag, why) in [
            (200, None, "it gives no `ETag`"),
            (201, Some("\"x\""), "it says 200"),
            (204, Some("\"x\""), "it says 200"),
            (202, None, "it says 200"),
        ] {
            let (server, destination) = served().await;
            server.will(&[Misdeed::Claim(status, tag)]);
            let told = deliver(&destination, &content, "hours.csv").await;
            // An upload in parts begins with a question, and what answers that is read anyway.
            let error = told.unwrap_err();
            if bytes == 100 {
                assert!(error.message.contains("is not the store") && error.message.contains(why), "{error}");
            }
            assert!(server.names("payroll/weekly").is_empty());
        }
    }
    assert!(elsewhere.asked().is_empty(), "nothing is told to anybody else");
}

#[tokio::test]
async fn an_object_that_is_another_by_its_checksum_is_not_delivered() {
    let (server, destination) = served().await;
    server.will(&[Misdeed::WrongChecksum]);
    let error = deliver(&destination, &Content::new("r11", 100), "hours.csv").await.unwrap_err();
    assert!(error.transient && error.message.contains("something else, by its SHA-256"), "{error}");
}

#[tokio::test]
async fn a_probe_leaves_nothing() {
    let (server, destination) = served().await;
    assert!(destination.probe().await.unwrap().contains("can be written to"));
    assert!(server.names("payroll/weekly").is_empty());
    assert_eq!(server.uploads(), 0);
}

#[test]
fn nothing_secret_is_shown() {
    let settings = S3Settings { session_token: Some("token of it".into()), ..settings(([127, 0, 0, 1], 9).into()) };
    for shown in [format!("{settings:?}"), format!("{:?}", S3::new(settings.clone()).unwrap())] {
        assert!(!shown.contains(SECRET) && !shown.contains("token of it"), "{shown}");
    }
}
