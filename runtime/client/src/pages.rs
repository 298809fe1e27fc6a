//! Page after page of an operation, each fetched while the one before is read.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::Instrument;
use tradewire_surface::{OperationRef, Paging};

use crate::arguments::Arguments;
use crate::aside::aside;
use crate::envelope::Envelope;
use crate::error::{Error, Kind};
use crate::request::{Request, encode_query};
use crate::tenant::{Answered, Tenant};

/// How often a feed may answer an empty page and the token that it was asked with, before it counts as stuck.
const MOST_UNMOVED: u32 = 5;
/// How many empty pages may follow one another at all.
const MOST_EMPTY: u32 = 10_000;

/// One page, as it came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The whole body: the envelope and its records.
    pub body: Bytes,
    /// How many records it has. Only the last page may be empty.
    pub records: usize,
    /// Whether another page follows.
    pub has_more: bool,
    /// The page's number; feeds have none.
    pub number: Option<u32>,
    /// Where a feed goes on. That of the last page is where to begin next time.
    pub continue_from: Option<String>,
    /// How often the request was sent; repetitions for empty pages that were passed over count in.
    pub attempts: u32,
    /// How long the rate limit held it back, and the empty pages before it.
    pub waited: Duration,
}

/// The pages of an operation. Owns what it needs; dropping it ends the fetch that is under way.
pub struct Pages {
    walk: Result<Walk, Error>,
    in_flight: Option<JoinHandle<Result<(Answered, Envelope), Error>>>,
}

/// Where a walk through pages stands.
struct Walk {
    tenant: Tenant,
    request: Request,
    /// The query but for the parameter that moves.
    fixed: Vec<(String, String)>,
    position: Position,
    unmoved: u32,
    empty: u32,
    ended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Position {
    Page(u32),
    From(Option<String>),
}

/// Reads what stands around the records.
async fn envelope(body: &Bytes) -> Result<Envelope, String> {
    let body = body.clone();
    let reading = aside(body.len(), move || Envelope::read(&body).map_err(|error| error.to_string()));
    reading.await.unwrap_or_else(|stopped| Err(stopped.to_string()))
}

impl Pages {
    pub(crate) fn new(tenant: Tenant, op: OperationRef<'_>, arguments: &Arguments) -> Pages {
        Pages { walk: Walk::new(tenant, op, arguments), in_flight: None }
    }

    /// The next page, or none after the last. Empty pages that others follow are passed over. After an error it may
    /// be called again: it goes on with the page that failed. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        let walk = self.walk.as_mut().map_err(|error| error.clone())?;
        let (mut repeated, mut waited) = (0, Duration::ZERO);
        loop {
            if walk.ended {
                return Ok(None);
            }
            let fetch = self.in_flight.get_or_insert_with(|| walk.fetch(Duration::ZERO));
            let fetched = fetch.await;
            self.in_flight = None;
            let (answered, envelope) = fetched.unwrap_or_else(|stopped| {
                Err(Error::new(Kind::Unreachable, format!("the fetch was stopped: {stopped}")))
            })?;
            let rest = walk.advance(&envelope)?;
            if !walk.ended {
                self.in_flight = Some(walk.fetch(rest));
            }
            waited += answered.waited;
            if envelope.records.0 == 0 && !walk.ended {
                repeated += answered.attempts.saturating_sub(1);
                continue;
            }
            return Ok(Some(Page {
                body: answered.body,
                records: envelope.records.0,
                has_more: !walk.ended,
                number: envelope.page,
                continue_from: envelope.continue_from,
                attempts: answered.attempts + repeated,
                waited,
            }));
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(fetch) = &self.in_flight {
            fetch.abort();
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pages");
        match &self.walk {
            Ok(walk) => shown.field("operation", &walk.request.operation).field("position", &walk.position),
            Err(error) => shown.field("error", error),
        };
        shown.finish_non_exhaustive()
    }
}

impl Walk {
    fn new(tenant: Tenant, op: OperationRef<'_>, arguments: &Arguments) -> Result<Walk, Error> {
        let request = Request::of(op, tenant.id(), arguments)?;
        let invalid = |message: String| Error::new(Kind::Invalid, message).at(&op.id());
        let given = |name: &str| arguments.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut fixed = arguments.query.clone();
        let position = match op.operation.paging {
            None => return Err(invalid("the operation has no pages; call it".into())),
            Some(Paging::Pages { max, .. }) => {
                fixed.retain(|(name, _)| name != "page");
                if given("pageSize").is_none() && op.operation.params.iter().any(|p| p.wire == "pageSize") {
                    fixed.push(("pageSize".into(), max.to_string()));
                }
                match given("page").map(|text| (text.parse::<u32>(), text)) {
                    None => Position::Page(1),
                    Some((Ok(number), _)) if number > 0 => Position::Page(number),
                    Some((_, text)) => return Err(invalid(format!("`page` counts from 1, `{text}` is no page"))),
                }
            }
            Some(Paging::Feed) => {
                fixed.retain(|(name, _)| name != "from");
                Position::From(given("from"))
            }
        };
        Ok(Walk { tenant, request, fixed, position, unmoved: 0, empty: 0, ended: false })
    }

