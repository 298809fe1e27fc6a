//! The HTTP server of `tradewire serve`.

mod arrivals;
mod callers;
mod listen;
mod middleware;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tradewire_runs::CancellationToken;

pub use callers::Callers;
pub use middleware::{Carried, Desk, Reach};
pub use webhooks::{Letterbox, Receivers};

/// How long what goes on may take to end once the server stops, whatever the suppliers' deadlines are.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that has its address.
pub struct Server {
    listener: TcpListener,
    routes: Router,
    desk: Arc<Desk>,
}

impl Server {
    /// Takes the address; calls are answered once it runs.
    pub async fn bind(desk: Desk, listen: SocketAddr) -> Result<Server> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!(
                "cannot listen on {listen}; choose another address as `listen` of `[serve]`, or stop what listens there"
            )
        })?;
        let desk = Arc::new(desk);
        let routes = middleware::routes(desk.clone()).route("/health", get(|| async { "ok\n" }));
        Ok(Server { listener, routes, desk })
    }

    /// Takes events in besides.
    pub fn with_webhooks(self, letterbox: Letterbox) -> Server {
        Server { routes: self.routes.merge(webhooks::routes(letterbox)), ..self }
    }

    /// Where it listens.
    pub fn addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is stopped; calls that go on may take as long as any call may.
    pub async fn run(self, stop: CancellationToken) {
        let patience = || self.desk.longest().max(PATIENCE);
        listen::serve(self.listener, self.routes, stop, self.desk.rest(), patience).await;
    }
}
