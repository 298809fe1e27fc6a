//! HTTP, with a receiver in this process.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use tradewire_delivery::{Destination as _, Http, HttpMethod, HttpSettings, Published};
use tradewire_outbound::Ca;

use crate::support::{Content, Fault, SOON, choose_provider, deliver, nobody, wire};

const TOKEN: &str = "s3cr3t-t0ken-0f-acme";
/// Of `Worker,Hours` and a line end.
const DIGEST: &str = "sha-256=:a44jmbkTvDcff6PA7zX9MpP6NZkau7yN2HgOwyL5EiQ=:";

/// A receiver as it should be: it takes each key once, and only what is whole.
#[derive(Default)]
struct Received {
    files: HashMap<String, Vec<u8>>,
    asked: Vec<(Method, Uri, HeaderMap)>,
    answers: VecDeque<Response>,
}

type Receiver = Arc<Mutex<Received>>;

async fn receive(State(receiver): State<Receiver>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await;
    let mut receiver = receiver.lock().unwrap();
    receiver.asked.push((head.method.clone(), head.uri, head.headers.clone()));
    if let Some(answer) = receiver.answers.pop_front() {
        return answer;
    }
    let Ok(bytes) = bytes else { return StatusCode::BAD_REQUEST.into_response() };
    if head.method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let key = head.headers["idempotency-key"].to_str().unwrap().to_owned();
    receiver.files.insert(key, bytes.to_vec());
    StatusCode::CREATED.into_response()
}

async fn served() -> (SocketAddr, Receiver) {
    choose_provider();
    let receiver = Receiver::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(receive).with_state(Arc::clone(&receiver));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, receiver)
}

fn settings(address: SocketAddr) -> HttpSettings {
    choose_provider();
    HttpSettings {
        url: format!("http://{address}/files?account=7-of-acme").parse().unwrap(),
        method: HttpMethod::Post,
        headers: vec![("Authorization".into(), format!("Bearer {TOKEN}").into())],
        timeout: SOON,
        allow_http: false,
        ca: Ca::default(),
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn a_receiver_is_told_all_of_a_file() {
    let (address, receiver) = served().await;
    let content = Content::of("h1", b"Worker,Hours\r\n".to_vec());
    for (method, name) in [(HttpMethod::Post, Method::POST), (HttpMethod::Put, Method::PUT)] {
        let destination = Http::new(HttpSettings { method, ..settings(address) }).unwrap();
        assert!(!destination.is_taken("week 1.csv").await.unwrap());
        assert_eq!(deliver(&destination, &content, "week 1.csv").await.unwrap(), Published::Now);
        assert_eq!(destination.address(), format!("http://{address}/files"));
        let (asked, uri, headers) = receiver.lock().unwrap().asked.pop().unwrap();
        assert_eq!((asked, uri.to_string()), (name, "/files?account=7-of-acme".to_owned()));
        for (header, value) in [
            ("authorization", format!("Bearer {TOKEN}").as_str()),
            ("content-type", "text/csv"),
            ("content-length", "14"),
            ("idempotency-key", "h1"),
            ("content-digest", DIGEST),
            ("content-disposition", "attachment; filename=\"week 1.csv\"; filename*=UTF-8''week%201.csv"),
        ] {
            assert_eq!(headers[header], value, "{header}");
        }
    }
    assert_eq!(receiver.lock().unwrap().files["h1"], content.bytes);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_the_receiver_says_when() {
    let (address, receiver) = served().await;
    let destination = Http::new(settings(address)).unwrap();
    let content = Content::new("h2", 100_000);
    for status in [408, 409, 425, 429, 500, 502, 503, 504, 507] {
        receiver.lock().unwrap().answers.push_back(answer(status, &[], "later"));
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(error.transient && error.retry_after.is_none(), "{error}");
        assert!(error.message.contains(&format!("answers {status}")) && error.message.contains("\"later\""), "{error}");
    }
    let date = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(600));
    for (wait, least, most) in [("37", 37, 37), (date.as_str(), 590, 600)] {
        receiver.lock().unwrap().answers.push_back(answer(503, &[("retry-after", wait)], ""));
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        let asked = error.retry_after.unwrap().as_secs();
        assert!((least..=most).contains(&asked), "{asked}");
    }
    assert_eq!(deliver(&destination, &content, "a.csv").await.unwrap(), Published::Now);
    let receiver = receiver.lock().unwrap();
    assert_eq!(receiver.files["h2"], content.bytes);
    assert!(receiver.asked.iter().all(|(_, _, headers)| headers["idempotency-key"] == "h2"));
}

#[tokio::test]
async fn what_the_operator_has_to_mend_is_said_without_secrets() {
    let (address, receiver) = served().await;
    let destination = Http::new(settings(address)).unwrap();
    let content = Content::new("h3", 10);
    for status in [400, 401, 403, 404, 405, 410, 412, 413, 415, 422, 451] {
        let body = format!("you sent Bearer {TOKEN}\u{1b}[2J {}", "x".repeat(100_000));
        receiver.lock().unwrap().answers.push_back(answer(status, &[], &body));
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(!error.transient && error.message.contains("you sent"), "{error}");
        assert!(!error.message.contains(TOKEN) && !error.message.contains("7-of-acme"), "{error}");
        assert!(error.message.len() < 700 && !error.message.contains('\u{1b}'), "{error}");
    }
    let elsewhere = [("location", "https://elsewhere.example.com/files?token=1")];
    receiver.lock().unwrap().answers.push_back(answer(307, &elsewhere, ""));
    let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
    assert!(!error.transient && error.message.contains("names \"https://elsewhere.example.com/files\""), "{error}");
    assert!(receiver.lock().unwrap().files.is_empty());
}

#[tokio::test]
async fn a_query_that_is_repeated_is_not_shown() {
    let (address, receiver) = served().await;
    let query = "token=s3cr3t%2Bt0ken+7&again=s3cr3t%2Bt0ken+7-of-acme&key=short";
    let url = format!("http://{address}/files?{query}").parse().unwrap();
    let destination = Http::new(HttpSettings { url, ..settings(address) }).unwrap();
    let content = Content::new("h7", 10);
    for said in [query, "s3cr3t%2Bt0ken+7", "s3cr3t+t0ken 7", "s3cr3t+t0ken 7-of-acme"] {
        let location = [("location", "https://elsewhere.example.com/s3cr3t%2Bt0ken+7-of-acme")];
        receiver.lock().unwrap().answers.push_back(answer(307, &location, said));
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(error.message.contains("***"), "{error}");
        assert!(!error.message.contains("t0ken") && !error.message.contains("of-acme"), "{error}");
    }
    receiver.lock().unwrap().answers.push_back(answer(400, &[], "the key is too short"));
    let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
    assert!(error.message.contains("the key is too short"), "{error}");
}

#[tokio::test]
async fn a_receiver_that_is_cut_off_gets_the_file_whole_in_the_end() {
    let (address, receiver) = served().await;
    let through = wire(address, vec![Fault::CutAfter(0), Fault::CutAfter(700_000), Fault::LoseAnswer]).await;
    let destination = Http::new(settings(through)).unwrap();
    let content = Content::new("h4", 2_000_000);
    for _ in 0..3 {
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(error.transient && !error.message.contains("7-of-acme"), "{error}");
    }
    assert_eq!(deliver(&destination, &content, "a.csv").await.unwrap(), Published::Now);
    let receiver = receiver.lock().unwrap();
    assert_eq!(receiver.files.len(), 1);
    assert!(receiver.files["h4"] == content.bytes);
}

#[tokio::test]
async fn a_receiver_that_is_down_or_does_nothing_is_given_up_in_time() {
    let (address, receiver) = served().await;
    let content = Content::new("h5", 20_000_000);
    let error = deliver(&Http::new(settings(nobody().await)).unwrap(), &content, "a.csv").await.unwrap_err();
    assert!(
        error.transient && error.message.contains("cannot connect") && error.message.contains("refused"),
        "{error}"
    );
    // One takes none of the file any more, one takes all of it and says nothing.
    for silent in [wire(address, vec![Fault::StallAfter(100_000)]).await, deaf().await] {
        let destination = Http::new(HttpSettings { timeout: Duration::from_millis(500), ..settings(silent) }).unwrap();
        let begun = Instant::now();
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(error.transient && error.message.contains("nothing moved for 500ms"), "{error}");
        assert!(begun.elapsed() < SOON);
    }
    assert!(receiver.lock().unwrap().files.is_empty());
}

/// A server that takes all and says nothing.
async fn deaf() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        tokio::io::copy(&mut socket, &mut tokio::io::sink()).await
    });
    address
}

