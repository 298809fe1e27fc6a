//! What a store answers when something is wrong, for people, and whether it may pass.

use object_store::Error;
use reqwest::StatusCode;

use super::S3;
use super::client::Answer;
use crate::DestinationError;
use crate::text::{innermost, shown};

/// A request failed: with an answer, or without one.
pub(super) fn of(destination: &S3, what: &str, error: &Error, answer: Option<&Answer>) -> DestinationError {
    let S3 { address, bucket, .. } = destination;
    let Some(answer) = answer.filter(|answer| !answer.status.is_success()) else {
        return DestinationError::transient(format!("{address} cannot {what}: {}", innermost(error)));
    };
    let code = answer.code.as_deref().unwrap_or_default();
    let said = match (&answer.code, &answer.message) {
        (Some(code), Some(message)) => format!("{} ({}: {})", answer.status, shown(code), shown(message)),
        (Some(code), None) => format!("{} ({})", answer.status, shown(code)),
        _ => answer.status.to_string(),
    };
    let permanent =
        |help: &str| DestinationError::permanent(format!("{address} cannot {what}: the store answers {said}; {help}"));
    let transient = |help: &str| {
        let mut error = DestinationError::transient(format!("{address} cannot {what}: the store answers {said}{help}"));
        error.retry_after = answer.retry_after;
        error
    };
    match (answer.status, code) {
        (_, "RequestTimeTooSkewed") => permanent("set this machine's clock"),
        (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken") => {
            permanent("correct `access_key_id`, `secret_access_key` or `session_token` of the delivery")
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            permanent("have the key allowed `s3:PutObject` and `s3:GetObject` there, or correct it")
        }
        (StatusCode::NOT_FOUND, "NoSuchUpload") => transient(""),
        (StatusCode::NOT_FOUND, _) => {
            permanent(&format!("there is no bucket `{bucket}`: have it made, or correct `to` or `endpoint`"))
        }
        (StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT, _)
        | (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") => {
            permanent("the bucket is in another region: correct `region` or `endpoint`")
        }
        (status, _) if status.is_redirection() => {
            // Without its query, which may be signed.
            let to = answer.location.as_deref().unwrap_or_default().split('?').next().unwrap_or_default();
            permanent(&format!(
                "it names {}, and redirects are not followed: nothing was stored; correct `endpoint`, or look at what is \
                 on the way",
                shown(to)
            ))
        }
        (StatusCode::INSUFFICIENT_STORAGE, _) => transient("; it is full"),
        (StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS, _) => transient(""),
        (_, "RequestTimeout" | "BadDigest" | "IncompleteBody" | "XAmzContentSHA256Mismatch") => transient(""),
        (status, _) if status.is_server_error() => transient(""),
        _ => permanent("correct the delivery, or tell the store's operator"),
    }
}
