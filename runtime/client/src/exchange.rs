//! One call from its first attempt to its last: token, pace, sending, reading, and what follows from a failure.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Body, Method, Response, StatusCode, multipart};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, debug, debug_span, warn};
use tradewire_outbound::{beginning, retry_after};

use crate::arguments::Source;
use crate::aside::aside;
use crate::doors::Doors;
use crate::environment::place;
use crate::error::{Error, Kind};
use crate::pace::TooLong;
use crate::problem::{self, Asked};
use crate::reading::{broken, content_type, read_all};
use crate::request::{Content, Expects, Request};
use crate::retry::{Again, Fault, again, is_unresolved};
use crate::title;
use crate::token::Token;

const MOST_HOPS: usize = 5;

/// A reply, and what it took.
pub(crate) struct Sent {
    pub(crate) reply: Reply,
    pub(crate) attempts: u32,
    pub(crate) waited: Duration,
}

/// A reply of success.
pub(crate) enum Reply {
    Whole { status: u16, body: Bytes },
    Stream(Response),
}

/// An attempt that failed.
struct Failed {
    error: Error,
    fault: Fault,
}

impl Failed {
    fn new(error: Error, fault: Fault) -> Box<Failed> {
        Box::new(Failed { error, fault })
    }
}

impl Doors {
    /// Sends a request until it succeeds or there is no point in going on.
    pub(crate) async fn send(&self, request: &Request) -> Result<Sent, Error> {
        let span = debug_span!("servicetitan", operation = %request.operation, tenant = self.tokens.credentials.tenant);
        self.send_in_span(request).instrument(span).await
    }

    async fn send_in_span(&self, request: &Request) -> Result<Sent, Error> {
        let retry = self.shared.options.retry;
        let (mut attempt, mut waited, mut unresolved, mut was_fresh) = (0, Duration::ZERO, false, false);
        loop {
            let give_up =
                |error: Error| error.at(&request.operation).with_attempts(attempt).with_unresolved(unresolved);
            let held_back = self.pace.wait(request.report()).await.map_err(|TooLong(left)| {
                let message = format!("the rate limit is reached; ServiceTitan asks to wait {} s", left.as_secs());
                give_up(Error::new(Kind::RateLimited, message).with_retry_after(Some(left)))
            })?;
            self.counters.wait(held_back);
            waited += held_back;
            // After the wait: it may have outlasted a token.
            let token = self.tokens.get().await.map_err(give_up)?;
            attempt += 1;
            let start = Instant::now();
            let failed = match self.attempt(request, &token).await {
                Ok(reply) => {
                    let status = match &reply {
                        Reply::Whole { status, .. } => *status,
                        Reply::Stream(response) => response.status().as_u16(),
                    };
                    debug!(attempt, status, ms = millis(start), "answered");
                    return Ok(Sent { reply, attempts: attempt, waited });
                }
                Err(failed) => *failed,
            };
            let Failed { error, fault } = failed;
            unresolved |= is_unresolved(fault, request.nature);
            let wait = error.retry_after().unwrap_or_else(|| match fault {
                // It says that this is too fast, and not for how long: no jitter down to nothing.
                Fault::Answered(429) => Duration::from_secs(1) + retry.backoff(attempt),
                _ => retry.backoff(attempt),
            });
            if fault == Fault::Answered(429) {
                // Everyone else would run into it as well. The data of a report has a limit of its own.
                match request.report() {
                    Some(report) => self.pace.pause_report(report, wait),
                    None => self.pace.pause(wait),
                }
            }
            let go_on = match again(fault, request.nature) {
                Again::No => false,
                Again::Yes => attempt < retry.attempts && wait <= retry.longest,
                Again::FreshToken => {
                    self.tokens.reject(&token);
                    !std::mem::replace(&mut was_fresh, true)
                }
            };
            if !go_on {
                debug!(attempt, status = error.status(), ms = millis(start), %error, "failed");
                return Err(error.at(&request.operation).with_attempts(attempt).with_unresolved(unresolved));
            }
            warn!(attempt, status = error.status(), ms = millis(start), wait = wait.as_millis(), %error, "trying again");
            self.counters.retry();
            // A 429 is waited for in line, a fresh token not at all.
            if !matches!(fault, Fault::Answered(429 | 401)) {
                sleep(wait).await;
            }
        }
    }

