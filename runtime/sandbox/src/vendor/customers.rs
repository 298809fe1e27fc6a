//! Customers, their jobs and addresses, what they are told and may buy, and who is linked to them.

use serde::Deserialize;
use serde_json::{Value, json};
use tradewire_sandbox_seed::{CITIES, firm, phone, street};

use super::goods::{self, branch, part, part_count, part_number};
use super::{Answer, Call, Refusal, Vendor};

/// How many customers there are.
const CUSTOMERS: usize = 3;
const FIRST: usize = 7001;
const JOBS: usize = 5;
const PAGE: usize = 3;
const ASSORTMENT_PAGE: usize = 12;
/// Price tiers and the percent of the list price that they pay.
const TIERS: [(&str, i64); 3] = [("GOLD", 88), ("SILVER", 94), ("RETAIL", 100)];

pub(super) fn customer_places() -> std::ops::Range<usize> {
    0..CUSTOMERS
}

pub(super) fn customer_number(place: usize) -> String {
    format!("H-{}", FIRST + place)
}

/// The place of a customer by its number.
pub(super) fn customer(number: &str) -> Result<usize, Refusal> {
    customer_places()
        .find(|place| customer_number(*place) == number)
        .ok_or_else(|| Refusal::missing("customer", number))
}

pub(super) fn job_number(customer: usize, job: usize) -> String {
    format!("{}-{:02}", customer_number(customer), job + 1)
}

pub(super) fn is_job(customer: usize, number: &str) -> bool {
    (0..JOBS).any(|job| job_number(customer, job) == number)
}

/// The percent of the list price that a customer pays.
pub(super) fn percent(customer: usize) -> i64 {
    TIERS[customer % TIERS.len()].1
}

impl Vendor {
    fn customer(&self, place: usize) -> Value {
        let mut rng = self.rng("customer", place);
        json!({
            "customer_no": customer_number(place), "trade_name": firm(&mut rng), "zip": CITIES[place].2,
            "tier": TIERS[place % TIERS.len()].0, "tel": phone(&mut rng), "buys_direct": place != 2,
            "linked": self.book.lock().links.contains(&place), "job_count": JOBS,
        })
    }

    fn job(&self, customer: usize, job: usize) -> Value {
        let mut rng = self.rng("job", customer * JOBS + job);
        json!({
            "job_no": job_number(customer, job), "label": format!("{} \u{2014} {}", street(&mut rng), job + 1),
            "zip": CITIES[(customer + job) % CITIES.len()].2, "tax_exempt": rng.chance(300),
        })
    }
}

fn named(call: &Call<'_>) -> Result<usize, Refusal> {
    customer(call.path.first().map(String::as_str).unwrap_or_default())
}

/// `GET customers`: all of them.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let customers: Vec<Value> = customer_places().map(|place| call.vendor.customer(place)).collect();
    Ok((200, json!({ "customers": customers })))
}

/// `GET customers/{}`: one of them; who gives its `zip` must give the right one.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let place = named(call)?;
    if let Some(zip) = call.asked("zip").filter(|zip| *zip != CITIES[place].2) {
        let message = format!("{} is not the zip code of customer {}", zip, customer_number(place));
        return Err(Refusal::new(403, "wrong_zip", message));
    }
    let jobs: Vec<Value> = (0..JOBS).map(|job| call.vendor.job(place, job)).collect();
    Ok((200, json!({ "customer": call.vendor.customer(place), "jobs": jobs })))
}

/// `GET customers/{}/jobs`: page by page.
pub(super) fn jobs(call: &Call<'_>) -> Answer {
    let customer = named(call)?;
    let page = call.number::<usize>("page")?.unwrap_or(1).max(1);
    let first = (page - 1).saturating_mul(PAGE).min(JOBS);
    let last = JOBS.min(first + PAGE);
    let jobs: Vec<Value> = (first..last).map(|job| call.vendor.job(customer, job)).collect();
    Ok((200, json!({ "jobs": jobs, "next_page": (last < JOBS).then_some(page + 1) })))
}

