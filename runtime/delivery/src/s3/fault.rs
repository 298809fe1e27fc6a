//! What a store answers when something is wrong, for people, and whether it may pass.

use object_store::Error;
use reqwest::StatusCode;

use super::S3;
use super::client::Answer;
use crate::PlaceError;
use crate::text::{innermost, shown};

/// A request failed: with an answer, or without one.
pub(super) fn of(place: &S3, what: &str, error: &Error, answer: Option<&Answer>) -> PlaceError {
    let S3 { address, bucket, .. } = place;
    let Some(answer) = answer.filter(|answer| !answer.status.is_success()) else {
        return PlaceError::passing(format!("{address} cannot {what}: {}", innermost(error)));
    };
    let code = answer.code.as_deref().unwrap_or_default();
    let said = match (&answer.code, &answer.message) {
        (Some(code), Some(message)) => format!("{} ({}: {})", answer.status, shown(code), shown(message)),
        (Some(code), None) => format!("{} ({})", answer.status, shown(code)),
        _ => answer.status.to_string(),
    };
    let lasting =
        |help: &str| PlaceError::lasting(format!("{address} cannot {what}: the store answers {said}; {help}"));
    let passing = |help: &str| {
        let mut error = PlaceError::passing(format!("{address} cannot {what}: the store answers {said}{help}"));
        error.retry_after = answer.retry_after;
        error
    };
    match (answer.status, code) {
        (_, "RequestTimeTooSkewed") => lasting("set this machine's clock"),
        (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken") => {
            lasting("correct `access_key_id`, `secret_access_key` or `session_token` of the delivery")
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            lasting("have the key allowed `s3:PutObject` and `s3:GetObject` there, or correct it")
        }
        (StatusCode::NOT_FOUND, "NoSuchUpload") => passing(""),
        (StatusCode::NOT_FOUND, _) => {
            lasting(&format!("there is no bucket `{bucket}`: have it made, or correct `to` or `endpoint`"))
        }
        (StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT, _)
        | (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") => {
            lasting("the bucket is in another region: correct `region` or `endpoint`")
        }
        (status, _) if status.is_redirection() => {
            // Without its query, which may be signed.
            let to = answer.location.as_deref().unwrap_or_default().split('?').next().unwrap_or_default();
            lasting(&format!(
                "it names {}, and redirects are not followed: nothing was stored; correct `endpoint`, or look at what is \
                 on the way",
                shown(to)
            ))
        }
        (StatusCode::INSUFFICIENT_STORAGE, _) => passing("; it is full"),
        (StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS, _) => passing(""),
        (_, "RequestTimeout" | "BadDigest" | "IncompleteBody" | "XAmzContentSHA256Mismatch") => passing(""),
        (status, _) if status.is_server_error() => passing(""),
        _ => lasting("correct the delivery, or tell the store's operator"),
    }
}