    async fn attempt(&self, request: &Request, token: &Arc<Token>) -> Result<Reply, Box<Failed>> {
        let options = &self.shared.options;
        let deadline = Instant::now() + options.timeout;
        let address = request.address(&self.shared.api);
        let place = place(&address);
        let late = |fault| {
            let message = format!("{place} gave no whole answer within {} s", options.timeout.as_secs());
            Failed::new(Error::new(Kind::Timeout, message), fault)
        };
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| {
            Failed::new(Error::new(Kind::Unreadable, "the token holds characters that no header can"), Fault::Local)
        })?;
        authorization.set_sensitive(true);
        let accept = if request.expects == Expects::File { "*/*" } else { "application/json" };
        let builder = self
            .shared
            .http
            .api
            .request(request.method.clone(), address)
            .map_err(|refused| Failed::new(Error::new(Kind::Invalid, refused.to_string()), Fault::Local))?
            .header(AUTHORIZATION, authorization)
            .header("ST-App-Key", self.shared.app_key.clone())
            .header(ACCEPT, accept);
        let (builder, length) = content(builder, &request.content).await?;
        self.counters.request(length);
        let response = match timeout_at(deadline, self.shared.http.api.ask(builder)).await {
            // The connection's own clock may be the first of the two.
            Ok(Err(error)) if error.is_timeout() && !error.is_connect() => return Err(late(Fault::Lost)),
            Ok(sent) => sent.map_err(|error| {
                let (error, fault) = broken(&error, &place);
                Failed::new(error, fault)
            })?,
            Err(_) => return Err(late(Fault::Lost)),
        };

