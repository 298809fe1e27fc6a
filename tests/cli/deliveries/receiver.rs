//! Whoever takes files over HTTP: known by a key that comes again with each try, it takes each once.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::runtime::Runtime;

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// It takes nothing, and says when to come again, in seconds.
    Busy(u32),
    /// It takes the file and never says so.
    Silent,
}

/// A file that it has taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub name: String,
    pub content_type: String,
    pub authorization: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
struct Shared {
    mood: Mood,
    tries: usize,
    keys: Vec<String>,
    taken: Vec<Taken>,
}

/// A receiver that is up for as long as this lives.
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    _runtime: Runtime,
}

/// An address that nobody listens at, for now.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Receiver {
    /// One at this address.
    pub fn at(address: SocketAddr, mood: Mood) -> Receiver {
        let shared = Arc::new(Mutex::new(Shared { mood, tries: 0, keys: Vec::new(), taken: Vec::new() }));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(take).with_state(shared.clone());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Receiver { address, shared, _runtime: runtime }
    }

    pub fn becomes(&self, mood: Mood) {
        self.shared.lock().unwrap().mood = mood;
    }

    /// How often it was asked.
    pub fn tries(&self) -> usize {
        self.shared.lock().unwrap().tries
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.shared.lock().unwrap().taken.clone()
    }
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let mood = {
        let mut shared = shared.lock().unwrap();
        shared.tries += 1;
        let key = header("idempotency-key");
        if !matches!(shared.mood, Mood::Busy(_)) && !shared.keys.contains(&key) {
            shared.keys.push(key);
            shared.taken.push(Taken {
                name: header("content-disposition"),
                content_type: header("content-type"),
                authorization: header("authorization"),
                bytes: body.to_vec(),
            });
        }
        shared.mood
    };
    match mood {
        Mood::Good => StatusCode::CREATED.into_response(),
        Mood::Busy(seconds) => {
            let after = [("retry-after", HeaderValue::from(seconds))];
            (StatusCode::SERVICE_UNAVAILABLE, after).into_response()
        }
        Mood::Silent => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::OK.into_response()
        }
    }
}
