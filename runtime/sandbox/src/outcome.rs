//! What faults make of an answer.

use http_body_util::BodyExt;
use hyper::StatusCode;

use crate::auth;
use crate::faults::{Act, Trouble};
use crate::problem::Problem;
use crate::wire::{self, Response};

/// The connection is to break without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection breaks, as a fault has it")]
pub(crate) struct Broken;

/// The answer that a fault gives in the operation's stead.
pub(crate) fn instead(act: &Act) -> Result<Response, Broken> {
    match act {
        Act::TooMany { retry_after } => {
            let wait = retry_after.as_deref().unwrap_or("1");
            let title = format!("Rate limit is exceeded. Try again in {wait} seconds.");
            Ok(Problem { retry_after: retry_after.clone(), ..Problem::new(429, title) }.response())
        }
        Act::Status { code, body: Some(body) } => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let media_type = if body.starts_with('<') { "text/html" } else { "text/plain" };
            Ok(wire::typed(status, media_type, body.clone()))
        }
        Act::Status { code, body: None } => Ok(Problem::new(*code, "A fault that was asked for.").response()),
        Act::ExpiredToken => Ok(auth::expired().response()),
        _ => Err(Broken),
    }
}

/// What a fault leaves of an answer.
pub(crate) async fn end(trouble: &Trouble, answer: Response) -> Result<Response, Broken> {
    if !trouble.late_answer.is_zero() {
        tokio::time::sleep(trouble.late_answer).await;
    }
    if trouble.drop_answer {
        return Err(Broken);
    }
    if trouble.half_answer {
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.map_err(|_| Broken)?.to_bytes();
        return Ok(Response::from_parts(head, wire::half(&bytes)));
    }
    Ok(answer)
}
