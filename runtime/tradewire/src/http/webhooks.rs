//! `POST /webhooks/{name}` and `POST /webhooks/{name}/{tenant}`: ServiceTitan's events.
//!
//! A 2xx says that the event is stored. 401 answers what is forged or out of time, 400 what is no event that the webhook
//! takes, 503 what could not be stored: ServiceTitan sends it again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use chrono::Utc;
use serde_json::json;
use tokio::sync::watch;
use tradewire_config::{Config, Serve};
use tradewire_executor::Faults;
use tradewire_front::{Arrivals, Full, NotArrived, Pace, Peer, Refusals, Shares};
use tradewire_webhooks::{Delivery, Forged, Intake, Received, Receiver, ReceiverFault, Refused};

use super::paced;

/// How long the store may take: ServiceTitan does not wait for ever either.
const STORING: Duration = Duration::from_secs(10);

/// What takes events in, by the names of the webhooks.
#[derive(Default)]
pub struct Receivers(HashMap<String, Receiver>);

impl Receivers {
    /// Reads the keys.
    pub fn load(config: &Config, faults: &mut Faults) -> Receivers {
        let mut receivers = HashMap::new();
        for (name, webhook) in &config.webhooks {
            match Receiver::load(webhook, config) {
                Ok(receiver) => drop(receivers.insert(name.clone(), receiver)),
                Err(ReceiverFault::Secret(error)) => {
                    faults.secret(format_args!("webhook `{name}`, `secret`"), &error);
                }
                Err(error) => faults.add(format!("webhook `{name}`, `secret`: {error}")),
            }
        }
        Receivers(receivers)
    }
}

/// Told of each event that is taken in, and of the webhook that it came by.
type Observer = Box<dyn Fn(&str, &Received) + Send + Sync>;

/// Where events come in.
pub struct WebhookRoutes {
    receivers: watch::Receiver<Arc<Receivers>>,
    intake: Intake,
    /// One for each event that may be taken in at a time.
    places: Arc<Shares>,
    arrivals: Arc<Arrivals>,
    refusals: Arc<Refusals>,
    observer: Observer,
}

/// An event that is not taken in: the status and what is wrong, and how it is counted, where it is.
struct Rejection(StatusCode, String, Option<Counted>);

/// How a rejection is counted.
struct Counted {
    kind: String,
    detail: String,
    /// Whether it is ServiceTitan's: whoever could not show that is answered slowly.
    is_genuine: bool,
}

impl Rejection {
    fn new(status: StatusCode, text: impl Into<String>) -> Rejection {
        Rejection(status, text.into(), None)
    }

    fn busy(text: impl Into<String>) -> Rejection {
        Rejection::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    /// Of one who could not show that the event is ServiceTitan's.
    fn of_a_stranger(self, kind: String) -> Rejection {
        Rejection(self.0, self.1, Some(Counted { kind, detail: String::new(), is_genuine: false }))
    }
}

impl WebhookRoutes {
    /// With somebody who looks on.
    pub fn new(
        serve: &Serve,
        receivers: watch::Receiver<Arc<Receivers>>,
        intake: Intake,
        refusals: Arc<Refusals>,
        observer: impl Fn(&str, &Received) + Send + Sync + 'static,
    ) -> WebhookRoutes {
        WebhookRoutes {
            receivers,
            intake,
            places: Shares::new(serve.at_once),
            arrivals: Arc::new(Arrivals::new(serve.body, serve.at_once)),
            refusals,
            observer: Box::new(observer),
        }
    }

