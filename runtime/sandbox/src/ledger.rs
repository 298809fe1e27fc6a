//! What went over the wire, as it came: for tests that look behind a client's back.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

/// A call, as it came. Secrets are left out: of `Authorization` only the scheme is kept, of a token request and of the
/// vendor's key nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The method.
    pub method: String,
    /// The path, still encoded.
    pub path: String,
    /// The query, still encoded.
    pub query: String,
    /// The headers, with names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, as text; a file's bytes that are no text are replaced.
    pub body: String,
    /// The operation, or `token`; none for a path that no operation has.
    pub operation: Option<String>,
    /// The answer's status; 0 where the connection was broken instead.
    pub status: u16,
}

impl Entry {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// Bodies beyond this are cut.
const LONGEST_BODY: usize = 64 * 1024;
/// Calls beyond this push out the oldest.
const MOST_ENTRIES: usize = 4096;

/// The latest calls, and every write that was carried out: what it has made is kept as well, so this grows no faster.
#[derive(Default)]
pub(crate) struct Ledger {
    calls: Mutex<VecDeque<Entry>>,
    writes: Mutex<Vec<Entry>>,
}

impl Ledger {
    pub fn write(&self, entry: Entry) {
        let mut entries = self.calls.lock();
        if entries.len() == MOST_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.calls.lock().iter().cloned().collect()
    }

    pub fn clear(&self) {
        self.calls.lock().clear();
    }

    /// A write that was carried out with this status, whatever its caller gets to see of that.
    pub fn carried_out(&self, entry: &Entry, status: u16) {
        self.writes.lock().push(Entry { status, ..entry.clone() });
    }

    pub fn writes(&self) -> Vec<Entry> {
        self.writes.lock().clone()
    }
}

/// The entry of a request that is not answered yet.
pub(crate) fn entry(head: &hyper::http::request::Parts, body: &[u8]) -> Entry {
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = if name == hyper::header::AUTHORIZATION {
            value.split_once(' ').map_or("…".to_owned(), |(scheme, _)| format!("{scheme} …"))
        } else if name == crate::vendor::KEY {
            "…".to_owned()
        } else {
            value.into_owned()
        };
        (name.as_str().to_owned(), value)
    };
    Entry {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&body[..body.len().min(LONGEST_BODY)]).into_owned(),
        operation: None,
        status: 0,
    }
}
