//! Prices and stock for what a customer asks about, and the fields that an order may have.

use serde::Deserialize;
use serde_json::{Value, json};
use tradewire_sandbox_seed::clock::{self, DAY};

use super::customers::{customer, customer_number, is_job, percent};
use super::goods::{self, branch, branch_number, branch_places, dollars, part, part_number};
use super::orders::quantity;
use super::{Answer, Call, Refusal, Vendor};

/// From how many thousandths a line costs so many percent.
const BREAKS: [(i64, i64); 3] = [(1_000, 100), (10_000, 95), (50_000, 90)];
/// The most of one part that an order may have.
const MOST: f64 = 100_000.0;

/// A part and how many of it.
#[derive(Deserialize)]
pub(super) struct Asked {
    part_no: Option<String>,
    qty: Option<f64>,
}

#[derive(Deserialize)]
struct Question {
    customer_no: String,
    job_no: Option<String>,
    branch_no: Option<String>,
    lines: Vec<Asked>,
}

/// Places and thousandths of the lines, or what is wrong with each of them.
pub(super) fn lines(asked: &[Asked]) -> Result<Vec<(usize, i64)>, Refusal> {
    let mut faults = Vec::new();
    let mut found = Vec::new();
    for (at, line) in asked.iter().enumerate() {
        let number = line.part_no.as_deref().unwrap_or_default();
        let quantity = line.qty.filter(|quantity| *quantity > 0.0 && *quantity <= MOST);
        match (part(number), quantity) {
            // Bounded just above.
            (Some(part), Some(quantity)) => found.push((part, (quantity * 1000.0).round() as i64)),
            (None, _) => faults.push((at + 1, "part_no", format!("no part `{number}` in the catalogue"))),
            (_, None) => {
                let written = line.qty.map_or("nothing".to_owned(), |quantity| quantity.to_string());
                faults.push((at + 1, "qty", format!("{written} is no quantity of `{number}`")));
            }
        }
    }
    if asked.is_empty() {
        return Err(Refusal::new(422, "no_lines", "there are no lines"));
    }
    if faults.is_empty() { Ok(found) } else { Err(Refusal::lines(faults)) }
}

/// The branch of that number; that of the customer's own city where there is none.
pub(super) fn branch_or_home(number: Option<&str>, customer: usize) -> Result<usize, Refusal> {
    match number.filter(|number| !number.is_empty()) {
        Some(number) => branch(number).ok_or_else(|| Refusal::missing("branch", number)),
        None => Ok(customer),
    }
}

/// What one unit costs the customer in that branch, in cents.
pub(super) fn price(vendor: &Vendor, customer: usize, branch: usize, part: usize, quantity: i64) -> i64 {
    let here = 100 + vendor.rng("freight", branch).between(0, 4);
    let of = BREAKS.iter().rev().find(|(from, _)| quantity >= *from).map_or(100, |(_, percent)| *percent);
    (vendor.list_price(part) * percent(customer) * here * of / 1_000_000).max(1)
}

fn question(call: &Call<'_>) -> Result<(Question, usize), Refusal> {
    let asked: Question = call.json()?;
    let customer = customer(&asked.customer_no)?;
    match asked.job_no.as_deref().filter(|job| !job.is_empty() && !is_job(customer, job)) {
        Some(job) => Err(Refusal::missing("job", job)),
        None => Ok((asked, customer)),
    }
}

/// `POST quotes`: prices and stock in one branch. A part that is not there has an `issue` instead.
pub(super) fn quote(call: &Call<'_>) -> Answer {
    let (asked, customer) = question(call)?;
    let branch = branch_or_home(asked.branch_no.as_deref(), customer)?;
    let book = call.vendor.book.lock();
    let line = |line: &Asked| {
        let number = line.part_no.as_deref().unwrap_or_default();
        let Some(part) = part(number) else {
            let issue = format!("no part `{number}` in the catalogue");
            return json!({ "part_no": number, "qty": line.qty, "prices": [], "on_hand": null, "issue": issue });
        };
        let prices = BREAKS.iter().map(|(from, _)| {
            let each = price(call.vendor, customer, branch, part, *from);
            json!({ "from_qty": quantity(*from), "unit_price": dollars(each) })
        });
        json!({
            "part_no": number, "qty": line.qty, "unit": goods::unit(part), "prices": prices.collect::<Vec<_>>(),
            "on_hand": quantity(book.on_hand(call.vendor, branch, part)), "issue": null,
        })
    };
    let lines: Vec<Value> = asked.lines.iter().map(line).collect();
    Ok((200, json!({ "branch_no": branch_number(branch), "customer_no": customer_number(customer), "lines": lines })))
}

