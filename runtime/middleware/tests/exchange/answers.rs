//! Answers that are slow, broken, endless or not what they say: each ends in an error, and the next call works.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::time::sleep;

use super::apart::{is_apart, most_memory};
use super::stand_in::{StandIn, json, with};
use super::wire::{HEAD, Wire, send};
use super::{Draft, failure, order};

/// The message of the first call's failure, with its status; the second call succeeds.
async fn first_fails(wire: &Wire) -> (u16, String) {
    let mut draft = Draft::at(&wire.url);
    draft.settings.timeout = Duration::from_secs(2);
    let middleware = draft.serve();
    let (status, kind, message) = failure(&order(&middleware).await);
    assert_eq!(kind, "Vendor", "{message}");
    assert_eq!(wire.connections(), 1, "an order was sent twice");
    let outgoing = order(&middleware).await;
    assert_eq!(outgoing.status, 200, "{outgoing:?}");
    (status, message)
}

#[tokio::test]
async fn a_byte_a_second_is_not_waited_for_longer_than_the_setting_says() {
    for head in ["HTTP/1.1 200", &format!("{HEAD}content-length: 1000\r\n\r\n{{")] {
        let head = head.to_owned();
        let wire = Wire::faulty(move |mut stream| {
            let head = head.clone();
            async move {
                send(&mut stream, &head).await;
                while send(&mut stream, " ").await {
                    sleep(Duration::from_secs(1)).await;
                }
            }
        })
        .await;
        let start = Instant::now();
        let (status, message) = first_fails(&wire).await;
        assert!(start.elapsed() < Duration::from_secs(4));
        assert_eq!(status, 504);
        assert!(message.contains("did not answer within 2 s; whether it did"), "{message}");
    }
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    for (rest, said) in [
        ("content-length: 1000\r\n\r\n{ \"reference\": ", "broke: "),
        ("transfer-encoding: chunked\r\n\r\n5\r\n{ \"re\r\n", "broke: "),
        ("transfer-encoding: chunked\r\n\r\nno length\r\n", "broke: "),
        ("content-encoding: gzip\r\ncontent-length: 4\r\n\r\ngzip", "broke: "),
        // Nothing but the JSON tells that this one is cut off.
        ("connection: close\r\n\r\n{ \"reference\": \"R", "answered 200 with JSON that cannot be read"),
    ] {
        let wire = Wire::faulty(move |mut stream| async move {
            send(&mut stream, format!("{HEAD}{rest}")).await;
        })
        .await;
        let (status, message) = first_fails(&wire).await;
        assert_eq!(status, 502);
        assert!(message.contains(said) && message.contains("whether it did what it was asked"), "{rest}: {message}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_broken_connection() {
    for said in ["", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 twohundred\r\n\r\n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        let wire = Wire::faulty(move |mut stream| async move {
            send(&mut stream, said).await;
        })
        .await;
        let (status, message) = first_fails(&wire).await;
        assert_eq!(status, 502);
        assert!(message.contains("broke: "), "{said}: {message}");
    }
}

#[tokio::test]
async fn headers_without_end_are_cut_off() {
    for line in ["x-more: and more\r\n", "and-on-and-on"] {
        let wire = Wire::faulty(move |mut stream| async move {
            send(&mut stream, HEAD).await;
            while send(&mut stream, line.repeat(1000)).await {}
        })
        .await;
        let (status, message) = first_fails(&wire).await;
        assert_eq!(status, 502);
        assert!(message.contains("broke: "), "{message}");
    }
}

#[tokio::test]
async fn errors_and_pages_are_told_and_the_next_call_works() {
    let answers = [
        (with(500, "text/plain", "out of order"), "answered 500: out of order"),
        (with(502, "text/html", "<html>Bad gateway</html>"), "answered 502: <html>Bad gateway</html>"),
        (with(200, "text/html", "<html>Log in</html>"), "answered 200 with a page instead of JSON"),
        (with(404, "application/json", "{ broken"), "answered 404: { broken"),
    ];
    let (answers, told): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    let vendor = StandIn::answering(answers.into_iter().chain([json("{}")]).collect()).await;
    let middleware = Draft::of(&vendor).serve();
    for said in &told {
        let (status, _, message) = failure(&order(&middleware).await);
        assert_eq!(status, 502);
        assert!(message.contains(said), "{message}");
    }
    assert_eq!(order(&middleware).await.status, 200);
    assert_eq!(vendor.asked().len(), told.len() + 1);
}

/// 10 GB in pieces, 10 GB announced, 1 GB of zeros in 1 MB of gzip: none takes more than a buffer and its growth.
#[test]
fn endless_answers_are_cut_off_and_memory_stays_flat() {
    if !is_apart("answers::endless_answers_are_cut_off_and_memory_stays_flat", &[]) {
        return;
    }
    const TEN_GB: usize = 10_000_000_000;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::default());
    for _ in 0..1024 {
        bomb.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 8 << 20);
    let bomb = format!("content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len())
        .into_bytes()
        .into_iter()
        .chain(bomb);
    let bodies: [(Vec<u8>, Vec<u8>); 3] = [
        (b"transfer-encoding: chunked\r\n\r\n".to_vec(), [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat()),
        (format!("content-length: {TEN_GB}\r\n\r\n").into_bytes(), vec![b' '; 0x10000]),
        (bomb.collect(), Vec::new()),
    ];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (head, piece) in bodies {
        let before = most_memory();
        runtime.block_on(async {
            let wire = Wire::faulty(move |mut stream| {
                let (head, piece) = (head.clone(), piece.clone());
                async move {
                    send(&mut stream, HEAD).await;
                    send(&mut stream, head).await;
                    for _ in 0..TEN_GB / piece.len().max(1) {
                        if piece.is_empty() || !send(&mut stream, &piece).await {
                            break;
                        }
                    }
                }
            })
            .await;
            let (status, message) = first_fails(&wire).await;
            assert_eq!(status, 502);
            assert!(message.contains("longer than 16777216 bytes, which is the most; ask it for less"), "{message}");
        });
        let grown = most_memory() - before;
        println!("memory grew by {grown} KiB");
        assert!(grown < 64 << 10, "memory grew by {grown} KiB");
    }
}
