//! The vendor over HTTP.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use url::Url;

use super::Settings;
use super::answer::VendorAnswer;
use super::call::Call;
use super::failed::Failed;

/// How often a call that cannot order twice is tried.
const TRIES: u32 = 3;
/// The wait before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
const MOST_REDIRECTS: usize = 5;

/// The client for vendors. Redirects are followed here, not there: see [`onward`].
pub(super) fn client(settings: &Settings) -> reqwest::Result<Client> {
    // Fails where the program has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .timeout(settings.timeout)
        .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
        .user_agent(concat!("tradewire/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Call {
    /// Sends it, again where that cannot order twice: when nothing reached the vendor, or when it only reads.
    pub async fn send(self, http: &Client, settings: &Settings, reads: bool) -> Result<VendorAnswer, Failed> {
        let (mut tries, mut pause) = (1, PAUSE);
        loop {
            let answered = self.attempt(http, settings).await;
            let again = match &answered {
                Ok(answer) => reads && matches!(answer.status, 502..=504),
                Err(failed) => failed.broken && (failed.unsent || reads),
            };
            if !again || tries == TRIES {
                return answered;
            }
            tokio::time::sleep(pause).await;
            (tries, pause) = (tries + 1, pause * 2);
        }
    }

    async fn attempt(&self, http: &Client, settings: &Settings) -> Result<VendorAnswer, Failed> {
        let (start, place) = (Instant::now(), self.url.authority());
        let (mut method, mut url, mut of_another) = (self.method.clone(), self.url.clone(), false);
        for hop in 0..=MOST_REDIRECTS {
            let left = settings.timeout.saturating_sub(start.elapsed());
            let sent = self.request(http, &method, &url).timeout(left).send().await;
            let response = sent.map_err(|error| {
                let failed = Failed::of(error, place, settings);
                // What sent us on may have done its work.
                let unsent = failed.unsent && hop == 0;
                Failed { unsent, may_have_acted: !unsent, ..failed }
            })?;
            let onward = onward(&response, &method);
            match onward.map_err(|failed| Failed { may_have_acted: failed.may_have_acted || of_another, ..failed })? {
                Some((next_method, next)) => {
                    of_another |= response.status().as_u16() == 303;
                    (method, url) = (next_method, next);
                }
                None => {
                    let answer = VendorAnswer::receive(response, place, settings).await?;
                    return Ok(VendorAnswer { of_another, ..answer });
                }
            }
        }
        Err(Failed::answered(format!("{place} redirects in a circle")))
    }

    fn request(&self, http: &Client, method: &Method, url: &Url) -> reqwest::RequestBuilder {
        let request = http.request(method.clone(), url.clone()).headers(self.headers.clone());
        // After 303 the body has been taken.
        if self.body.is_none() || *method != self.method {
            return request;
        }
        let request = request.body(self.text());
        if self.headers.contains_key(CONTENT_TYPE) {
            return request;
        }
        request.header(CONTENT_TYPE, "application/json")
    }
}

/// Where a redirect leads. It is followed only within the vendor's origin, so that keys stay with whom they are for,
/// and only where the request stays what it is: after 301 and 302 an order would become a question.
fn onward(response: &Response, method: &Method) -> Result<Option<(Method, Url)>, Failed> {
    let status = response.status().as_u16();
    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let (301 | 302 | 303 | 307 | 308, Some(to)) = (status, to) else { return Ok(None) };
    let (from, place) = (response.url(), response.url().authority());
    // By 303 the vendor says that it has done its work.
    let refused = |why: String| Failed { may_have_acted: status == 303, ..Failed::answered(format!("{place} {why}")) };
    let Ok(to) = from.join(to) else {
        return Err(refused("redirects to what is no address".to_owned()));
    };
    if to.origin() != from.origin() {
        return Err(refused(format!(
            "redirects to {}, which is not followed: keys are for {place} alone; where the vendor has moved, change \
             `baseUrl`",
            to.authority()
        )));
    }
    match status {
        303 => Ok(Some((Method::GET, to))),
        301 | 302 if *method != Method::GET => Err(refused(format!(
            "answered a {method} with {status} to `{}`, which is not followed: the body would be lost; write that path \
             into the template or into endpoint.json",
            to.path()
        ))),
        _ => Ok(Some((method.clone(), to))),
    }
}
