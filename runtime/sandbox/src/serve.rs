//! Listening, and the way of a call: faults, token, limit, validation, operation.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tradewire_sandbox_seed::plan::Endpoint;
use tradewire_sandbox_seed::plan::route::{Found, Segment};
use tradewire_surface::{Body, Effect};

use crate::faults::{Faults, Trouble};
use crate::ledger::{self, Entry};
use crate::operate::{self, Call};
use crate::options::{Error, Options};
use crate::outcome::{Broken, end, instead};
use crate::problem::{Faulty, Problem};
use crate::state::State;
use crate::store::StoredFile;
use crate::wire::{self, Response};
use crate::{control, example, limit, validate, vendor};

/// Bodies beyond this are refused.
const LONGEST_BODY: usize = 64 << 20;
/// How long calls that go on may take to end once the sandbox stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// An offline ServiceTitan.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Serves on an address; port 0 takes a free one.
    pub async fn start(options: Options, addr: SocketAddr) -> Result<Running, Error> {
        let state = Arc::new(State::new(options)?);
        let listen = |source| Error::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = watch::channel(());
        let serving = tokio::spawn(serve(listener, state.clone(), stopped));
        Ok(Running { addr, state, stop, serving })
    }
}

/// A sandbox that serves, until it is stopped or dropped.
pub struct Running {
    addr: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address for clients, which serves tokens as well: `http://127.0.0.1:8123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The latest calls, the oldest first.
    pub fn calls(&self) -> Vec<Entry> {
        self.state.ledger.entries()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.state.ledger.clear();
    }

    /// Every call that was carried out and changed something, in order, with the status that it came to, whatever its
    /// caller got to see of that.
    pub fn writes(&self) -> Vec<Entry> {
        self.state.ledger.writes()
    }

    /// Puts these faults in place of those in force.
    pub fn set_faults(&self, faults: Faults) {
        self.state.faults.set(faults);
    }

    /// The address of the stand-in vendor, which takes [`DEMO_VENDOR_KEY`](crate::DEMO_VENDOR_KEY).
    pub fn vendor_url(&self) -> String {
        format!("{}{}", self.url(), vendor::ROOT)
    }

    /// Lets every token expire now.
    pub fn expire_tokens(&self) {
        self.state.auth.expire_all();
    }

    /// Values for the parameters of an operation's path, in its order without the tenant, that mean a record which
    /// is there; none where an operation or a tenant is unknown, or no record is left.
    pub fn example(&self, operation: &str, tenant: i64) -> Option<Vec<String>> {
        example::path(&self.state, operation, tenant)
    }

    /// The records of a collection (`dispatch/teams`) as they are, in the order in which they were made; the seeded ones
    /// come first. None where a collection or a tenant is unknown.
    pub fn records(&self, collection: &str, tenant: i64) -> Option<Vec<serde_json::Value>> {
        Some(self.state.stores.get(&tenant)?.records(self.state.plan.collection(collection)?))
    }

    /// Adds a record to a collection, as people at ServiceTitan do, who are bound to no operation; gives what it is. None
    /// where a collection or a tenant is unknown.
    pub fn add_record(&self, collection: &str, tenant: i64, fields: &serde_json::Value) -> Option<serde_json::Value> {
        let store = self.state.stores.get(&tenant)?;
        let added = operate::add(&self.state, store, self.state.plan.collection(collection)?, &fields.to_string());
        serde_json::from_str(&added).ok()
    }

    /// Merges fields into the record of that id, likewise.
    pub fn amend_record(
        &self,
        collection: &str,
        tenant: i64,
        id: &str,
        fields: &serde_json::Value,
    ) -> Option<serde_json::Value> {
        let store = self.state.stores.get(&tenant)?;
        let collection = self.state.plan.collection(collection)?;
        let amended = operate::amend(&self.state, store, collection, id, &fields.to_string())?;
        serde_json::from_str(&amended).ok()
    }

    /// Moves the sandbox's clock on; it never goes back. Whether it went.
    pub fn move_on(&self, to: chrono::DateTime<chrono::Utc>) -> bool {
        self.state.clock.move_on(tradewire_sandbox_seed::clock::ticks(to))
    }

    /// Sets prices in the stand-in vendor's list, in cents by part numbers.
    ///
    /// # Errors
    /// The first number that is no part's: then nothing is set.
    pub fn set_prices(&self, prices: &std::collections::BTreeMap<String, i64>) -> Result<(), String> {
        self.state.vendor.set_prices(prices)
    }

    /// Ends it: takes no new calls, and answers those that go on, within seconds.
    pub async fn stop(self) {
        // Whoever listens for it has ended already.
        let _ = self.stop.send(());
        let _ = self.serving.await;
    }
}

async fn serve(listener: TcpListener, state: Arc<State>, mut stopped: watch::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let http = auto::Builder::new(TokioExecutor::new());
    loop {
        let stream = tokio::select! {
            // An error means that the handle was dropped.
            _ = stopped.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Latency is all this would change.
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        let service = service_fn(move |request| answer(state.clone(), request));
        let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(PATIENCE, graceful.shutdown()).await;
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response, Broken> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let title = format!("The body is longer than {LONGEST_BODY} bytes.");
            return Ok(Problem::new(413, title).response());
        }
        Err(_) => return Err(Broken),
    };
    let path = head.uri.path();
    if path == control::ROOT || path.starts_with("/_sandbox/") {
        return Ok(control::answer(&state, &head, &body));
    }
    let mut recorded = Recorded { state: state.clone(), entry: ledger::entry(&head, &body) };
    let entry = &mut recorded.entry;
    let answer = if path.starts_with(vendor::ROOT) {
        vendor::answer(&state, &head, &body, entry).await
    } else if path == "/connect/token" {
        entry.operation = Some("token".to_owned());
        entry.body.clear();
        token(&state, &head, &body).await
    } else {
        call(&state, &head, body, entry).await
    };
    entry.status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
    answer
}

/// A call, which is in the ledger once this is dropped: also where its caller has hung up meanwhile.
struct Recorded {
    state: Arc<State>,
    entry: Entry,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.state.ledger.write(self.entry.clone());
    }
}

async fn token(state: &State, head: &Parts, body: &[u8]) -> Result<Response, Broken> {
    let trouble = state.faults.meet("token");
    tokio::time::sleep(trouble.latency).await;
    if let Some(act) = &trouble.instead {
        return instead(act);
    }
    if head.method != hyper::Method::POST {
        return Ok(wire::empty(StatusCode::METHOD_NOT_ALLOWED));
    }
    end(&trouble, state.auth.token(&state.options, &head.headers, body)).await
}

async fn call(state: &State, head: &Parts, body: Bytes, entry: &mut Entry) -> Result<Response, Broken> {
    let method = head.method.as_str().parse().ok();
    let Found::Operation(number, values) = state.plan.routes.find(method, head.uri.path()) else {
        return Ok(Problem::no_route().response());
    };
    let endpoint = &state.plan.endpoints[number];
    entry.operation = Some(endpoint.id.clone());
    let trouble = state.faults.meet(&endpoint.id);
    if !trouble.latency.is_zero() {
        tokio::time::sleep(trouble.latency).await;
    }
    if let Some(act) = &trouble.instead {
        return instead(act);
    }
    let answer = match carry_out(state, head, body, endpoint, values, &trouble).await {
        Ok(answer) => answer,
        Err(problem) => problem.response(),
    };
    if endpoint.operation.effect == Effect::Write && answer.status().is_success() && !trouble.lost_write {
        state.ledger.carried_out(entry, answer.status().as_u16());
    }
    end(&trouble, answer).await
}

async fn carry_out(
    state: &State,
    head: &Parts,
    body: Bytes,
    endpoint: &'static Endpoint,
    mut values: Vec<String>,
    trouble: &Trouble,
) -> Result<Response, Problem> {
    let mut params = endpoint.segments.iter().filter(|segment| matches!(segment, Segment::Param(_)));
    let place = params.position(|param| matches!(param, Segment::Param(name) if name == "tenant"));
    let tenant = place.map(|place| values.remove(place)).unwrap_or_default();
    let key = state.auth.check(&state.options, &head.headers, &tenant, &endpoint.operation.scope)?;
    let tenant: i64 = tenant.parse().map_err(|_| Problem::no_route())?;
    let store = state.stores.get(&tenant).ok_or_else(Problem::no_route)?;
    if let Some(limit) = &state.calls {
        limit.take((key, tenant), Instant::now()).map_err(limit::refusal)?;
    }
    validate::path(endpoint, &values).map_err(Problem::invalid)?;
    let asked = validate::query(endpoint, head.uri.query().unwrap_or_default()).map_err(Problem::invalid)?;
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut text = "";
    if let Some(Body::Json(ty)) = &endpoint.operation.body {
        if !body.is_empty() && !is_json(media_type) {
            return Err(Problem::new(415, format!("The body is to be application/json, not `{media_type}`.")));
        }
        validate::body(endpoint.surface, ty, &body).map_err(Problem::invalid)?;
        // Checked to be UTF-8 just before.
        text = std::str::from_utf8(&body).unwrap_or_default().trim();
    }
    let call = Call { state, store, tenant, endpoint, path: values, asked, body: text, trouble };
    match &endpoint.operation.body {
        Some(Body::File(field)) => {
            let (name, file) = file(media_type, body.clone(), field).await?;
            Ok(operate::upload(&call, &name, file))
        }
        _ => operate::operate(&call),
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.is_empty() || essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// The one file of a multipart body.
async fn file(media_type: &str, body: Bytes, field: &str) -> Result<(String, StoredFile), Problem> {
    let boundary = multer::parse_boundary(media_type)
        .map_err(|_| Problem::new(415, "The file is to be sent as multipart/form-data."))?;
    let stream = futures::stream::once(async move { Ok::<_, Infallible>(body) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let refused = |error: multer::Error| Problem::field("$", format!("The multipart body cannot be read: {error}."));
    while let Some(part) = parts.next_field().await.map_err(refused)? {
        if part.name() != Some(field) {
            continue;
        }
        let Some(name) = part.file_name().map(str::to_owned) else { continue };
        let media_type = part.content_type().map_or("application/octet-stream".to_owned(), ToString::to_string);
        let bytes = part.bytes().await.map_err(refused)?;
        return Ok((name, StoredFile { media_type, bytes }));
    }
    Err(Problem::invalid(Faulty::from([(field.to_owned(), vec![format!("The file {field} is required.")])])))
}
