//! Harborline Supply: a small trade vendor that does not exist, with an API of its own, so that a middleware's
//! templates can be tried offline. Its fields are spelt unlike ServiceTitan's, and it keeps what it is told: an order
//! takes stock, shows its progress, ends in an invoice, and is refused the second time.
//!
//! It is served under [`ROOT`] and wants [`DEMO_VENDOR_KEY`] in the header `X-Api-Key`. Its calls are named
//! `_vendor/…` in the ledger and for faults; [`ROUTES`] has all of them. An order goes on by itself, a stage every
//! few minutes, or at once by `POST /_sandbox/vendor/orders/{number}/advance`. What is not in stock follows days later, as
//! a shipment of its own. Prices stay until `POST /_sandbox/vendor/prices` says others.

mod customers;
mod dealings;
mod goods;
mod orders;
mod quotes;
mod refusal;

use std::collections::{BTreeMap, HashMap};

use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tradewire_sandbox_seed::clock::Ticks;
use tradewire_sandbox_seed::plan::route::percent_decode;
use tradewire_sandbox_seed::{Rng, number_of};

use crate::faults::{Act, Trouble};
use crate::ledger::Entry;
use crate::outcome::{self, Broken};
use crate::state::State;
use crate::wire::{self, Response};
use orders::Book;
use refusal::Refusal;

/// Where it begins.
pub(crate) const ROOT: &str = "/_vendor/v1";
/// The key that the stand-in vendor takes: it opens nothing but a sandbox.
pub const DEMO_VENDOR_KEY: &str = "hk1.sandbox";
/// The header that the key is in.
pub(crate) const KEY: &str = "x-api-key";

/// An answer: its status and body.
type Answer = Result<(u16, Value), Refusal>;

/// What can be asked: method, path, the name for ledger and faults, and what answers.
type Route = (Method, &'static str, &'static str, fn(&Call<'_>) -> Answer);

const ROUTES: [Route; 21] = [
    (Method::GET, "branches", "branches.list", goods::branches),
    (Method::GET, "transfers", "transfers.list", goods::transfers),
    (Method::GET, "parts", "parts.list", goods::parts),
    (Method::GET, "customers", "customers.list", customers::list),
    (Method::GET, "customers/{}", "customers.get", customers::one),
    (Method::GET, "customers/{}/jobs", "jobs.list", customers::jobs),
    (Method::GET, "customers/{}/ship_to", "ship-to.list", customers::ship_to),
    (Method::GET, "customers/{}/notices", "notices.list", customers::notices),
    (Method::GET, "customers/{}/assortment", "assortment.list", customers::assortment),
    (Method::GET, "customers/{}/history", "history.options", dealings::options),
    (Method::GET, "customers/{}/history/{}", "history.list", dealings::history),
    (Method::POST, "customers/{}/links", "links.create", customers::link),
    (Method::DELETE, "customers/{}/links", "links.delete", customers::unlink),
    (Method::POST, "quotes", "quotes.create", quotes::quote),
    (Method::POST, "quotes/branches", "quotes.by-branch", quotes::by_branch),
    (Method::POST, "stock", "stock.check", quotes::stock),
    (Method::POST, "order_fields/{}", "order-fields.get", quotes::order_field),
    (Method::POST, "orders", "orders.create", orders::create),
    (Method::GET, "orders", "orders.list", orders::list),
    (Method::GET, "orders/{}", "orders.get", orders::one),
    (Method::GET, "invoices", "invoices.list", dealings::invoices),
];

/// The calls that change something.
const WRITES: [&str; 3] = ["orders.create", "links.create", "links.delete"];

/// The vendor.
pub(crate) struct Vendor {
    seed: u64,
    book: Mutex<Book>,
    /// Prices in the list that are no longer those of the seed, in cents by parts.
    listed: Mutex<HashMap<usize, i64>>,
}

impl Vendor {
    pub fn new(seed: u64, origin: Ticks) -> Vendor {
        let vendor = Vendor { seed, book: Mutex::default(), listed: Mutex::default() };
        let book = dealings::past(&vendor, origin);
        Vendor { book: Mutex::new(book), ..vendor }
    }

    /// Lets an order go on by one stage; whether there is one of that number.
    pub fn advance(&self, number: &str) -> bool {
        self.book.lock().advance(number)
    }

    /// Sets prices in the list, in cents by part numbers. The first number that is none, where there is one: then nothing
    /// is set.
    pub fn set_prices(&self, prices: &BTreeMap<String, i64>) -> Result<(), String> {
        let part =
            |(number, cents): (&String, &i64)| goods::part(number).map(|part| (part, *cents)).ok_or(number.clone());
        let prices: Vec<(usize, i64)> = prices.iter().map(part).collect::<Result<_, _>>()?;
        self.listed.lock().extend(prices);
        Ok(())
    }

    /// Choices that depend on the seed and on what they are for.
    fn rng(&self, thing: &str, place: usize) -> Rng {
        Rng::of(self.seed, number_of("vendor") ^ number_of(thing), place as u64)
    }
}

/// One call to the vendor.
struct Call<'c> {
    vendor: &'c Vendor,
    now: Ticks,
    /// The values of the path.
    path: Vec<String>,
    query: Option<&'c str>,
    body: &'c [u8],
    /// Whether a write is to change nothing.
    lost: bool,
}

impl Call<'_> {
    /// A parameter of the query; one that is empty is none.
    fn asked(&self, name: &str) -> Option<String> {
        wire::asked(self.query, name).filter(|value| !value.is_empty())
    }

    /// A parameter that is a number.
    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let read = |text: String| {
            text.parse().map_err(|_| Refusal::new(400, "bad_parameter", format!("`{name}` is no number: `{text}`")))
        };
        self.asked(name).map(read).transpose()
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(self.body).map_err(|error| Refusal::new(400, "bad_body", error.to_string()))
    }
}

