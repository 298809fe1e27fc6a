//! The HTTP below `object_store`: bounds each request by its size, and keeps what the store answered, which the
//! library's errors do not tell apart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use reqwest::header::{HeaderValue, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};

use crate::retry_after::retry_after;

/// The slowest that a store may take bytes, in bytes a second.
const SLOWEST: u64 = 64 * 1024;

/// Connections to one store.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: HttpClient,
    timeout: Duration,
}

impl Client {
    pub(super) fn new(options: &ClientOptions, timeout: Duration) -> Result<Self, object_store::Error> {
        Ok(Self { http: ReqwestConnector::default().connect(options)?, timeout })
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
        let answered = tokio::time::timeout(longest, async {
            let (head, body) = self.client.http.execute(request).await?.into_parts();
            // No request here asks for content: all bodies are short.
            Ok::<_, HttpError>((head, body.bytes().await?))
        });
        let answered = answered.await.unwrap_or_else(|late| Err(HttpError::new(HttpErrorKind::Timeout, late)));
        // Kept when it is known, not before: parts that are on their way at once have one place for their answers, and
        // what is told of the one that fails must be its own.
        let (head, body) = answered.inspect_err(|_| self.answers.keep(None))?;
        self.answers.keep(Some(Answer {
            status: head.status,
            code: element(&body, "Code"),
            message: element(&body, "Message"),
            retry_after: retry_after(&head.headers, SystemTime::now()),
        }));
        Ok(HttpResponse::from_parts(head, body.into()))
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
