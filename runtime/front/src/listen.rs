//! Listening: connections are taken, secured, checked and served, and end.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use crate::seats::{Address, Peer, Seat, Seats};
use crate::strict::{self, Malformed, Strict};
use crate::{Identity, Refusals};

/// How long a connection may idle before its first call and between two, the head of a call included.
const IDLE: Duration = Duration::from_secs(30);
/// How long client and server may take to agree on a key.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How much of an answer waits in memory for its reader.
const BUFFER: usize = 64 * 1024;
/// How long those who have not proven who they are may go on once the server stops.
const PARTING: Duration = Duration::from_secs(2);
/// How often it is told that no connection can be accepted.
const TOLD: Duration = Duration::from_secs(5);

/// How connections are served.
pub struct Door {
    /// How many are open at a time; more push out those that wait.
    pub connections: usize,
    /// Who the server is, where it speaks TLS: whatever it is by then.
    pub identity: watch::Receiver<Option<Arc<Identity>>>,
    /// Those that pass on the calls of others, and say whose in `X-Forwarded-For`.
    pub proxies: Vec<IpAddr>,
    /// Where it is counted who sends what is no HTTP.
    pub refusals: Arc<Refusals>,
}

struct Serving {
    http: http1::Builder,
    routes: Router,
    door: Door,
}

/// Serves until it is told to stop, then lets what goes on come to its end, within what `patience` says by then:
/// connections, and at `rest` the calls whose callers have hung up.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    routes: Router,
    stop: CancellationToken,
    rest: impl Future<Output = ()>,
    patience: impl FnOnce() -> Duration,
) {
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(BUFFER);
    let seats = Seats::new(door.connections);
    let serving = Arc::new(Serving { http, routes, door });
    let mut told: Option<Instant> = None;
    let accepting = async {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if told.is_none_or(|told| told.elapsed() > TOLD) {
                        tracing::warn!(%error, "cannot accept connections");
                        told = Some(Instant::now());
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Latency is all this would change.
            let _ = stream.set_nodelay(true);
            let seat = Arc::new(seats.take(peer.ip().into(), serving.is_proxy(peer.ip())).await);
            let (serving, watcher) = (serving.clone(), graceful.watcher());
            tokio::spawn(async move {
                tokio::select! {
                    () = serving.connection(stream, peer, &seat, watcher) => {}
                    () = seat.gives_way() => tracing::debug!(%peer, "a connection gives way to a new one"),
                }
            });
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = accepting => {}
    }
    drop(listener);
    let ends = async {
        graceful.shutdown().await;
        rest.await;
    };
    // Nobody vouches for them, and the server is gone for all others meanwhile.
    let strangers = async {
        let mut last = 0;
        loop {
            last = seats.end_waiting(last);
            tokio::time::sleep(PARTING).await;
        }
    };
    tokio::select! {
        _ = tokio::time::timeout(patience(), ends) => {}
        () = strangers => {}
    }
}

impl Serving {
    fn is_proxy(&self, address: IpAddr) -> bool {
        self.door.proxies.contains(&address.to_canonical())
    }

    async fn connection(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, seat: &Arc<Seat>, watcher: Watcher) {
        let identity = self.door.identity.borrow().as_ref().map(|identity| identity.config());
        let Some(config) = identity else { return self.http(stream, peer, seat, watcher).await };
        let handshake = async {
            // Whoever says nothing at all only looks whether somebody is here.
            match stream.peek(&mut [0]).await {
                Ok(0) | Err(_) => Ok(None),
                _ => TlsAcceptor::from(config).accept(stream).await.map(Some),
            }
        };
        let why = match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(Ok(Some(stream))) => return self.http(stream, peer, seat, watcher).await,
            Ok(Ok(None)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it took longer than {} s", HANDSHAKE.as_secs()),
        };
        self.door.refusals.count("connections that agree on no TLS", peer.ip().into(), &why);
    }

    async fn http(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        seat: &Arc<Seat>,
        watcher: Watcher,
    ) {
        let (serving, seat) = (self.clone(), seat.clone());
        let service = hyper::service::service_fn(move |request| {
            let (serving, seat) = (serving.clone(), seat.clone());
            async move { Ok::<_, Infallible>(serving.answer(request, peer, seat).await) }
        });
        let connection = self.http.serve_connection(TokioIo::new(Strict::new(stream)), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }

    async fn answer(&self, request: hyper::Request<Incoming>, peer: SocketAddr, seat: Arc<Seat>) -> Response {
        let address = self.address(peer, request.headers());
        if let Some(malformed) = strict::malformed(request.headers()) {
            self.door.refusals.count("requests that are no HTTP/1.1", address, malformed.text());
            return refused(malformed);
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer { address, seat });
        match self.routes.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Where a request comes from. What a proxy passes on comes from the last that is none.
    fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> Address {
        if !self.is_proxy(peer.ip()) {
            return peer.ip().into();
        }
        let named = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
        for text in named.into_iter().rev() {
            match text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())) {
                Ok(address) if self.is_proxy(address) => {}
                Ok(address) => return address.into(),
                Err(_) => break,
            }
        }
        peer.ip().into()
    }
}

fn refused(malformed: Malformed) -> Response {
    // None of these texts has a quotation mark.
    let mut response = Response::new(Body::from(format!("{{\"error\":\"{}\"}}", malformed.text())));
    *response.status_mut() = malformed.status();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
