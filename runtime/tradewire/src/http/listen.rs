//! Connections: how many, how slow they may be, and how they end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tradewire_runs::CancellationToken;

/// How many connections are open at a time; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// How long the head of a call may take to arrive, and how long a connection may idle between calls.
const HEAD: Duration = Duration::from_secs(30);

/// Serves until it is told to stop, then lets what goes on come to its end, within what `patience` says by then:
/// connections, and at `rest` the calls whose callers have hung up.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
    rest: impl Future<Output = ()>,
    patience: impl FnOnce() -> Duration,
) {
    let graceful = GracefulShutdown::new();
    // To tell HTTP/1 from HTTP/2 the first bytes would be waited for without end: whoever sends none would keep a place.
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = async {
            // It is never closed.
            let place = places.clone().acquire_owned().await.ok();
            listener.accept().await.map(|(stream, _)| (stream, place))
        };
        let (stream, place) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Latency is all this would change.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(routes.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    let ends = async {
        graceful.shutdown().await;
        rest.await;
    };
    let _ = tokio::time::timeout(patience(), ends).await;
}
