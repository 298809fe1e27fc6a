//! `POST /middleware/{tenant}/{vendor}/{endpoint}`: calls of ServiceTitan's, or of whoever has a key.
//!
//! Whatever goes wrong, the answer has the contracts' own shape, as [`Trouble`] writes it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use futures::FutureExt;
use tokio::sync::watch;
use tradewire_client::Tenant;
use tradewire_config::{self as config, Serve};
use tradewire_executor::{Vendor, Vendors, written};
use tradewire_front::{Arrivals, Full, NotArrived, Peer, Place, Proven, Refusals, Shares};
use tradewire_middleware::exchange::{Incoming, KEY, Outgoing, Trouble};
use tradewire_text::cut;

use super::{Callers, paced};

/// How much is told of a call: of each name, of each message, and how many warnings. Callers and vendors choose them.
const LONGEST_NAME: usize = 200;
const LONGEST_MESSAGE: usize = 2000;
const MOST_WARNINGS: usize = 20;

/// Who calls, whom and for whom: as the configuration says that is in force.
pub struct MiddlewareState {
    /// Who may call.
    pub callers: Callers,
    /// Whom.
    pub vendors: Arc<Vendors>,
    /// For whom.
    pub tenants: HashMap<String, Tenant>,
}

/// Where calls come in.
pub struct MiddlewareService {
    reach: watch::Receiver<Arc<MiddlewareState>>,
    /// One for each call that may be carried at a time.
    places: Arc<Shares>,
    arrivals: Arc<Arrivals>,
    refusals: Arc<Refusals>,
    observer: Box<dyn Fn(&Carried) + Send + Sync>,
}

/// A call that was carried, or refused.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Carried {
    /// Whose key it showed.
    pub caller: String,
    /// For whom.
    pub tenant: String,
    /// To whom.
    pub middleware: String,
    /// What it called there.
    pub endpoint: String,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub milliseconds: u64,
    /// What went wrong; empty where nothing did.
    pub error: String,
    /// What was not as the contract says, and went on all the same.
    pub warnings: Vec<String>,
}

impl MiddlewareService {
    /// Told of each call as it ends, of those whose key is known.
    pub fn new(
        serve: &Serve,
        reach: watch::Receiver<Arc<MiddlewareState>>,
        refusals: Arc<Refusals>,
        observer: impl Fn(&Carried) + Send + Sync + 'static,
    ) -> MiddlewareService {
        let places = Shares::new(serve.at_once);
        let arrivals = Arc::new(Arrivals::new(serve.body, serve.at_once));
        MiddlewareService { reach, places, arrivals, refusals, observer: Box::new(observer) }
    }

    fn reach(&self) -> Arc<MiddlewareState> {
        self.reach.borrow().clone()
    }

    /// How long a call may take, to whichever vendor it is.
    pub(super) fn longest(&self) -> Duration {
        self.reach().vendors.iter().map(|vendor| vendor.middleware.deadline()).max().unwrap_or_default()
    }

    /// Waits until no call is being carried.
    pub(super) async fn rest(&self) {
        self.places.rest().await;
    }

    /// Lets a call in that may be carried.
    async fn admit(
        &self,
        (reach, caller): (&MiddlewareState, &config::Caller),
        called: &Called,
        peer: &Peer,
        request: Request,
    ) -> Result<(Admitted, Place, Proven), Trouble> {
        let (vendor, tenant) = reach.find(caller, called)?;
        let (head, body) = request.into_parts();
        let sharing = (caller.name.clone(), reach.callers.names().len());
        let body = self.arrivals.receive(body, sharing, |_| {}).await.map_err(not_arrived)?;
        let place = self.places.take(&caller.name, caller.at_once, reach.callers.names());
        let place = place.map_err(|full| full_up(full, caller))?;
        // Not before the body is there: a key must not make slow connections ones that never give way.
        let proven = peer.prove(&format!("caller `{}`", caller.name)).ok_or_else(|| {
            Trouble::busy("as many of your connections are busy as are left to one caller beside others; come again")
        })?;
        let incoming = Incoming { headers: texts(&head.headers), body };
        Ok((Admitted { vendor, tenant, incoming }, place, proven))
    }
}

fn full_up(full: Full, caller: &config::Caller) -> Trouble {
    Trouble::busy(match full {
        Full::All => "as many calls are being carried as `at_once` of `[serve]` allows; come again".to_owned(),
        Full::Kept => "as many of your calls are being carried as `at_once` of `[serve]` leaves to one caller beside \
                       others; come again"
            .to_owned(),
        Full::Own => {
            format!("as many calls are being carried as `at_once` of `[caller.{}]` allows; come again", caller.name)
        }
    })
}

/// A call that shows no key of anybody's: how it is counted, and what it is told.
struct Stranger(&'static str, &'static str);

impl MiddlewareState {
    fn caller(&self, headers: &HeaderMap) -> Result<&config::Caller, Stranger> {
        let mut keys = headers.get_all(KEY).into_iter();
        match (keys.next(), keys.next()) {
            (None, _) => Err(Stranger("calls without a key", "no key: send yours as the header `X-Tradewire-Key`")),
            (Some(_), Some(_)) => {
                Err(Stranger("calls with several keys", "several keys: send yours as one header `X-Tradewire-Key`"))
            }
            (Some(key), None) => self
                .callers
                .find(key.as_bytes())
                .ok_or(Stranger("calls with a key that is nobody's", "the key in `X-Tradewire-Key` is nobody's")),
        }
    }

