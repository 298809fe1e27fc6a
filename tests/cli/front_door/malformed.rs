//! What is no HTTP/1.1, and what two readers may read differently.

use std::io::Write;

use super::{bench, event, health, request, signature, told};
use crate::bench::until;
use crate::vendors::http::{answer, ask, connect};
use crate::vendors::serving::Serving;

#[test]
fn what_is_no_http_is_refused_with_what_is_wrong() {
    let (bench, address) = bench("[serve]");
    let serving = Serving::for_scripts(&bench, address);
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(10_000));
    let heavy = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(40_000));
    let cases = [
        ("GET /health HTTP/1.1\nhost: a\n\n", 400, "CR LF"),
        ("GET /health HTTP/1.1\r\nhost: a\n\r\n", 400, "CR LF"),
        ("GET /health HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n\r\n", 400, "goes on in the next line"),
        ("GET /health HTTP/1.1\r\n\r\n", 400, "exactly one `Host`"),
        ("GET /health HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400, "exactly one `Host`"),
        ("GET /health HTTP/1.1\r\nhost: a b\r\n\r\n", 400, "`Host` header is not a host"),
        ("GET /health HTTP/1.1\r\nhost: \r\n\r\n", 400, "`Host` header is not a host"),
        ("GET  /health HTTP/1.1\r\nhost: a\r\n\r\n", 400, "request line"),
        ("GET /health\r\n\r\n", 400, "request line"),
        ("GET health HTTP/1.1\r\nhost: a\r\n\r\n", 400, "target"),
        ("CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n", 400, "target"),
        ("GET /health HTTP/1.1\r\nhost : a\r\n\r\n", 400, "a name, a colon"),
        ("GET /health HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", 400, "a name, a colon"),
        ("GET /health HTTP/1.1\r\nhost: a\r\ntradewire-malformed: 1\r\n\r\n", 400, "a name, a colon"),
        ("GET /health HTTP/2.0\r\nhost: a\r\n\r\n", 505, "HTTP/1.1"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"),
        (
            "POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
            400,
            "whole number",
        ),
        ("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\nx", 400, "whole number"),
        ("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\nx", 400, "whole number"),
        (
            "POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "contradict",
        ),
        ("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n", 501, "chunked"),
        ("POST /webhooks/jobs HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n", 501, "chunked"),
        (
            "POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\nexpect: miracles\r\ncontent-length: 1\r\n\r\nx",
            417,
            "100-continue",
        ),
        (&long, 414, "8 KiB"),
        (&heavy, 431, "32 KiB"),
    ];
    for (text, status, told) in cases {
        let refused = ask(address, text);
        assert_eq!(refused.status, status, "{text:.80}: {refused:?}");
        assert_eq!(refused.header("connection"), Some("close"), "{refused:?}");
        assert!(refused.json()["error"].as_str().unwrap().contains(told), "{text:.80}: {refused:?}");
    }
    until("they are told", || told(&serving, "requests that are no HTTP/1.1") == cases.len() as u64);
    assert_eq!(health(address), 200);
    serving.stop();
}

#[test]
fn no_second_request_hides_in_the_body_of_a_first() {
    let (bench, address) = bench("[serve]");
    let serving = Serving::for_scripts(&bench, address);
    let body = event("hidden").to_string();
    let hidden = request("jobs", &format!("x-servicetitan-signature: {}\r\n", signature(&body)), &body);
    let both = |framing: &str| format!("POST /health HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}");
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding:\tchunked, chunked",
        "content-length: 5\r\ncontent-length: 0",
    ] {
        let answer = ask(address, both(framing));
        assert!(matches!(answer.status, 400 | 501), "{framing}: {answer:?}");
        assert_eq!(answer.text.matches("HTTP/1.1").count(), usize::from(answer.status == 501), "{framing}: {answer:?}");
    }
    // Chunks that are none break the body off, whatever stands behind them.
    let chunks = "x-servicetitan-signature: ".to_owned() + &"0".repeat(64) + "\r\ntransfer-encoding: chunked";
    for broken in ["5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "-5\r\n", "5 5\r\n"] {
        let text = format!("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n{chunks}\r\n\r\n{broken}{hidden}");
        let answer = ask(address, text);
        assert!(
            answer.status == 400 && answer.text.contains("the chunks of the body are not"),
            "{broken:?}: {answer:?}"
        );
    }
    assert_eq!(bench.tradewire("webhooks list").succeeded().out, "no events\n");

    // What is well-formed may stand one behind the other.
    let mut stream = connect(address);
    let chunked =
        hidden.replace("content-length: ", "x-length: ").replace("host:", "transfer-encoding: chunked\r\nhost:");
    let (head, _) = chunked.split_once("\r\n\r\n").unwrap();
    let two = format!(
        "\r\nGET /health HTTP/1.1\r\nhost: a\r\n\r\n{head}\r\n\r\n{:x};x=y\r\n{body}\r\n0\r\nx-sum: 1\r\n\r\n",
        body.len()
    );
    stream.write_all(two.as_bytes()).unwrap();
    let answer = answer(stream);
    assert!(answer.status == 200 && answer.text.contains("\"repeated\":false"), "{answer:?}");
    serving.stop();
}
