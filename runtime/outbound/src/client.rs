//! Clients, and the one place where they are made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Request, RequestBuilder, Response, redirect};
use url::Url;

use crate::body::innermost;
use crate::ca::Ca;
use crate::reach::Reach;
use crate::resolve::{Checked, Machine, Names};
use crate::usage::Use;

/// The most headers of an answer.
const MOST_HEADERS: usize = 100;
/// The most bytes of an answer's head over HTTP/2; over HTTP/1 it is hyper's own, some 400 KiB.
const MOST_HEAD: u32 = 64 << 10;

/// A client for one use. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    usage: Use,
    reach: Arc<Reach>,
}

/// A request that is not sent, since nobody has named where it would go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not sent to {usage}: {why}")]
pub struct Refused {
    usage: Use,
    why: String,
}

/// Why a client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot set up TLS: {0}; install the system's CA certificates")]
pub struct SetupError(String);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// It was not sent.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The connection was not made, or broke.
    #[error(transparent)]
    Broken(#[from] reqwest::Error),
}

/// How a client is made.
pub struct Builder {
    usage: Use,
    reach: Reach,
    connect: Duration,
    piece: Option<Duration>,
    whole: Option<Duration>,
    idle: Option<Duration>,
    user_agent: String,
    ca: Ca,
    names: Arc<dyn Names>,
}

impl Builder {
    /// How long a connection may take to open.
    #[must_use]
    pub fn connect(self, longest: Duration) -> Builder {
        Builder { connect: longest, ..self }
    }

    /// How long a head, and each piece of a body, may keep one waiting. None where whoever sends sees to it.
    #[must_use]
    pub fn piece(self, longest: Option<Duration>) -> Builder {
        Builder { piece: longest, ..self }
    }

    /// How long the whole may take, body included. None where whoever sends sees to it.
    #[must_use]
    pub fn whole(self, longest: Option<Duration>) -> Builder {
        Builder { whole: longest, ..self }
    }

    /// How long a connection is kept for the next request; none keeps none.
    #[must_use]
    pub fn idle(self, longest: Option<Duration>) -> Builder {
        Builder { idle: longest, ..self }
    }

    /// What it calls itself.
    #[must_use]
    pub fn user_agent(self, name: &str) -> Builder {
        Builder { user_agent: name.to_owned(), ..self }
    }

    /// Whom it believes besides the authorities of this machine.
    #[must_use]
    pub fn ca(self, ca: Ca) -> Builder {
        Builder { ca, ..self }
    }

    /// What knows the addresses of names, in place of this machine.
    #[must_use]
    pub fn names(self, names: Arc<dyn Names>) -> Builder {
        Builder { names, ..self }
    }

    /// Makes the client. Opens no connection.
    ///
    /// # Errors
    /// TLS that cannot be set up, where any of its origins needs it.
    pub fn build(self) -> Result<Client, SetupError> {
        let (usage, reach) = (self.usage, Arc::new(self.reach.clone()));
        let failed = |error: reqwest::Error| SetupError(innermost(&error));
        let http = match self.http(&reach).tls_certs_merge(self.ca.certificates().map_err(failed)?).build() {
            // A machine without CA certificates can still talk to a sandbox.
            Err(_) if reach.is_plain() => self.http(&reach).tls_certs_only([]).build(),
            built => built,
        };
        let http = http.map_err(failed)?;
        Ok(Client { http, usage, reach })
    }

    // The one place that the lint lets through.
    #[allow(clippy::disallowed_methods)]
    fn http(&self, reach: &Arc<Reach>) -> reqwest::ClientBuilder {
        // Fails where the program has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect)
            .tcp_nodelay(true)
            .http1_max_headers(MOST_HEADERS)
            .http2_max_header_list_size(MOST_HEAD)
            .dns_resolver(Arc::new(Checked::new(Arc::clone(&self.names), Arc::clone(reach))));
        if let Some(longest) = self.piece {
            http = http.read_timeout(longest);
        }
        if let Some(longest) = self.whole {
            http = http.timeout(longest);
        }
        http = match self.idle {
            Some(longest) => http.pool_idle_timeout(longest),
            None => http.pool_max_idle_per_host(0),
        };
        if reach.stays_here() {
            http = http.no_proxy();
        }
        match self.usage {
            Use::ServiceTitan | Use::ServiceTitanTokens | Use::ServiceTitanFiles => http,
            // Who is seldom called gains nothing by HTTP/2, which has more to go wrong.
            Use::Vendor | Use::VendorTokens => http.http1_only(),
            // What they answer is a status and a few lines.
            Use::HttpDelivery | Use::S3Delivery => http.http1_only().no_gzip(),
        }
    }
}

impl Client {
    /// Begins to make a client.
    pub fn builder(usage: Use, reach: Reach) -> Builder {
        Builder {
            usage,
            reach,
            connect: Duration::from_secs(10),
            piece: None,
            whole: None,
            idle: Some(Duration::from_secs(30)),
            user_agent: concat!("tradewire/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca: Ca::default(),
            names: Arc::new(Machine),
        }
    }

    /// The same connections for another use.
    #[must_use]
    pub fn used_for(&self, usage: Use) -> Client {
        Client { usage, ..self.clone() }
    }

    /// Begins a request, which [`Client::ask`] sends.
    ///
    /// # Errors
    /// An address that nobody has named.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Refused> {
        self.check(&url)?;
        Ok(self.http.request(method, url))
    }

    /// Sends a request that was made elsewhere.
    ///
    /// # Errors
    /// An address that nobody has named, and a connection that is not made or breaks.
    pub async fn send(&self, request: Request) -> Result<Response, Unanswered> {
        self.check(request.url())?;
        Ok(self.apart(self.http.execute(request)).await?)
    }

    /// Sends a request that [`Client::request`] began.
    ///
    /// # Errors
    /// A connection that is not made or breaks.
    pub async fn ask(&self, request: RequestBuilder) -> reqwest::Result<Response> {
        // Here alone.
        #[allow(clippy::disallowed_methods)]
        self.apart(request.send()).await
    }

    /// Strangers' connections are carried on by threads that come after all others.
    async fn apart<F: Future>(&self, sending: F) -> F::Output {
        if self.usage.is_of_strangers() { tradewire_workers::apart(sending).await } else { sending.await }
    }

    fn check(&self, url: &Url) -> Result<(), Refused> {
        self.reach.allows(url).map_err(|why| Refused { usage: self.usage, why })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("use", &self.usage).field("reach", &self.reach).finish_non_exhaustive()
    }
}