/// `POST quotes/branches`: one price for each part in each branch.
pub(super) fn by_branch(call: &Call<'_>) -> Answer {
    let (asked, customer) = question(call)?;
    let book = call.vendor.book.lock();
    let lines = lines(&asked.lines)?;
    let line = |(part, count): &(usize, i64)| {
        let at = |branch: usize| {
            let each = price(call.vendor, customer, branch, *part, *count);
            let on_hand = quantity(book.on_hand(call.vendor, branch, *part));
            json!({ "branch_no": branch_number(branch), "unit_price": dollars(each), "on_hand": on_hand })
        };
        let branches: Vec<Value> = branch_places().map(at).collect();
        json!({ "part_no": part_number(*part), "qty": quantity(*count), "branches": branches })
    };
    let lines: Vec<Value> = lines.iter().map(line).collect();
    Ok((200, json!({ "customer_no": customer_number(customer), "lines": lines })))
}

/// `POST stock`: whether a branch has what is asked for, and since when or from when.
pub(super) fn stock(call: &Call<'_>) -> Answer {
    let (asked, customer) = question(call)?;
    let branch = branch_or_home(asked.branch_no.as_deref(), customer)?;
    let book = call.vendor.book.lock();
    let line = |(part, wanted): &(usize, i64)| {
        let on_hand = book.on_hand(call.vendor, branch, *part);
        let state = match () {
            () if on_hand >= *wanted => "enough",
            () if call.vendor.is_discontinued(*part) => "discontinued",
            () if on_hand > 0 => "some",
            () => "none",
        };
        let days = call.vendor.rng("due", *part).between(2, 21);
        let due = matches!(state, "some" | "none").then(|| clock::write(call.now + days * DAY));
        json!({ "part_no": part_number(*part), "on_hand": quantity(on_hand), "state": state, "due": due })
    };
    let lines: Vec<Value> = lines(&asked.lines)?.iter().map(line).collect();
    Ok((200, json!({ "branch_no": branch_number(branch), "stock": lines })))
}

#[derive(Deserialize)]
struct Order {
    customer_no: String,
    total: Option<f64>,
    #[serde(default)]
    pickup: bool,
}

/// `POST order_fields/{}`: what a field of an order may hold, given what the order has so far.
pub(super) fn order_field(call: &Call<'_>) -> Answer {
    let order: Order = call.json()?;
    customer(&order.customer_no)?;
    let name = call.path.first().map(String::as_str).unwrap_or_default();
    let (choices, preset, needed) = match name {
        "delivery" if order.pickup => (Vec::new(), None, false),
        "delivery" => {
            let free = order.total.is_some_and(|total| total >= 500.0);
            let fee = |cents: i64| if free { dollars(0) } else { dollars(cents) };
            let choices = vec![
                json!({ "code": "TRUCK", "label": "Our truck, next morning", "fee": fee(2500) }),
                json!({ "code": "RUSH", "label": "Hot-shot, within 2 h", "fee": dollars(8900) }),
                json!({ "code": "CARRIER", "label": "Parcel \"ground\"", "fee": null }),
            ];
            (choices, Some("TRUCK"), true)
        }
        "gate_code" => (Vec::new(), None, !order.pickup),
        _ => return Err(Refusal::missing("field", name)),
    };
    let shown = !(name == "delivery" && order.pickup);
    Ok((200, json!({ "field": name, "shown": shown, "needed": needed, "preset": preset, "choices": choices })))
}
