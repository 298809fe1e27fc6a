//! A ServiceTitan that follows a script, over real sockets.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use tradewire_client::{Arguments, Client, Credentials, Environment, Options, RateLimit, Retry, Tenant};
use tradewire_surface::{Catalog, OperationRef};

pub const TENANT: i64 = 7;
pub const APP_KEY: &str = "ak1.the-app-key";
pub const SECRET: &str = "cs1.the-client-secret";
/// What the scripted tokens begin with; the number of the fetch follows.
pub const TOKEN: &str = "eyJ0b2tlbiI6MX0.the-token-";

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
    /// The how manieth request to its path it is, from 1.
    pub number: usize,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What a script answers.
pub type Reply = Response;

type Script = dyn Fn(Seen) -> BoxFuture<'static, Response> + Send + Sync;

/// A server that does what its script says, and remembers what it was asked.
pub struct Server {
    pub addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Gives tokens to everybody; `script` answers the rest.
    pub async fn start<F: Future<Output = Response> + Send + 'static>(
        script: impl Fn(Seen) -> F + Send + Sync + 'static,
    ) -> Server {
        Server::with_tokens(|seen| async move { token(seen.number, 900) }, script).await
    }

    pub async fn with_tokens<
        T: Future<Output = Response> + Send + 'static,
        F: Future<Output = Response> + Send + 'static,
    >(
        tokens: impl Fn(Seen) -> T + Send + Sync + 'static,
        script: impl Fn(Seen) -> F + Send + Sync + 'static,
    ) -> Server {
        let tokens: Arc<Script> = Arc::new(move |seen| tokens(seen).boxed());
        let script: Arc<Script> = Arc::new(move |seen| script(seen).boxed());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let remembered = seen.clone();
        let counts: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let answer = move |request: Request| {
            let (tokens, script, seen, counts) = (tokens.clone(), script.clone(), seen.clone(), counts.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
                let path = parts.uri.path().to_owned();
                let number = {
                    let mut counts = counts.lock().unwrap();
                    let count = counts.entry(path.clone()).or_default();
                    *count += 1;
                    *count
                };
                let query = parts.uri.query().unwrap_or_default().to_owned();
                let (method, headers, at) = (parts.method, parts.headers, Instant::now());
                let request = Seen { method, path, query, headers, body, at, number };
                seen.lock().unwrap().push(request.clone());
                if request.path.ends_with("/connect/token") { tokens(request).await } else { script(request).await }
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(answer)).await.unwrap();
        });
        Server { addr, seen: remembered, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The requests for tokens.
    pub fn tokens(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path.ends_with("/connect/token")).cloned().collect()
    }

    /// All other requests.
    pub fn calls(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| !seen.path.ends_with("/connect/token")).cloned().collect()
    }

    /// Waits until it has seen so many calls.
    pub async fn has_seen(&self, calls: usize) {
        let waiting = async {
            while self.calls().len() < calls {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    }

    /// A client of this server that is quick to try again and knows no limit.
    pub fn options(&self) -> Options {
        let environment: Environment = self.url().parse().unwrap();
        let mut options = Options::new(environment, APP_KEY.into());
        options.rate = RateLimit::UNLIMITED;
        options.retry =
            Retry { attempts: 3, base: Duration::from_millis(2), cap: Duration::from_millis(5), ..Retry::default() };
        options
    }

    pub fn tenant(&self) -> Tenant {
        tenant(self.options())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn tenant(options: Options) -> Tenant {
    Client::new(options).unwrap().tenant(credentials())
}

pub fn credentials() -> Credentials {
    Credentials { tenant: TENANT, client_id: "cid.test".to_owned(), client_secret: SECRET.into() }
}

pub fn operation(id: &str) -> OperationRef<'static> {
    Catalog::get().operation(id).unwrap()
}

/// A read without parameters.
pub fn read() -> OperationRef<'static> {
    operation("payroll/activity-codes.get-list")
}

/// As many reads, all under way at once, each of which must succeed.
pub async fn read_at_once(tenant: &Tenant, count: usize) {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let tenant = tenant.clone();
            tokio::spawn(async move { tenant.call(read(), &Arguments::default()).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

/// A write that must not be sent twice.
pub fn create() -> (OperationRef<'static>, Arguments) {
    (
        operation("payroll/gross-pay-items.create"),
        Arguments { body: Some(Bytes::from_static(b"{}")), ..Arguments::default() },
    )
}

/// A write that may be sent twice.
pub fn update() -> (OperationRef<'static>, Arguments) {
    let path = vec![("id".to_owned(), "5".to_owned())];
    let body = Some(Bytes::from_static(b"{}"));
    (operation("payroll/gross-pay-items.update"), Arguments { path, body, ..Arguments::default() })
}

/// A token that says which fetch gave it.
pub fn token(number: usize, life: u32) -> Response {
    json(200, &format!(r#"{{"access_token":"{TOKEN}{number}","expires_in":{life},"token_type":"Bearer","scope":"x"}}"#))
}

pub fn json(status: u16, body: &str) -> Response {
    with(status, &[("content-type", "application/json; charset=utf-8")], body)
}

pub fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

/// A good page of one record.
pub fn page() -> Response {
    json(200, r#"{"page":1,"pageSize":50,"hasMore":false,"data":[{"id":1}]}"#)
}

/// Half a page, then the connection breaks.
pub fn half_a_page() -> Response {
    broken_off("application/json", r#"{"page":1,"data":[{"id""#)
}

/// The start of a body, then the connection breaks.
pub fn broken_off(content_type: &str, start: &'static str) -> Response {
    let start = stream::iter([Ok(Bytes::from_static(start.as_bytes()))]);
    // The start must have left before the end comes.
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("broken by the script"))
    });
    Response::builder().header("content-type", content_type).body(Body::from_stream(start.chain(end))).unwrap()
}

/// The connection breaks without a word.
pub fn hang_up() -> Response {
    // Ends the connection's task, quietly: a panic would be printed.
    std::panic::resume_unwind(Box::new(()))
}