    /// Begins to fetch the page at the position, after a rest.
    fn fetch(&self, rest: Duration) -> JoinHandle<Result<(Answered, Envelope), Error>> {
        let mut request = self.request.clone();
        let moving = match &self.position {
            Position::Page(number) => Some(("page".to_owned(), number.to_string())),
            Position::From(from) => from.as_ref().map(|token| ("from".to_owned(), token.clone())),
        };
        request.query = encode_query(&moving.into_iter().chain(self.fixed.iter().cloned()).collect::<Vec<_>>());
        let tenant = self.tenant.clone();
        let fetch = async move {
            if !rest.is_zero() {
                sleep(rest).await;
            }
            let answered = tenant.answered(&request).await?;
            let envelope = envelope(&answered.body).await.map_err(|error| {
                let message = format!("the page is not what the catalog says: {error}");
                let error = Error::new(Kind::Unreadable, message).with_status(answered.status);
                error.with_attempts(answered.attempts).at(&request.operation)
            })?;
            Ok((answered, envelope))
        };
        tokio::spawn(fetch.in_current_span())
    }

    /// Moves on to the page after that one, and says how long to rest before it.
    fn advance(&mut self, page: &Envelope) -> Result<Duration, Error> {
        let circles = |message: String| Error::new(Kind::Unreadable, message).at(&self.request.operation);
        if page.has_more != Some(true) {
            self.ended = true;
            return Ok(Duration::ZERO);
        }
        let is_empty = page.records.0 == 0;
        let empty = if is_empty { self.empty + 1 } else { 0 };
        if empty > MOST_EMPTY {
            return Err(circles(format!("{MOST_EMPTY} empty pages in a row, and more to come: given up")));
        }
        let (position, unmoved) = match (&self.position, &page.continue_from) {
            (Position::Page(number), _) => {
                let next = number.checked_add(1).ok_or_else(|| circles("no page follows the last number".into()))?;
                (Position::Page(next), 0)
            }
            (Position::From(_), None) => {
                return Err(circles("the feed has more, and no continueFrom to ask for it".into()));
            }
            (Position::From(asked), Some(token)) if asked.as_ref() == Some(token) => {
                if !is_empty {
                    return Err(circles("the feed answers records, more to come, and the continueFrom it was asked with: it would give them again".into()));
                }
                if self.unmoved + 1 >= MOST_UNMOVED {
                    return Err(circles(format!(
                        "the feed has answered {MOST_UNMOVED} empty pages, more to come, and the same continueFrom: it does not move"
                    )));
                }
                (Position::From(Some(token.clone())), self.unmoved + 1)
            }
            (Position::From(_), Some(token)) => (Position::From(Some(token.clone())), 0),
        };
        self.position = position;
        self.empty = empty;
        self.unmoved = unmoved;
        // A feed that stands still gets time to move.
        Ok(if unmoved == 0 { Duration::ZERO } else { Duration::from_millis(100) * 2u32.pow(unmoved) })
    }
}
