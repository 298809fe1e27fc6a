//! The HTTP below `object_store`: bounds each request by its size and each answer by what a store has to say, takes no
//! answer for the store's but one that says so, and keeps it, which the library's errors do not tell apart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LOCATION};
use reqwest::{Method, StatusCode};
use tradewire_outbound::{self as outbound, Ca, Reach, Unanswered, Unread, Use, innermost, read, retry_after};
use url::Url;

/// The slowest that a store may take bytes, in bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// The most bytes of an answer: no request here asks for content, and what is said of one is a page at most.
const MOST: u64 = 256 * 1024;
/// The checksum that goes with each part and each object, in Base64.
const CHECKSUM: &str = "x-amz-checksum-sha256";

/// Connections to one store.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: outbound::Client,
    timeout: Duration,
}

impl Client {
    pub(super) fn new(reach: Reach, timeout: Duration, ca: Ca) -> Result<Self, outbound::SetupError> {
        // Each request has its own time, by its size.
        let http = outbound::Client::builder(Use::S3Delivery, reach).connect(timeout).ca(ca).build()?;
        Ok(Self { http, timeout })
    }

    /// Sends a request, and reads the answer as far as there is room for it.
    async fn exchange(&self, request: HttpRequest) -> Result<(StatusCode, HeaderMap, Bytes), HttpError> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.body_mut() = Some(reqwest::Body::wrap(body.map_err(|error| error.to_string())));
        let response = self.http.send(request).await.map_err(|error| {
            let kind = match &error {
                Unanswered::Broken(error) if error.is_connect() => HttpErrorKind::Connect,
                Unanswered::Broken(error) if error.is_timeout() => HttpErrorKind::Timeout,
                Unanswered::Broken(_) => HttpErrorKind::Interrupted,
                Unanswered::Refused(_) => HttpErrorKind::Unknown,
            };
            HttpError::new(kind, Told(innermost(&error)))
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        // Whole, or it is none: what breaks off is not the store's word for anything.
        let body = read(response, MOST, |_| ()).await.map_err(|unread| match unread {
            Unread::TooLong(most) => {
                let told = format!("the store answers {status} with more than {most} bytes, which no store has to say");
                HttpError::new(HttpErrorKind::Decode, Told(told))
            }
            Unread::Broken(error) => HttpError::new(HttpErrorKind::Interrupted, Told(innermost(&error))),
        })?;
        Ok((status, headers, body))
    }

    /// For one delivery: what keeps the answers of its requests, and the answers.
    pub(super) fn watched(&self) -> (Watched, Answers) {
        let answers = Answers::default();
        (Watched { client: self.clone(), answers: answers.clone() }, answers)
    }
}

/// The last answer of a store, where the last request got one.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Option<Answer>>>);

impl Answers {
    pub(super) fn last(&self) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, answer: Option<Answer>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

/// What a store answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The error's name, such as `NoSuchBucket`.
    pub(super) code: Option<String>,
    /// What the store says of it.
    pub(super) message: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// Where it sends us instead.
    pub(super) location: Option<String>,
}

/// The connections of one delivery.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    client: Client,
    answers: Answers,
}

impl HttpConnector for Watched {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Watched {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if completes_upload(&request) {
            // The library asks for this only where it copies. What is not signed is obeyed all the same.
            request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        let bytes = u64::try_from(request.body().content_length()).unwrap_or(u64::MAX);
        let longest = self.client.timeout.saturating_add(Duration::from_secs(bytes / SLOWEST));
        let expected = Expected::of(&request);
        let answered = tokio::time::timeout(longest, self.client.exchange(request));
        let answered = answered.await.unwrap_or_else(|late| Err(HttpError::new(HttpErrorKind::Timeout, late)));
        // Kept when it is known, not before: parts that are on their way at once have one place for their answers, and
        // what is told of the one that fails must be its own.
        let (status, headers, body) = answered.inspect_err(|_| self.answers.keep(None))?;
        self.answers.keep(Some(Answer {
            status,
            code: element(&body, "Code"),
            message: element(&body, "Message"),
            retry_after: retry_after(&headers, SystemTime::now()),
            location: headers.get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned),
        }));
        expected.check(status, &headers).inspect_err(|_| self.answers.keep(None))?;
        let mut answer = HttpResponse::new(body.into());
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }
}

/// A message for people, as an error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);

/// What says that an object, or a part of one, is stored: the store's own answer, 200 with the tag of what it has, and
/// the checksum of what was sent where it repeats it. Anybody on the way can answer 204, or 200 with a page.
struct Expected {
    stores: bool,
    checksum: Option<HeaderValue>,
}

impl Expected {
    fn of(request: &HttpRequest) -> Self {
        let checksum = request.headers().get(CHECKSUM).cloned();
        Self { stores: request.method() == Method::PUT, checksum }
    }

    fn check(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), HttpError> {
        if !self.stores || !status.is_success() {
            return Ok(());
        }
        let fault = |why: &str| {
            let told = Told(format!(
                "what answers {status} is not the store: {why}; look at `endpoint` and what is on the way"
            ));
            Err(HttpError::new(HttpErrorKind::Decode, told))
        };
        if status != StatusCode::OK {
            return fault("it says 200 of what it has stored");
        }
        if headers.get(ETAG).is_none_or(HeaderValue::is_empty) {
            return fault("it gives no `ETag` of what it has stored");
        }
        match (&self.checksum, headers.get(CHECKSUM)) {
            (Some(sent), Some(stored)) if sent != stored => fault("it has stored something else, by its SHA-256"),
            _ => Ok(()),
        }
    }
}

/// Whether a request makes an object of the parts of an upload.
fn completes_upload(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::POST && query.split('&').any(|pair| pair.starts_with("uploadId="))
}

/// The text of an element that holds nothing but text, in an answer of a few lines.
fn element(body: &[u8], name: &str) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    (!text.is_empty()).then(|| text.to_owned())
}
