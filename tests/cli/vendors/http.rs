//! A client of bare sockets: what it sends need not be whole, and what it gets is all there is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything takes; so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It is what the vendor was asked for.
    #[track_caller]
    pub fn succeeded(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        let json = self.json();
        assert_eq!(json["success"], true, "{self:?}");
        json
    }

    /// It is a failure in the contracts' own shape, with this status, of this kind, and each of these texts in its
    /// message.
    #[track_caller]
    pub fn failed(&self, status: u16, kind: &str, texts: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let json = self.json();
        assert_eq!((&json["success"], json["errorKind"].as_str()), (&Value::Bool(false), Some(kind)), "{self:?}");
        let message = json["errorMessage"].as_str().unwrap();
        for text in texts {
            assert!(message.contains(text), "`{text}` is not in `{message}`");
        }
    }
}

/// The head of a call with this key and a body of so many bytes.
pub fn head(key: Option<&str>, path: &str, length: usize) -> String {
    let key = key.map(|key| format!("x-tradewire-key: {key}\r\n")).unwrap_or_default();
    format!(
        "POST /middleware/{path} HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n{key}content-type: \
         application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// A call with this key.
pub fn post(key: Option<&str>, path: &str, body: &str) -> String {
    head(key, path, body.len()) + body
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request and reads its answer.
pub fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut stream = connect(address);
    // One that is refused early is not read to its end.
    let _ = stream.write_all(request.as_ref());
    answer(stream)
}

/// Reads an answer up to the end of the connection.
pub fn answer(mut stream: TcpStream) -> Answer {
    let mut read = Vec::new();
    // Whoever has not read all of a request resets the connection behind its answer.
    let _ = stream.read_to_end(&mut read);
    let read = String::from_utf8(read).unwrap();
    let (head, text) = read.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: `{read}`"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer { status: status.unwrap_or_else(|| panic!("{head}")), head: head.to_owned(), text: text.to_owned() }
}
