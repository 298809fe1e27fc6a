//! What was bought before: seeded orders of the past, invoices, and what a customer tends to buy.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tradewire_sandbox_seed::clock::{self, DAY, Ticks};

use super::customers::{customer, customer_number, customer_places};
use super::goods::{self, dollars, part_count, part_number};
use super::orders::{Book, Line, Order, quantity};
use super::quotes::price;
use super::{Answer, Call, Refusal, Vendor};

/// Orders of the past of each customer.
const PAST: usize = 8;
const PERIODS: [(&str, i64); 3] = [("30", 30), ("90", 90), ("365", 365)];

/// The orders that were placed before the sandbox began to live.
pub(super) fn past(vendor: &Vendor, origin: Ticks) -> Book {
    let mut book = Book::default();
    for customer in customer_places() {
        for place in 0..PAST {
            let mut rng = vendor.rng("past", customer * PAST + place);
            let days = i64::try_from(PAST - place).unwrap_or(1) * 40 - rng.between(0, 30);
            let mut parts = BTreeSet::new();
            while parts.len() < 3 {
                parts.insert(rng.below(part_count()));
            }
            let line = |part: usize, quantity: i64| {
                let price = price(vendor, customer, customer, part, quantity);
                Line { part, quantity, price, backordered: 0 }
            };
            let lines = parts.into_iter().map(|part| line(part, rng.between(1, 40) * 1000)).collect();
            let po_number = format!("{}-{:02}", customer_number(customer).replace("H-", "PO-"), place + 1);
            book.past(customer, po_number, origin - days * DAY, lines);
        }
    }
    book
}

/// `GET invoices`: those of the customer `customer_no`, from the day `from` to the day `to`. Whatever is delivered is
/// invoiced.
pub(super) fn invoices(call: &Call<'_>) -> Answer {
    let customer = customer(&call.asked("customer_no").unwrap_or_default())?;
    let day = |name: &'static str| match call.asked(name) {
        None => Ok(None),
        Some(text) => clock::read(&text)
            .map(|at| Some(at - at.rem_euclid(DAY)))
            .ok_or_else(|| Refusal::new(400, "bad_parameter", format!("`{name}` is no day: `{text}`"))),
    };
    let (from, to) = (day("from")?, day("to")?);
    let book = call.vendor.book.lock();
    let wanted = |order: &&Order| {
        let at = order.delivered();
        let within = from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to.saturating_add(DAY));
        order.customer == customer && order.is_delivered(call.now) && within
    };
    let line = |line: &Line| {
        json!({ "part_no": part_number(line.part), "qty": quantity(line.quantity), "unit_price": dollars(line.price),
            "line_total": dollars(line.amount()) })
    };
    let invoice = |order: &Order| {
        let lines: Vec<Value> = order.lines.iter().map(line).collect();
        json!({ "invoice_no": order.number.replace("SO", "IN"), "order_no": order.number, "po_number": order.po_number,
            "invoiced_on": clock::write_day(order.delivered()), "lines": lines })
    };
    let invoices: Vec<Value> = book.orders.iter().filter(wanted).map(invoice).collect();
    Ok((200, json!({ "invoices": invoices })))
}

/// `GET customers/{}/history`: what can be asked about a customer's past.
pub(super) fn options(call: &Call<'_>) -> Answer {
    customer(call.path.first().map(String::as_str).unwrap_or_default())?;
    let period = |(code, days): &(&str, i64)| json!({ "code": code, "label": format!("{days} days") });
    let group = |(number, title): (&str, &str)| json!({ "code": number, "label": title });
    let periods: Vec<Value> = PERIODS.iter().map(period).collect();
    let groups: Vec<Value> = goods::main_groups().map(group).collect();
    Ok((
        200,
        json!({ "views": [
        { "code": "bought", "label": "Everything you bought", "filters": [
            { "code": "period", "label": "Since", "choices": periods },
            { "code": "group", "label": "Group", "choices": groups },
        ] },
        { "code": "often", "label": "Bought more than once", "filters": null },
    ] }),
    ))
}

/// `GET customers/{}/history/{}`: the parts of a view, narrowed by `period` and `group`.
pub(super) fn history(call: &Call<'_>) -> Answer {
    let customer = customer(call.path.first().map(String::as_str).unwrap_or_default())?;
    let view = call.path.get(1).map(String::as_str).unwrap_or_default();
    let least = match view {
        "bought" => 1,
        "often" => 2,
        _ => return Err(Refusal::missing("view", view)),
    };
    let days: Option<i64> = call.number("period")?;
    let since = days.map(|days| call.now.saturating_sub(days.saturating_mul(DAY)));
    let group = call.asked("group");
    let book = call.vendor.book.lock();
    let orders = book.orders.iter().filter(|order| order.customer == customer);
    let orders: Vec<&Order> = orders.filter(|order| since.is_none_or(|since| order.placed >= since)).collect();
    let times = |part: usize| orders.iter().filter(|order| order.lines.iter().any(|line| line.part == part)).count();
    let in_group = |part: usize| group.as_ref().is_none_or(|group| goods::group(part).starts_with(group.as_str()));
    let parts = (0..part_count()).filter(|part| in_group(*part) && times(*part) >= least);
    Ok((200, json!({ "part_nos": parts.map(part_number).collect::<Vec<_>>() })))
}