    async fn take_in(
        &self,
        webhook: &str,
        tenant: Option<&str>,
        peer: &Peer,
        request: Request,
    ) -> Result<Received, Rejection> {
        let receivers = self.receivers.borrow().clone();
        let receiver = receivers.0.get(webhook).ok_or_else(|| {
            let missing = Rejection::new(StatusCode::NOT_FOUND, "there is no such webhook");
            missing.of_a_stranger("events at addresses of no webhook".to_owned())
        })?;
        let (head, body) = request.into_parts();
        let forged = |forged: Forged| {
            let how = match forged {
                Forged::Unsigned => "without a signature",
                Forged::Mismatch => "with a signature that is not theirs",
                _ => "with a signature that is none",
            };
            let rejection = Rejection::new(StatusCode::UNAUTHORIZED, forged.to_string());
            rejection.of_a_stranger(format!("events of webhook `{webhook}` {how}"))
        };
        // What is not signed is not received, and what is forged costs its own arrival and nothing after.
        let signatures = head.headers.get_all(receiver.header()).into_iter().map(HeaderValue::as_bytes);
        let mut checking = receiver.begin(signatures).map_err(forged)?;
        let holder = (peer.address().to_string(), usize::MAX);
        let body = self.arrivals.receive(body, holder, |piece| checking.update(piece)).await.map_err(|error| {
            Rejection::from(error).of_a_stranger(format!("events of webhook `{webhook}` whose body did not arrive"))
        })?;
        let genuine = checking.finish().map_err(forged)?;
        let names = receivers.0.keys().map(String::as_str);
        let _place = self.places.take(webhook, receiver.at_once(), names).map_err(|full| {
            let allowed = match full {
                Full::All => "as `at_once` of `[serve]` allows".to_owned(),
                Full::Kept => "as `at_once` of `[serve]` leaves to one webhook beside others".to_owned(),
                Full::Own => format!("as `at_once` of `[webhook.{webhook}]` allows"),
            };
            Rejection::busy(format!("as many events are being taken in {allowed}; come again"))
        })?;
        let _proven = peer.prove(&format!("webhook `{webhook}`")).ok_or_else(|| {
            Rejection::busy("as many events of this webhook are being taken in as others leave room for; come again")
        })?;
        let delivery = Delivery { tenant, body: &body, at: Utc::now() };
        let receiving = tokio::time::timeout(STORING, receiver.receive(&self.intake, genuine, delivery)).await;
        match receiving {
            Ok(Ok(received)) => {
                (self.observer)(webhook, &received);
                Ok(received)
            }
            Ok(Err(refused)) => Err(Rejection::of(webhook, refused)),
            // Should it be stored after all, it is known when it comes again.
            Err(_) => {
                tracing::error!(webhook, "the store does not answer: an event is to be sent again");
                Err(Rejection::busy("the event could not be stored; send it again"))
            }
        }
    }

    async fn answer(&self, webhook: &str, tenant: Option<&str>, peer: &Peer, request: Request) -> Response {
        let rejection = match self.take_in(webhook, tenant, peer, request).await {
            Ok(received) => {
                return Json(json!({ "event": received.id, "repeated": received.is_repeated })).into_response();
            }
            Err(rejection) => rejection,
        };
        let pace = match &rejection.2 {
            None => Pace::Answered,
            Some(Counted { kind, detail, is_genuine: true }) => {
                self.refusals.count(kind, peer.address(), detail);
                Pace::Answered
            }
            Some(Counted { kind, detail, .. }) => self.refusals.slow(kind, peer.address(), detail).await,
        };
        paced(pace, rejection.into_response())
    }
}

impl From<NotArrived> for Rejection {
    fn from(error: NotArrived) -> Rejection {
        Rejection::new(error.status(), error.to_string())
    }
}

impl Rejection {
    /// Of an event that is ServiceTitan's.
    fn of(webhook: &str, refused: Refused) -> Rejection {
        let status = match &refused {
            Refused::OutOfTime { .. } => StatusCode::UNAUTHORIZED,
            // What is the matter with the store is nobody's business out there; the log says it.
            Refused::Store(error) => {
                tracing::error!(webhook, %error, "an event could not be stored");
                return Rejection::busy("the event could not be stored; send it again");
            }
            _ => StatusCode::BAD_REQUEST,
        };
        let detail = match &refused {
            Refused::BoundElsewhere { tenant } => format!("{refused}; it is `{tenant}`'s"),
            refused => refused.to_string(),
        };
        let kind = format!("events of webhook `{webhook}` that it does not take");
        Rejection(status, refused.to_string(), Some(Counted { kind, detail, is_genuine: true }))
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Rejection(status, error, _) = self;
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

pub(super) fn routes(webhooks: WebhookRoutes) -> Router {
    Router::new()
        .route("/webhooks/{name}", post(of_any_tenant))
        .route("/webhooks/{name}/{tenant}", post(of_a_tenant))
        .with_state(Arc::new(webhooks))
}

async fn of_any_tenant(
    State(webhooks): State<Arc<WebhookRoutes>>,
    Extension(peer): Extension<Peer>,
    Path(webhook): Path<String>,
    request: Request,
) -> Response {
    webhooks.answer(&webhook, None, &peer, request).await
}

async fn of_a_tenant(
    State(webhooks): State<Arc<WebhookRoutes>>,
    Extension(peer): Extension<Peer>,
    Path((webhook, tenant)): Path<(String, String)>,
    request: Request,
) -> Response {
    webhooks.answer(&webhook, Some(&tenant), &peer, request).await
}
