//! Bodies of answers.

use std::io;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame;
use hyper::header::{CONTENT_TYPE, HeaderValue};

/// The body of an answer; its error breaks the connection.
pub(crate) type Payload = BoxBody<Bytes, io::Error>;
/// An answer.
pub(crate) type Response = hyper::Response<Payload>;

/// A body that is sent whole.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Payload {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// A body of which half is sent before the connection breaks.
pub(crate) fn half(bytes: &Bytes) -> Payload {
    let sent = bytes.slice(..bytes.len() / 2);
    let frames = [Ok(Frame::data(sent)), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
    BodyExt::boxed(StreamBody::new(futures::stream::iter(frames)))
}

/// The value of a parameter in a query.
pub(crate) fn asked(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// An answer of JSON.
pub(crate) fn json(bytes: impl Into<Bytes>) -> Response {
    typed(StatusCode::OK, "application/json; charset=utf-8", bytes)
}

/// An answer of any type.
pub(crate) fn typed(status: StatusCode, media_type: &str, bytes: impl Into<Bytes>) -> Response {
    let mut response = Response::new(full(bytes));
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(media_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

/// An answer of nothing.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}