/// `GET customers/{}/ship_to`.
pub(super) fn ship_to(call: &Call<'_>) -> Answer {
    let customer = named(call)?;
    let address = |number: usize| {
        let (city, state, zip, ..) = CITIES[(customer + number) % CITIES.len()];
        let mut rng = call.vendor.rng("ship-to", customer * 8 + number);
        let line_2 = (number == 1).then(|| format!("Dock \"{}\"", rng.between(1, 9)));
        json!({
            "ship_to_no": format!("{}-S{}", customer_number(customer), number + 1), "label": format!("{city} yard"),
            "line_1": street(&mut rng), "line_2": line_2, "town": city, "state_code": state, "zip": zip,
            "country": "US", "is_default": number == 0,
        })
    };
    let addresses: Vec<Value> = (0..3).map(address).collect();
    Ok((200, json!({ "customer_no": customer_number(customer), "ship_to": addresses })))
}

/// `GET customers/{}/notices`: what the customer should know.
pub(super) fn notices(call: &Call<'_>) -> Answer {
    let customer = named(call)?;
    let mut notices = vec![
        json!({ "level": "info", "area": "orders", "subject": "Counter hours", "text": "Counters close at 17:00." }),
    ];
    if call.vendor.rng("notice", customer).chance(600) || customer == 0 {
        notices.push(json!({
            "level": "warn", "area": "prices", "subject": null,
            "text": "Copper moves daily: quotes hold \"as long as the day\".",
        }));
    }
    Ok((200, json!({ "notices": notices })))
}

/// `GET customers/{}/assortment`: the parts that a customer can have from `branch`, page by page, all or those of
/// `only`, which are separated by commas.
pub(super) fn assortment(call: &Call<'_>) -> Answer {
    named(call)?;
    let branch = match call.asked("branch") {
        Some(number) => Some(branch(&number).ok_or_else(|| Refusal::missing("branch", &number))?),
        None => None,
    };
    let only: Option<Vec<usize>> =
        call.asked("only").map(|only| only.split(',').filter_map(|number| part(number.trim())).collect());
    let book = call.vendor.book.lock();
    let has = |place: usize| match branch {
        Some(branch) => book.on_hand(call.vendor, branch, place) > 0,
        None => goods::branch_places().any(|branch| book.on_hand(call.vendor, branch, place) > 0),
    };
    let wanted = |place: &usize| only.as_ref().is_none_or(|only| only.contains(place)) && has(*place);
    let numbers: Vec<String> = (0..part_count()).filter(wanted).map(part_number).collect();
    let page = call.number::<usize>("page")?.unwrap_or(1).max(1);
    let first = (page - 1).saturating_mul(ASSORTMENT_PAGE).min(numbers.len());
    let last = numbers.len().min(first + ASSORTMENT_PAGE);
    Ok((200, json!({ "part_nos": &numbers[first..last], "page": page, "more": last < numbers.len() })))
}

#[derive(Deserialize)]
struct Link {
    partner: String,
}

/// `POST customers/{}/links`: lets a partner's software buy for the customer. To do it again changes nothing.
pub(super) fn link(call: &Call<'_>) -> Answer {
    let customer = named(call)?;
    let Link { partner } = call.json()?;
    let first = call.lost || call.vendor.book.lock().links.insert(customer);
    let body = json!({ "customer": call.vendor.customer(customer), "partner": partner, "new": first });
    Ok((if first { 201 } else { 200 }, body))
}

/// `DELETE customers/{}/links`: ends it.
pub(super) fn unlink(call: &Call<'_>) -> Answer {
    let customer = named(call)?;
    let was = !call.lost && call.vendor.book.lock().links.remove(&customer);
    Ok((200, json!({ "customer_no": customer_number(customer), "linked": false, "was_linked": was })))
}
