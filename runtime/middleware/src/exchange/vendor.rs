//! The vendor over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response};
use tradewire_outbound::{Client, Origin, Reach, Refused, SetupError, Use};
use tradewire_secrets::Masker;
use url::Url;

use super::Settings;
use super::answer::VendorAnswer;
use super::call::Ready;
use super::failed::{Failed, UNKNOWN};

/// How often a call that cannot order twice is tried.
const TRIES: u32 = 3;
/// The wait before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
const MOST_REDIRECTS: usize = 5;

/// The client for a vendor: it goes to the origins that the operator has named. Redirects are followed here, not there:
/// see [`onward`].
pub(super) fn client(settings: &Settings, named: Vec<Origin>) -> Result<Client, SetupError> {
    Client::builder(Use::Vendor, Reach::to(named))
        .ca(settings.ca.clone())
        .whole(Some(settings.timeout))
        .connect(settings.timeout.min(Duration::from_secs(10)))
        .build()
}

impl Ready {
    /// Sends it, again where that cannot order twice: when nothing reached the vendor, or when it only reads. What comes of
    /// it is masked.
    pub async fn send(
        self,
        http: &Client,
        settings: &Settings,
        masker: &Arc<Masker>,
        reads: bool,
        ends: tokio::time::Instant,
    ) -> Result<VendorAnswer, Failed> {
        let (mut tries, mut pause) = (1, PAUSE);
        loop {
            let answered = self.attempt(http, settings, masker, reads, ends).await;
            let again = match &answered {
                Ok(answer) => reads && matches!(answer.status, 502..=504),
                Err(failed) => failed.broken && (failed.unsent || reads),
            };
            if !again || tries == TRIES {
                return answered.map_err(|failed| Failed { trouble: failed.trouble.masked(masker), ..failed });
            }
            tokio::time::sleep(pause).await;
            (tries, pause) = (tries + 1, pause * 2);
        }
    }

    async fn attempt(
        &self,
        http: &Client,
        settings: &Settings,
        masker: &Arc<Masker>,
        reads: bool,
        ends: tokio::time::Instant,
    ) -> Result<VendorAnswer, Failed> {
        let (start, place) = (Instant::now(), self.url.authority());
        let (mut method, mut url) = (self.method.clone(), self.url.clone());
        for hop in 0..=MOST_REDIRECTS {
            let left = settings.timeout.saturating_sub(start.elapsed());
            let request = self.request(http, &method, &url).map_err(Failed::refused)?;
            let sent = http.ask(request.timeout(left)).await;
            let response = sent.map_err(|error| {
                let failed = Failed::of(error, place, settings);
                // What sent us on may have done its work.
                let unsent = failed.unsent && hop == 0;
                Failed { unsent, may_have_acted: !unsent, ..failed }
            })?;
            match onward(&response, &method, reads)? {
                Some(next) => (method, url) = next,
                None => return VendorAnswer::receive(response, place, settings, masker, ends).await,
            }
        }
        Err(Failed::answered(format!("{place} redirects in a circle")))
    }

    fn request(&self, http: &Client, method: &Method, url: &Url) -> Result<reqwest::RequestBuilder, Refused> {
        let request = http.request(method.clone(), url.clone())?.headers(self.headers.clone());
        // After 303 the body has been taken.
        let Some(body) = self.body.as_ref().filter(|_| *method == self.method) else { return Ok(request) };
        let request = request.body(body.clone());
        if self.headers.contains_key(CONTENT_TYPE) {
            return Ok(request);
        }
        Ok(request.header(CONTENT_TYPE, "application/json"))
    }
}

/// Where a redirect leads. Only what reads follows it: nobody has allowed an order at another address than the one that
/// is written down. It is followed within the vendor's origin, so that keys stay with whom they are for, and where the
/// request stays what it is: after 301 and 302 one with a body would lose it.
fn onward(response: &Response, method: &Method, reads: bool) -> Result<Option<(Method, Url)>, Failed> {
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
    let path = to.path();
    match status {
        303 if !reads => Err(refused(format!(
            "answered a {method} with 303 and names `{path}` for what came of it, which is not followed; {UNKNOWN}"
        ))),
        _ if !reads => Err(refused(format!(
            "answered a {method} with {status} to `{path}`, which is not followed: nothing acts but where the template \
             says; write that path into the template or into endpoint.json"
        ))),
        303 => Ok(Some((Method::GET, to))),
        301 | 302 if *method != Method::GET => Err(refused(format!(
            "answered a {method} with {status} to `{path}`, which is not followed: the body would be lost; write that \
             path into the template or into endpoint.json"
        ))),
        _ => Ok(Some((method.clone(), to))),
    }
}
