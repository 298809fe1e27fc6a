//! What comes back, read as far as there is room for it; and what it means that nothing does.

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use tradewire_outbound::{Unread, innermost, is_distrusted, read};

use crate::error::{Error, Kind};
use crate::retry::Fault;

/// The error of a request that got no answer, and whether anything was sent.
pub(crate) fn broken(error: &reqwest::Error, place: &str) -> (Error, Fault) {
    let root = innermost(error);
    if error.is_connect() {
        let message = if error.is_timeout() {
            format!("no connection to {place} in time; check the address and the network")
        } else if is_distrusted(error) {
            format!("no connection to {place}: {root}")
        } else {
            format!("no connection to {place}: {root}; check that it runs and the address is right")
        };
        return (Error::new(Kind::Unreachable, message), Fault::NeverSent);
    }
    if error.is_builder() {
        return (Error::new(Kind::Invalid, format!("cannot be sent: {root}")), Fault::Local);
    }
    (Error::new(Kind::Unreachable, format!("the connection to {place} broke: {root}")), Fault::Lost)
}

/// Reads a whole body of at most `most` bytes.
pub(crate) async fn read_all(
    response: Response,
    most: u64,
    place: &str,
    count: impl Fn(usize),
) -> Result<Bytes, (Error, Fault)> {
    read(response, most, count).await.map_err(|unread| match unread {
        Unread::TooLong(most) => {
            let message = format!(
                "the answer of {place} is larger than the {most} bytes that `max_answer` allows (a plugin's `answer`, in its `limits`); raise it"
            );
            (Error::new(Kind::TooLarge, message), Fault::Unusable)
        }
        Unread::Broken(error) => {
            let message = format!("the answer of {place} broke off: {}", innermost(&error));
            let kind = if error.is_decode() { Kind::Unreadable } else { Kind::Unreachable };
            (Error::new(kind, message), Fault::Lost)
        }
    })
}

/// The media type that an answer says it has.
pub(crate) fn content_type(response: &Response) -> Option<String> {
    response.headers().get(CONTENT_TYPE)?.to_str().ok().map(str::to_owned)
}
