//! The HTTP server of `tradewire serve`.

mod callers;
mod middleware;
pub mod tls;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tradewire_config::{Config, Serve};
use tradewire_front::{Door, Identity, Pace, Refusals, descriptors};
use tradewire_runs::CancellationToken;

pub use callers::Callers;
pub use middleware::{Carried, MiddlewareService, MiddlewareState};
pub use webhooks::{Receivers, WebhookRoutes};

/// How long what goes on may take to end once the server stops, whatever the vendors' deadlines are.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether there is someone to listen to.
pub fn listens(config: &Config) -> bool {
    !config.callers.is_empty() || !config.webhooks.is_empty()
}

/// A server that has its address.
pub struct Server {
    listener: TcpListener,
    routes: Router,
    service: Arc<MiddlewareService>,
    door: Door,
    has_tls: bool,
}

impl Server {
    /// Takes the address; calls are answered once it runs.
    pub async fn bind(
        service: MiddlewareService,
        serve: &Serve,
        refusals: Arc<Refusals>,
        identity: watch::Receiver<Option<Arc<Identity>>>,
    ) -> Result<Server> {
        let listen = serve.listen;
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!(
                "cannot listen on {listen}; choose another address as `listen` of `[serve]`, or stop what listens there"
            )
        })?;
        let service = Arc::new(service);
        let routes = middleware::routes(service.clone()).route("/health", get(|| async { "ok\n" }));
        let connections = descriptors::connections(descriptors::raise());
        let door = Door { connections, identity, proxies: serve.proxies.clone(), refusals };
        Ok(Server { listener, routes, service, door, has_tls: serve.tls.is_some() })
    }

    /// Takes events in besides.
    pub fn with_webhooks(self, webhooks: WebhookRoutes) -> Server {
        Server { routes: self.routes.merge(webhooks::routes(webhooks)), ..self }
    }

    /// Where it listens.
    pub fn url(&self) -> std::io::Result<String> {
        let scheme = if self.has_tls { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.listener.local_addr()?))
    }

    /// Serves until it is stopped; calls that go on may take as long as any call may.
    pub async fn run(self, stop: CancellationToken) {
        let patience = || self.service.longest().max(PATIENCE);
        let refusals = self.door.refusals.clone();
        let telling = stop.clone();
        let serving =
            tradewire_front::serve(self.listener, self.door, self.routes, stop, self.service.rest(), patience);
        tokio::join!(serving, refusals.tell(&telling));
    }
}

/// An answer to one who could not say who they are: at its pace.
fn paced(pace: Pace, mut answer: Response) -> Response {
    if pace == Pace::TooMany {
        *answer.status_mut() = axum::http::StatusCode::TOO_MANY_REQUESTS;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