    /// The vendor and the tenant, where this caller may reach both.
    fn find(&self, caller: &config::Caller, called: &Called) -> Result<(Arc<Vendor>, Tenant), Trouble> {
        let (name, tenant) = (&called.vendor, &called.tenant);
        let may = |allowed: &Option<Vec<String>>, name: &String| allowed.as_ref().is_none_or(|all| all.contains(name));
        // What a caller may not reach is not told from what is not there.
        let vendor = self.vendors.get(name).filter(|_| may(&caller.middleware, name)).ok_or_else(|| {
            Trouble::caller(format!("there is no vendor `{name}` for caller `{}`", caller.name)).with_status(404)
        })?;
        let known = self.tenants.get(tenant).filter(|_| may(&caller.tenants, tenant)).ok_or_else(|| {
            Trouble::caller(format!("there is no tenant `{tenant}` for caller `{}`", caller.name)).with_status(404)
        })?;
        if !vendor.tenants.contains(tenant) {
            let message = format!("`{name}` takes no calls for tenant `{tenant}`: it is not among its `tenants`");
            return Err(Trouble::caller(message).with_status(403));
        }
        Ok((vendor.clone(), known.clone()))
    }
}

/// A call that was let in.
struct Admitted {
    vendor: Arc<Vendor>,
    tenant: Tenant,
    incoming: Incoming,
}

impl Admitted {
    async fn carry(self, endpoint: &str) -> Outgoing {
        let answer = self.vendor.middleware.answer(endpoint, self.incoming, Some(Arc::new(self.tenant)));
        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| failed().into())
    }
}

fn not_arrived(error: NotArrived) -> Trouble {
    match error {
        NotArrived::TooMuch => Trouble::busy(error.to_string()),
        _ => Trouble::caller(error.to_string()).with_status(error.status().as_u16()),
    }
}

fn failed() -> Trouble {
    Trouble::busy("the runtime failed while it carried the call").with_status(500)
}

/// What the path says.
#[derive(serde::Deserialize)]
struct Called {
    tenant: String,
    vendor: String,
    endpoint: String,
}

pub(super) fn routes(service: Arc<MiddlewareService>) -> Router {
    Router::new()
        .route("/middleware/{tenant}/{vendor}/{endpoint}", post(answer))
        .fallback(async || response(Trouble::caller("there is nothing here").with_status(404).into()))
        .method_not_allowed_fallback(async || {
            response(Trouble::caller("vendors are called by POST").with_status(405).into())
        })
        .with_state(service)
}

async fn answer(
    State(service): State<Arc<MiddlewareService>>,
    Extension(peer): Extension<Peer>,
    called: Result<Path<Called>, PathRejection>,
    request: Request,
) -> Response {
    let start = Instant::now();
    let reach = service.reach();
    // Nothing of a stranger's is looked at but the key, and none of the body is received.
    let caller = match reach.caller(request.headers()) {
        Ok(caller) => caller.clone(),
        Err(Stranger(kind, message)) => {
            let pace = service.refusals.slow(kind, peer.address(), "").await;
            return paced(pace, response(Trouble::caller(message).with_status(401).into()));
        }
    };
    let Ok(Path(called)) = called else {
        return response(Trouble::caller("the path is not UTF-8").into());
    };
    let (admitted, proven) = match service.admit((&reach, &caller), &called, &peer, request).await {
        Ok((admitted, place, proven)) => (Ok((admitted, place)), Some(proven)),
        Err(trouble) => (Err(trouble), None),
    };
    // On a task of its own: a caller that hangs up leaves an order that is carried and told all the same.
    let carrying = tokio::spawn(async move {
        let (outgoing, place) = match admitted {
            Ok((admitted, place)) => (admitted.carry(&called.endpoint).await, Some(place)),
            Err(trouble) => (trouble.into(), None),
        };
        let Called { tenant, vendor, endpoint } = called;
        let error = match outgoing.status {
            ..400 => String::new(),
            _ => outgoing.body.get("errorMessage").map(|text| text.to_text()).unwrap_or_default(),
        };
        let short = |text: &str, most| cut(text, most).into_owned();
        (service.observer)(&Carried {
            caller: caller.name,
            tenant: short(&tenant, LONGEST_NAME),
            middleware: short(&vendor, LONGEST_NAME),
            endpoint: short(&endpoint, LONGEST_NAME),
            status: outgoing.status,
            milliseconds: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            error: short(&error, LONGEST_MESSAGE),
            warnings: outgoing.warnings.iter().take(MOST_WARNINGS).map(|text| short(text, LONGEST_MESSAGE)).collect(),
        });
        (outgoing, place)
    });
    let (outgoing, place) = carrying.await.unwrap_or_else(|_| (failed().into(), None));
    // Both are free again when the caller has taken the answer, or has hung up.
    let Outgoing { status, headers, body, .. } = outgoing;
    told(status, &headers, written(body).await, (proven, place))
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let others = headers.iter().filter(|(name, _)| name.as_str() != KEY);
    others.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

fn response(outgoing: Outgoing) -> Response {
    let body = tradewire_secrets::configured().masked(outgoing.body.to_json());
    told(outgoing.status, &outgoing.headers, body, ())
}

/// What is held is let go of when the answer is taken.
fn told(status: u16, headers: &[(String, String)], body: String, held: impl Send + Unpin + 'static) -> Response {
    let mut response = Response::new(tradewire_front::holding(body, held));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if status == 503 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    for (name, value) in headers {
        // What no header can hold was refused when the template's output was read.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
            response.headers_mut().insert(name, value);
        }
    }
    if !response.headers().contains_key(header::CONTENT_TYPE) {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}
