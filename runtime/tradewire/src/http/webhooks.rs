//! `POST /webhooks/{name}` and `POST /webhooks/{name}/{tenant}`: ServiceTitan's events.
//!
//! A 2xx says that the event is stored. 401 answers what is forged or out of time, 400 what is no event that the webhook
//! takes, 503 what could not be stored: ServiceTitan sends it again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use chrono::Utc;
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tradewire_runs::config::{Config, Serve};
use tradewire_runs::webhook::{Delivery, Intake, Received, Receiver, ReceiverFault, Refused};

use super::arrivals::{Arrivals, NotArrived};
use crate::faults::Faults;

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
type Onlooker = Box<dyn Fn(&str, &Received) + Send + Sync>;

/// Where events come in.
pub struct Letterbox {
    receivers: watch::Receiver<Arc<Receivers>>,
    intake: Intake,
    /// One for each event that may be taken in at a time.
    places: Semaphore,
    arrivals: Arrivals,
    onlooker: Onlooker,
}

/// An event that is not taken in: the status and what is wrong.
struct Rejection(StatusCode, String);

impl Letterbox {
    /// With somebody who looks on.
    pub fn new(
        serve: &Serve,
        receivers: watch::Receiver<Arc<Receivers>>,
        intake: Intake,
        onlooker: impl Fn(&str, &Received) + Send + Sync + 'static,
    ) -> Letterbox {
        Letterbox {
            receivers,
            intake,
            places: Semaphore::new(serve.at_once),
            arrivals: Arrivals::new(serve),
            onlooker: Box::new(onlooker),
        }
    }

    async fn take_in(&self, webhook: &str, tenant: Option<&str>, request: Request) -> Result<Received, Rejection> {
        let receivers = self.receivers.borrow().clone();
        let receiver = receivers
            .0
            .get(webhook)
            .ok_or_else(|| Rejection(StatusCode::NOT_FOUND, "there is no such webhook".to_owned()))?;
        let (head, body) = request.into_parts();
        let body = self.arrivals.receive(body).await?;
        let _place = self.places.try_acquire().map_err(|_| {
            let message = "as many events are being taken in as `at_once` of `[serve]` allows; come again";
            Rejection(StatusCode::SERVICE_UNAVAILABLE, message.to_owned())
        })?;
        let signature = head.headers.get(receiver.header()).map(HeaderValue::as_bytes);
        let delivery = Delivery { tenant, signature, body: &body, at: Utc::now() };
        let receiving = tokio::time::timeout(STORING, receiver.receive(&self.intake, delivery)).await;
        match receiving {
            Ok(Ok(received)) => {
                (self.onlooker)(webhook, &received);
                Ok(received)
            }
            Ok(Err(refused)) => {
                tracing::warn!(webhook, %refused, "an event is refused");
                Err(refused.into())
            }
            // Should it be stored after all, it is known when it comes again.
            Err(_) => {
                tracing::error!(webhook, "the store does not answer: an event is to be sent again");
                Err(Rejection(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the event could not be stored; send it again".to_owned(),
                ))
            }
        }
    }
}

impl From<NotArrived> for Rejection {
    fn from(error: NotArrived) -> Rejection {
        Rejection(error.status(), error.to_string())
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Rejection {
        match refused {
            Refused::Forged(_) | Refused::OutOfTime { .. } => Rejection(StatusCode::UNAUTHORIZED, refused.to_string()),
            // What is the matter with the store is nobody's business out there; the log says it.
            Refused::Store(_) => {
                Rejection(StatusCode::SERVICE_UNAVAILABLE, "the event could not be stored; send it again".to_owned())
            }
            _ => Rejection(StatusCode::BAD_REQUEST, refused.to_string()),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Rejection(status, error) = self;
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

pub(super) fn routes(letterbox: Letterbox) -> Router {
    Router::new()
        .route("/webhooks/{name}", post(of_any_tenant))
        .route("/webhooks/{name}/{tenant}", post(of_a_tenant))
        .with_state(Arc::new(letterbox))
}

async fn of_any_tenant(
    State(letterbox): State<Arc<Letterbox>>,
    Path(webhook): Path<String>,
    request: Request,
) -> Response {
    answer(letterbox.take_in(&webhook, None, request).await)
}

async fn of_a_tenant(
    State(letterbox): State<Arc<Letterbox>>,
    Path((webhook, tenant)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(letterbox.take_in(&webhook, Some(&tenant), request).await)
}

fn answer(taken_in: Result<Received, Rejection>) -> Response {
    match taken_in {
        Ok(received) => Json(json!({ "event": received.id, "repeated": received.is_repeated })).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}