/// Answers a call below [`ROOT`].
pub(crate) async fn answer(state: &State, head: &Parts, body: &[u8], entry: &mut Entry) -> Result<Response, Broken> {
    let path = head.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let found = find(&head.method, path);
    entry.operation = Some(format!("_vendor/{}", found.as_ref().map_or("unknown", |(route, _)| route.2)));
    let trouble = state.faults.meet(entry.operation.as_deref().unwrap_or_default());
    tokio::time::sleep(trouble.latency).await;
    if let Some(act) = &trouble.instead {
        return instead(act);
    }
    let key = head.headers.get(KEY).map(|value| value.as_bytes());
    let writes = found.as_ref().is_ok_and(|(route, _)| WRITES.contains(&route.2)) && !trouble.lost_write;
    let answer = match found {
        _ if key != Some(DEMO_VENDOR_KEY.as_bytes()) => Err(Refusal::key()),
        Ok((route, path)) => route.3(&Call {
            vendor: &state.vendor,
            now: state.clock.now(),
            path,
            query: head.uri.query(),
            body,
            lost: trouble.lost_write,
        }),
        Err(refusal) => Err(refusal),
    };
    if let (true, Ok((status, _))) = (writes, &answer) {
        state.ledger.carried_out(entry, *status);
    }
    outcome::end(&trouble, response(answer, &trouble, state)).await
}

fn find(method: &Method, path: &str) -> Result<(&'static Route, Vec<String>), Refusal> {
    let parts: Vec<String> = path.trim_matches('/').split('/').map(percent_decode).collect();
    let mut known = false;
    for route in &ROUTES {
        let pattern: Vec<&str> = route.1.split('/').collect();
        let fits = |(piece, part): (&&str, &String)| *piece == "{}" && !part.is_empty() || *piece == part;
        if pattern.len() == parts.len() && pattern.iter().zip(&parts).all(fits) {
            known = true;
            if route.0 == method {
                let values = pattern.iter().zip(parts).filter(|(piece, _)| **piece == "{}");
                return Ok((route, values.map(|(_, part)| part).collect()));
            }
        }
    }
    Err(match known {
        true => Refusal::new(405, "bad_method", format!("{method} is not how this is asked")),
        false => Refusal::new(404, "no_such_page", format!("there is no {path}")),
    })
}

fn instead(act: &Act) -> Result<Response, Broken> {
    match act {
        Act::TooMany { retry_after } => {
            let mut response = Refusal::new(429, "slow_down", "too many calls; wait and ask again").response();
            if let Some(value) = retry_after.as_ref().and_then(|text| text.parse().ok()) {
                response.headers_mut().insert(hyper::header::RETRY_AFTER, value);
            }
            Ok(response)
        }
        Act::ExpiredToken => Ok(Refusal::key().response()),
        Act::Status { code, body: None } => {
            Ok(Refusal::new(*code, "out_of_order", "a fault that was asked for").response())
        }
        other => outcome::instead(other),
    }
}

fn response(answer: Answer, trouble: &Trouble, state: &State) -> Response {
    match answer {
        Ok((status, mut body)) => {
            if let Some(per_mille) = trouble.nulls {
                nulls(&mut body, per_mille.into(), &mut state.vendor.rng("nulls", 0));
            }
            let status = StatusCode::from_u16(status).unwrap_or_default();
            wire::typed(status, "application/json; charset=utf-8", body.to_string())
        }
        Err(refusal) => refusal.response(),
    }
}

/// Makes fields null that nobody said could be; lists stay, and so do numbers of records.
fn nulls(value: &mut Value, per_mille: usize, rng: &mut Rng) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let leaf = !member.is_object() && !member.is_array() && !name.ends_with("_no");
                if leaf && rng.chance(per_mille) {
                    *member = json!(null);
                }
                nulls(member, per_mille, rng);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| nulls(item, per_mille, rng)),
        _ => {}
    }
}
