//! Bodies while they arrive: how long each may be, how slow, and how much of all of them is held at a time.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::Semaphore;
use tradewire_runs::config::Serve;

/// How long a body may take to arrive.
const SLOWEST: Duration = Duration::from_secs(30);

/// Receives bodies. Nobody takes a place meanwhile, which those who send a byte a second would keep from all others.
pub(super) struct Arrivals {
    most: usize,
    /// One for each byte that all of them may hold together.
    held: Semaphore,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotArrived {
    #[error("the body is longer than {0} bytes, which is the most (`body` of `[serve]`)")]
    TooLong(usize),
    #[error("the body did not arrive within {} s", SLOWEST.as_secs())]
    TooSlow,
    #[error("the body broke off")]
    BrokenOff,
    #[error("as much is arriving as `at_once` and `body` of `[serve]` allow together; come again")]
    TooMuch,
}

impl NotArrived {
    pub fn status(&self) -> StatusCode {
        match self {
            NotArrived::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            NotArrived::TooSlow => StatusCode::REQUEST_TIMEOUT,
            NotArrived::BrokenOff => StatusCode::BAD_REQUEST,
            NotArrived::TooMuch => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Arrivals {
    pub fn new(serve: &Serve) -> Arrivals {
        let most = usize::try_from(serve.body).unwrap_or(usize::MAX);
        let held = Semaphore::new(most.saturating_mul(serve.at_once).min(Semaphore::MAX_PERMITS));
        Arrivals { most, held }
    }

    pub async fn receive(&self, body: Body) -> Result<Vec<u8>, NotArrived> {
        tokio::time::timeout(SLOWEST, self.whole(body)).await.unwrap_or(Err(NotArrived::TooSlow))
    }

    async fn whole(&self, body: Body) -> Result<Vec<u8>, NotArrived> {
        let mut body = Limited::new(body, self.most);
        let mut bytes = Vec::new();
        let mut held = self.held.try_acquire_many(0).map_err(|_| NotArrived::TooMuch)?;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
                true => NotArrived::TooLong(self.most),
                false => NotArrived::BrokenOff,
            })?;
            // Trailers are nothing to us.
            let Ok(piece) = frame.into_data() else { continue };
            let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            held.merge(self.held.try_acquire_many(length).map_err(|_| NotArrived::TooMuch)?);
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}
