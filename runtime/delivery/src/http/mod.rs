//! Receivers that take a file as the body of an HTTP request. One request brings the file whole, so all is done when
//! it is published. The receiver is told:
//!
//! - `Idempotency-Key`: the delivery's id. One that comes again is a try whose answer was lost, and is not to be taken
//!   twice; nothing else can see to that.
//! - `Content-Digest: sha-256=:…:` (RFC 9530), by which a body that was cut short is told.
//! - `Content-Disposition: attachment; filename*=…`, `Content-Type` and `Content-Length`.
//!
//! Any 2xx says that the file is taken, for good. A redirect is not followed: whoever is named there was not named by
//! the operator.

mod fault;
mod headers;
mod settings;
mod stall;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use tradewire_outbound::{Client, Origin, Reach, Use};
use url::Url;

pub use self::settings::{HttpMethod, HttpSettings};
use self::stall::Watched;
use crate::disk::open_content;
use crate::settings::{address, check_plain, check_timeout, check_url};
use crate::{Destination, DestinationError, Item, Published, SettingsError, Upload};

const EXAMPLE: &str = "https://receiver.example.com/files";

/// An HTTP receiver.
pub struct Http {
    address: String,
    url: Url,
    method: HttpMethod,
    headers: HeaderMap,
    timeout: Duration,
    client: Client,
}

impl Http {
    /// The destination that these settings describe. Nothing is connected yet. The program has chosen rustls' provider.
    pub fn new(settings: HttpSettings) -> Result<Self, SettingsError> {
        let HttpSettings { url, method, headers, timeout, allow_http, ca } = settings;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(SettingsError::new("url", format!("it is no address of a web server; write `{EXAMPLE}`")));
        }
        check_plain("url", &url, allow_http, "read the file")?;
        check_url(&url, EXAMPLE)?;
        check_timeout(timeout)?;
        let builder = Client::builder(Use::HttpDelivery, Reach::to(Origin::of(&url)))
            .connect(timeout)
            .ca(ca)
            // A delivery comes seldom: by then the receiver may have closed what was open.
            .idle(None);
        let client = builder.build().map_err(|error| SettingsError::new("url", error.to_string()))?;
        Ok(Self { address: address(&url), url, method, headers: headers::check(&headers)?, timeout, client })
    }
}

impl Http {
    fn request(&self, method: Method) -> Result<reqwest::RequestBuilder, DestinationError> {
        let request = self.client.request(method, self.url.clone());
        let request = request.map_err(|refused| DestinationError::permanent(format!("{}: {refused}", self.address)))?;
        Ok(request.headers(self.headers.clone()))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("address", &self.address).field("method", &self.method).finish_non_exhaustive()
    }
}

#[async_trait]
impl Destination for Http {
    fn address(&self) -> &str {
        &self.address
    }

    async fn stage(&self, _upload: Upload<'_>) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn publish(&self, item: Item<'_>) -> Result<Published, DestinationError> {
        let method = match self.method {
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
        };
        let (body, watched) = Watched::new(open_content(item.upload).await?);
        let request = self.request(method)?.headers(headers::of(item)?).body(reqwest::Body::wrap_stream(body));
        let exchange = async {
            let response = self.client.ask(request).await.map_err(|error| fault::of_connecting(self, &error))?;
            if response.status().is_success() {
                return Ok(Published::Now);
            }
            Err(fault::of_answer(self, response).await)
        };
        tokio::select! {
            published = exchange => published,
            () = watched.stalled(self.timeout) => Err(fault::of_stall(self)),
        }
    }

    async fn is_taken(&self, _name: &str) -> Result<bool, DestinationError> {
        Ok(false)
    }

    async fn discard(&self, _upload_id: &str) -> Result<(), DestinationError> {
        Ok(())
    }

    async fn probe(&self) -> Result<String, DestinationError> {
        // Whatever a receiver makes of this, it is no file.
        let request = self.request(Method::OPTIONS)?.timeout(self.timeout);
        let response = self.client.ask(request).await.map_err(|error| fault::of_connecting(self, &error))?;
        match response.status() {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(DestinationError::permanent(format!(
                "{} answers {status} to `OPTIONS`; correct `headers` of the delivery, unless it answers that to everybody",
                self.address
            ))),
            // A receiver that takes files need not know this method.
            status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
                Err(fault::of_answer(self, response).await)
            }
            status => Ok(format!(
                "{} can be reached and answers {status} to `OPTIONS`; whether it takes files is seen with the first one",
                self.address
            )),
        }
    }
}