#[tokio::test]
async fn a_large_file_may_take_longer_than_nothing_may() {
    let (address, receiver) = served().await;
    let destination =
        Http::new(HttpSettings { timeout: Duration::from_secs(3), ..settings(slow(address).await) }).unwrap();
    let content = Content::new("h6", 20_000_000);
    let begun = Instant::now();
    assert_eq!(deliver(&destination, &content, "a.csv").await.unwrap(), Published::Now);
    assert!(begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(receiver.lock().unwrap().files["h6"] == content.bytes);
}

/// A way to a server that takes 64 KiB each 20 ms, and no more than a little ahead.
async fn slow(server: SocketAddr) -> SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = tokio::net::TcpStream::connect(server).await.unwrap();
        let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
            (client.into_split(), server.into_split());
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
            to_server.write_all(&buffer[..read]).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_probe_sends_no_file() {
    let (address, receiver) = served().await;
    let destination = Http::new(settings(address)).unwrap();
    assert!(destination.probe().await.unwrap().contains("answers 204 No Content to `OPTIONS`"));
    for (status, transient) in [(401, false), (503, true)] {
        receiver.lock().unwrap().answers.push_back(answer(status, &[], ""));
        assert_eq!(destination.probe().await.unwrap_err().transient, transient);
    }
    for status in [405, 501] {
        receiver.lock().unwrap().answers.push_back(answer(status, &[], ""));
        let told = destination.probe().await.unwrap();
        assert!(told.ends_with("whether it takes files is seen with the first one"), "{told}");
    }
    let receiver = receiver.lock().unwrap();
    assert!(receiver.files.is_empty());
    assert!(receiver.asked.iter().all(|(method, ..)| method == Method::OPTIONS));
}

#[test]
fn nothing_secret_is_shown() {
    let settings = settings(([127, 0, 0, 1], 9).into());
    let destination = Http::new(settings.clone()).unwrap();
    assert!(!format!("{settings:?}").contains(TOKEN));
    let shown = format!("{destination:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains("7-of-acme"), "{shown}");
}
