//! An S3-compatible store on a port of this machine, which checks signatures, over a real folder, that fails as it is
//! told to.

use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const KEY_ID: &str = "AKIDEXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// What a store does that it should not, at the next request that writes.
#[derive(Debug, Clone)]
pub enum Misdeed {
    /// It answers so: a status, an error's name, and how long to wait.
    Answer(u16, &'static str, Option<&'static str>),
    /// Somebody takes the name just before the request is done.
    TakeName,
    /// It lets nobody look at an object. This is for the next request that looks.
    ForbidLook,
    /// It sends whoever writes to another address.
    SendAway(u16, String),
    /// It answers a success, with this tag, and stores nothing.
    Claim(u16, Option<&'static str>),
    /// It says that it has stored what it was not sent.
    WrongChecksum,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
}

/// A running store with the bucket `exports`; it ends with the test.
pub struct S3Server {
    pub address: SocketAddr,
    root: TempDir,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    misdeeds: VecDeque<Misdeed>,
    asked: Vec<Asked>,
}

impl S3Server {
    pub async fn start() -> Self {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("exports")).unwrap();
        let store = s3s_fs::FileSystem::new(root.path()).unwrap();
        let mut builder = S3ServiceBuilder::new(store);
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = builder.build();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (for_requests, folder) = (Arc::clone(&shared), root.path().to_owned());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, shared, folder) = (service.clone(), Arc::clone(&for_requests), folder.clone());
                let answer = service_fn(move |request: Request<Incoming>| {
                    let (service, shared, folder) = (service.clone(), Arc::clone(&shared), folder.clone());
                    async move {
                        match misdo(&shared, &folder, &request) {
                            Some(answer) => Ok(answer),
                            None => service.call(request.map(s3s::Body::from)).await,
                        }
                    }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { address, root, shared }
    }

    /// From now on it does these, each once.
    pub fn will(&self, misdeeds: &[Misdeed]) {
        self.shared.lock().unwrap().misdeeds = misdeeds.iter().cloned().collect();
    }

    /// The requests since this was asked last.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.lock().unwrap().asked)
    }

    pub fn object(&self, key: &str) -> PathBuf {
        self.root.path().join("exports").join(key)
    }

    /// The names of all objects below a prefix.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.object(prefix)) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|n| !n.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// How many uploads are begun and neither completed nor aborted.
    pub fn uploads(&self) -> usize {
        let parts = fs::read_dir(self.root.path()).unwrap();
        parts.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".upload")).count()
    }
}

fn misdo(shared: &Mutex<Shared>, root: &Path, request: &Request<Incoming>) -> Option<Response<s3s::Body>> {
    let mut shared = shared.lock().unwrap();
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    shared.asked.push(Asked { method: method.clone(), uri: uri.clone(), headers });
    let completes = method == Method::POST && uri.query().is_some_and(|query| query.contains("uploadId="));
    match shared.misdeeds.front()? {
        Misdeed::TakeName if completes || (method == Method::PUT && uri.query().is_none()) => {
            shared.misdeeds.pop_front();
            let object = root.join(uri.path().trim_start_matches('/'));
            fs::create_dir_all(object.parent().unwrap()).unwrap();
            fs::write(object, "theirs").unwrap();
            None
        }
        Misdeed::ForbidLook if method == Method::HEAD => {
            shared.misdeeds.pop_front();
            Some(Response::builder().status(403).body(s3s::Body::from(String::new())).unwrap())
        }
        &Misdeed::Answer(status, code, wait) if method != Method::HEAD => {
            shared.misdeeds.pop_front();
            let body = format!("<Error><Code>{code}</Code><Message>as told to</Message></Error>");
            let mut answer = Response::builder().status(status);
            if let Some(wait) = wait {
                answer = answer.header(RETRY_AFTER, wait);
            }
            Some(answer.body(s3s::Body::from(body)).unwrap())
        }
        Misdeed::SendAway(..) | Misdeed::Claim(..) | Misdeed::WrongChecksum if method != Method::HEAD => {
            let answer = match shared.misdeeds.pop_front()? {
                Misdeed::SendAway(status, to) => Response::builder().status(status).header("location", to),
                Misdeed::Claim(status, Some(tag)) => Response::builder().status(status).header("etag", tag),
                Misdeed::Claim(status, None) => Response::builder().status(status),
                _ => {
                    Response::builder().header("etag", "\"x\"").header("x-amz-checksum-sha256", "c29tZXRoaW5nIGVsc2U=")
                }
            };
            Some(answer.body(s3s::Body::from(String::new())).unwrap())
        }
        _ => None,
    }
}