        let status = response.status();
        if request.expects == Expects::File && status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return timeout_at(deadline, self.follow(response)).await.unwrap_or_else(|_| Err(late(Fault::Lost)));
        }
        if !status.is_success() {
            return Err(self.refused(request, token, response, &place, deadline).await);
        }
        if request.expects == Expects::File {
            return Ok(Reply::Stream(response));
        }
        let content_type = content_type(&response);
        let reading = read_all(response, options.max_answer, &place, |n| self.counters.received(n));
        let body = match timeout_at(deadline, reading).await {
            Ok(read) => read.map_err(|(error, fault)| Failed::new(error.with_status(status.as_u16()), fault))?,
            Err(_) => return Err(late(Fault::Lost)),
        };
        if problem::is_page(content_type.as_deref(), &body) {
            return Err(Failed::new(problem::page_error(status.as_u16(), &place), Fault::Unusable));
        }
        let (shared, token) = (Arc::clone(&self.shared), Arc::clone(token));
        // A record that holds our own key is no record of anybody's.
        let body = aside(body.len(), move || {
            let repeats = shared.watch.sees(&body) || token.is_in(&body);
            if repeats { Bytes::from(token.masker.mask_bytes(&body).into_owned()) } else { body }
        });
        let stopped = |stopped| {
            let error = Error::new(Kind::Unreadable, format!("its answer was not read: {stopped}"));
            Failed::new(error.with_status(status.as_u16()), Fault::Unusable)
        };
        Ok(Reply::Whole { status: status.as_u16(), body: body.await.map_err(stopped)? })
    }

    /// The failure behind a status that is no success.
    async fn refused(
        &self,
        request: &Request,
        token: &Token,
        response: Response,
        place: &str,
        deadline: Instant,
    ) -> Box<Failed> {
        let status = response.status().as_u16();
        let fault = Fault::Answered(status);
        let wait = retry_after(response.headers(), SystemTime::now());
        if response.status().is_redirection() {
            let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = location
                .and_then(|to| response.url().join(to).ok())
                .map(|to| format!(" to {}", crate::environment::place(&to)));
            let message = format!(
                "{place} answered with a redirect ({status}){}, which the API does not and which is not followed; check \
                 the base address",
                to.unwrap_or_default()
            );
            return Failed::new(Error::new(Kind::of_status(status), message).with_status(status), fault);
        }
        let content_type = content_type(&response);
        // What the body says is of use but not needed: the status stands.
        let body = timeout_at(deadline, beginning(response, problem::MOST_BYTES)).await.unwrap_or_default();
        self.counters.received(body.len());
        if problem::is_page(content_type.as_deref(), &body) {
            return Failed::new(problem::page_error(status, place).with_retry_after(wait), fault);
        }
        let credentials = &self.tokens.credentials;
        let problem = problem::read(&token.masker.mask_bytes(&body));
        let wait = wait.or_else(|| match status {
            429 | 503 => problem.title.as_deref().and_then(title::wait),
            _ => None,
        });
        let asked = Asked { scope: request.scope.as_deref(), place, tenant: credentials.tenant };
        Failed::new(problem.into_error(status, &asked).with_retry_after(wait), fault)
    }

    /// Goes where a download is redirected to, with none of our headers.
    async fn follow(&self, mut response: Response) -> Result<Reply, Box<Failed>> {
        let refuse = |message: String| Failed::new(Error::new(Kind::Unreadable, message), Fault::Unusable);
        let files = self.shared.http.files(&self.shared.options).map_err(|error| refuse(error.to_string()))?;
        for _ in 0..MOST_HOPS {
            let from = response.url().clone();
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|l| l.to_str().ok())
                .and_then(|l| from.join(l).ok())
                .filter(|to| to.host_str().is_some())
                .ok_or_else(|| refuse(format!("{} redirects to nowhere", place(&from))))?;
            let place = place(&target);
            // The address itself is a secret: whoever has it may read the file.
            let request = files.request(Method::GET, target);
            let request = request.map_err(|refused| refuse(format!("the file is redirected to {place}: {refused}")))?;
            self.counters.request(0);
            response = files.ask(request.header(ACCEPT, "*/*")).await.map_err(|error| {
                let (error, fault) = broken(&error, &place);
                Failed::new(error, fault)
            })?;
            let status = response.status();
            if status.is_success() {
                return Ok(Reply::Stream(response));
            }
            if !status.is_redirection() {
                let kind =
                    if status == StatusCode::NOT_FOUND { Kind::NotFound } else { Kind::of_status(status.as_u16()) };
                // A storage's 401 or 403 says nothing of our token or scopes.
                let kind = match kind {
                    Kind::Unauthorized | Kind::Forbidden | Kind::Invalid => Kind::Other(status.as_u16()),
                    kind => kind,
                };
                let wait = retry_after(response.headers(), SystemTime::now());
                let error = Error::new(kind, format!("the file's storage at {place} answered {}", status.as_u16()))
                    .with_status(status.as_u16())
                    .with_retry_after(wait);
                return Err(Failed::new(error, Fault::Storage(status.as_u16())));
            }
        }
        Err(refuse(format!("the file is redirected more than {MOST_HOPS} times")))
    }
}

/// Puts the content into the request, and says how many bytes of memory are sent.
async fn content(
    builder: reqwest::RequestBuilder,
    content: &Content,
) -> Result<(reqwest::RequestBuilder, usize), Box<Failed>> {
    let local = |message: String| Failed::new(Error::new(Kind::Invalid, message), Fault::Local);
    match content {
        // Some servers refuse a POST that does not say its length.
        Content::Nothing => Ok((builder.body(Bytes::new()), 0)),
        Content::Json(json) => Ok((builder.header(CONTENT_TYPE, "application/json").body(json.clone()), json.len())),
        Content::File { field, upload } => {
            let (part, length) = match &upload.content {
                Source::Bytes(bytes) => {
                    let length = bytes.len();
                    (multipart::Part::stream_with_length(Body::from(bytes.clone()), length as u64), length)
                }
                Source::File(path) => {
                    let unread =
                        |e: std::io::Error| local(format!("cannot read the file to upload, {}: {e}", path.display()));
                    let file = tokio::fs::File::open(path).await.map_err(unread)?;
                    let length = file.metadata().await.map_err(unread)?.len();
                    (multipart::Part::stream_with_length(Body::from(file), length), 0)
                }
            };
            let part = part
                .file_name(upload.name.clone())
                .mime_str(&upload.content_type)
                .map_err(|_| local(format!("`{}` is no media type", upload.content_type)))?;
            Ok((builder.multipart(multipart::Form::new().part(field.clone(), part)), length))
        }
    }
}

fn millis(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
