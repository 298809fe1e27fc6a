//! A vendor that answers as it is told and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

type Script = Arc<Mutex<VecDeque<Response<Body>>>>;

pub struct StandIn {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    /// One that somebody else answers for.
    pub fn at(url: &str) -> StandIn {
        StandIn { url: url.to_owned(), asked: Arc::default() }
    }

    /// Answers these, one after the other; then 404.
    pub async fn answering(answers: Vec<Response<Body>>) -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let script: Script = Arc::new(Mutex::new(answers.into()));
        let router = Router::new().fallback(answer).with_state((asked.clone(), script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        StandIn { url, asked }
    }

    /// Reads a request and breaks the connection, as often as it is asked.
    pub async fn breaking() -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 16];
                let _ = stream.read(&mut head).await;
                let method = String::from_utf8_lossy(&head).split(' ').next().unwrap_or_default().to_owned();
                let (path, headers, body) = (String::new(), HeaderMap::new(), String::new());
                kept.lock().unwrap().push(Asked { method, path, headers, body });
                let _ = stream.shutdown().await;
            }
        });
        StandIn { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State((asked, script)): State<(Arc<Mutex<Vec<Asked>>>, Script)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (method, path) = (method.to_string(), uri.to_string());
    let body = String::from_utf8_lossy(&body).into_owned();
    asked.lock().unwrap().push(Asked { method, path, headers, body });
    script.lock().unwrap().pop_front().unwrap_or_else(|| with(404, "text/plain", "no more answers"))
}

pub fn with(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).header("content-type", kind).body(body.into()).unwrap()
}

pub fn json(body: &str) -> Response<Body> {
    with(200, "application/json", body.to_owned())
}

pub fn redirect(status: u16, to: &str) -> Response<Body> {
    Response::builder().status(status).header("location", to).body(Body::empty()).unwrap()
}
