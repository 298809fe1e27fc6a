//! What a receiver answers when it does not take a file, for people, and whether it may pass.

use std::time::SystemTime;

use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode};
use tradewire_outbound::{beginning, retry_after};
use tradewire_secrets::Masker;

use super::Http;
use crate::DestinationError;
use crate::text::{innermost, shown};

/// How much of an answer is read.
const MOST: usize = 4 * 1024;

/// Nothing was answered.
pub(super) fn of_connecting(destination: &Http, error: &reqwest::Error) -> DestinationError {
    let what = if error.is_connect() { "cannot connect" } else { "the connection broke" };
    DestinationError::transient(format!("{}: {what}: {}", destination.address, innermost(error)))
}

/// Nothing moved.
pub(super) fn of_stall(destination: &Http) -> DestinationError {
    DestinationError::transient(format!("{}: nothing moved for {:?}", destination.address, destination.timeout))
}

/// Something other than success was answered.
pub(super) async fn of_answer(destination: &Http, response: Response) -> DestinationError {
    let (status, headers) = (response.status(), response.headers().clone());
    let said = beginning(response, MOST).await;
    let said = match String::from_utf8_lossy(&said) {
        said if said.trim().is_empty() => String::new(),
        said => format!(" {}", shown(&without_secrets(&said, destination))),
    };
    let answered = format!("{} answers {status}{said}", destination.address);
    if may_pass(status) {
        let mut error = DestinationError::transient(answered);
        error.retry_after = retry_after(&headers, SystemTime::now());
        return error;
    }
    let help = match status {
        status if status.is_redirection() => {
            let location = headers.get(LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
            let location = without_secrets(location, destination);
            return DestinationError::permanent(format!(
                "{answered}, and names {}; write that as `to` where it is right: redirects are not followed",
                shown(location.split('?').next().unwrap_or_default())
            ));
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "correct `headers` of the delivery",
        StatusCode::NOT_FOUND | StatusCode::GONE => "correct `to` of the delivery",
        StatusCode::METHOD_NOT_ALLOWED => "correct `to` or `method` of the delivery",
        StatusCode::PAYLOAD_TOO_LARGE => "the file is larger than it takes: have that raised, or make the file smaller",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "it takes no files of this kind",
        _ => "correct the delivery, or tell the receiver's operator",
    };
    DestinationError::permanent(format!("{answered}; {help}"))
}

/// 409 may pass, as receivers answer it while they still work on an earlier try with the same key
/// (draft-ietf-httpapi-idempotency-key-header, 2.7).
fn may_pass(status: StatusCode) -> bool {
    const TRANSIENT: [StatusCode; 4] =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || TRANSIENT.contains(&status)
}

/// Some receivers repeat what they were sent. What the configuration itself says in headers or in the query is nobody
/// else's business, either.
fn without_secrets(said: &str, destination: &Http) -> String {
    let sent = Masker::default();
    destination.headers.values().filter_map(|value| value.to_str().ok()).for_each(|value| sent.register(value));
    let query = destination.url.query().unwrap_or_default();
    // Receivers repeat the query as it was sent, a value of it as it was sent, or as they have read it.
    sent.register(query);
    query.split('&').filter_map(|pair| pair.split_once('=')).for_each(|(_, value)| sent.register(value));
    destination.url.query_pairs().for_each(|(_, value)| sent.register(&value));
    sent.mask_cut(said).into_owned()
}
