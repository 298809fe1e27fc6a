//! Orders: taken, kept, shown, and refused the second time.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};
use tradewire_sandbox_seed::clock::{self, DAY, SECOND, Ticks};

use super::customers::{self, customer, customer_number};
use super::goods::{self, branch_number, dollars, part_number};
use super::quotes::{self, Asked};
use super::{Answer, Call, Refusal, Vendor};

/// How an order goes on.
const STAGES: [&str; 4] = ["received", "picking", "shipped", "delivered"];
/// How long it stays at a stage.
const STAGE: Ticks = 300 * SECOND;
/// Tax, in thousandths.
const TAX: i64 = 72;

/// All that the vendor was told.
#[derive(Default)]
pub(super) struct Book {
    pub orders: Vec<Order>,
    /// The customers that a partner is linked to.
    pub links: BTreeSet<usize>,
    /// What orders took from branches' stock, in thousandths.
    taken: HashMap<(usize, usize), i64>,
}

/// An order.
pub(super) struct Order {
    pub number: String,
    pub customer: usize,
    pub po_number: String,
    pub placed: Ticks,
    pub lines: Vec<Line>,
    branch: usize,
    job: Option<String>,
    pickup: bool,
    needed_by: Option<String>,
    notes: Option<String>,
    ship_to: Value,
    /// Whatever else the customer's software wrote, shown as it came.
    extra: Value,
    /// Days after which what is backordered follows.
    follows: i64,
    /// Stages that it was told to go on.
    nudges: usize,
}

/// A line of an order.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub part: usize,
    /// In thousandths.
    pub quantity: i64,
    /// In cents.
    pub price: i64,
    pub backordered: i64,
}

impl Line {
    /// In cents.
    pub fn amount(&self) -> i64 {
        (self.price * self.quantity + 500) / 1000
    }
}

/// Thousandths as a number.
pub(super) fn quantity(thousandths: i64) -> Value {
    if thousandths % 1000 == 0 { json!(thousandths / 1000) } else { json!(thousandths as f64 / 1000.0) }
}

impl Book {
    /// What lies in a branch and nobody has ordered, in thousandths.
    pub fn on_hand(&self, vendor: &Vendor, branch: usize, part: usize) -> i64 {
        (vendor.seeded_stock(branch, part) - self.taken.get(&(branch, part)).copied().unwrap_or(0)).max(0)
    }

    pub fn advance(&mut self, number: &str) -> bool {
        let found = self.orders.iter_mut().find(|order| order.number == number);
        found.map(|order| order.nudges += 1).is_some()
    }

    fn next_number(&self) -> String {
        format!("SO-{}", 50_001 + self.orders.len())
    }

    /// Writes an order of the past, which took nothing from today's stock.
    pub fn past(&mut self, customer: usize, po_number: String, placed: Ticks, lines: Vec<Line>) {
        let number = self.next_number();
        let ship_to = json!(null);
        let (branch, nudges) = (customer, STAGES.len());
        self.orders.push(Order {
            number,
            customer,
            po_number,
            placed,
            lines,
            branch,
            nudges,
            ship_to,
            extra: json!(null),
            follows: 0,
            job: None,
            pickup: false,
            needed_by: None,
            notes: None,
        });
    }
}

impl Order {
    /// The place in [`STAGES`]: delivered is what has come as a whole.
    pub fn stage(&self, now: Ticks) -> usize {
        let last = STAGES.len() - 1;
        let stage = self.gone(now).min(last);
        if stage == last && self.waits(now) { last - 1 } else { stage }
    }

    /// Stages of what was in stock.
    fn gone(&self, now: Ticks) -> usize {
        usize::try_from((now - self.placed) / STAGE).unwrap_or(0) + self.nudges
    }

    /// Whether something is backordered that has not followed yet: days later, or once it is told to.
    fn waits(&self, now: Ticks) -> bool {
        self.is_backordered() && now < self.placed + self.follows * DAY && self.nudges < STAGES.len()
    }

    fn is_backordered(&self) -> bool {
        self.lines.iter().any(|line| line.backordered > 0)
    }

    pub fn is_delivered(&self, now: Ticks) -> bool {
        self.stage(now) == STAGES.len() - 1
    }

    /// When all of it was delivered, once it is.
    pub fn delivered(&self) -> Ticks {
        self.placed + if self.is_backordered() { self.follows * DAY } else { 3 * STAGE }
    }

    /// What has left so far: what was in stock, then what was not.
    fn shipments(&self, now: Ticks) -> Vec<Value> {
        let gone = self.gone(now).min(STAGES.len() - 1);
        let is_last = gone == STAGES.len() - 1;
        let number = self.number.replace("SO", "SH");
        let lines = |pieces: fn(&Line) -> i64| -> Vec<Value> {
            let lines = self.lines.iter().enumerate().map(|(at, line)| (at + 1, line.part, pieces(line), line.price));
            let sent = lines.filter(|(_, _, pieces, _)| *pieces > 0);
            sent.map(|(at, part, pieces, price)| {
                json!({ "line_no": at, "part_no": part_number(part), "qty": quantity(pieces), "unit_price": dollars(price) })
            })
            .collect()
        };
        let stocked = lines(|line| line.quantity - line.backordered);
        let mut shipments = Vec::new();
        if gone >= 2 && !stocked.is_empty() {
            let delivered = is_last.then(|| clock::write(self.placed + 3 * STAGE));
            shipments.push(
                json!({ "shipment_no": number, "state": STAGES[gone], "delivered_at": delivered, "lines": stocked }),
            );
        }
        if is_last && self.is_backordered() && !self.waits(now) {
            let (number, delivered) = (format!("{number}-2"), clock::write(self.delivered().min(now)));
            let lines = lines(|line| line.backordered);
            shipments.push(
                json!({ "shipment_no": number, "state": "delivered", "delivered_at": delivered, "lines": lines }),
            );
        }
        shipments
    }

    fn show(&self, now: Ticks) -> Value {
        let stage = self.stage(now);
        let sum: i64 = self.lines.iter().map(Line::amount).sum();
        let tax = (sum * TAX + 500) / 1000;
        let lines = self.lines.iter().enumerate().map(|(at, line)| {
            json!({
                "line_no": at + 1, "part_no": part_number(line.part), "title": goods::title(line.part),
                "qty": quantity(line.quantity), "unit": goods::unit(line.part), "unit_price": dollars(line.price),
                "line_total": dollars(line.amount()), "backordered": quantity(line.backordered),
            })
        });
        json!({
            "order_no": self.number, "po_number": self.po_number, "customer_no": customer_number(self.customer),
            "job_no": self.job, "branch_no": branch_number(self.branch), "state": STAGES[stage],
            "placed_at": clock::write(self.placed), "needed_by": self.needed_by, "pickup": self.pickup,
            "notes": self.notes, "ship_to": self.ship_to, "extra": self.extra, "lines": lines.collect::<Vec<_>>(),
            "shipments": self.shipments(now),
            "totals": { "goods": dollars(sum), "tax": dollars(tax), "all": dollars(sum + tax) },
        })
    }
}

#[derive(Deserialize)]
struct Draft {
    customer_no: String,
    po_number: String,
    branch_no: Option<String>,
    job_no: Option<String>,
    #[serde(default)]
    pickup: bool,
    needed_by: Option<String>,
    notes: Option<String>,
    #[serde(default)]
    ship_to: Value,
    #[serde(default)]
    extra: Value,
    lines: Vec<Asked>,
}

/// `POST orders`: takes an order, all of it or nothing.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let draft: Draft = call.json()?;
    let customer = customer(&draft.customer_no)?;
    if draft.po_number.trim().is_empty() {
        return Err(Refusal::new(422, "no_po_number", "`po_number` is empty; it tells orders apart"));
    }
    if let Some(job) = draft.job_no.as_deref().filter(|job| !job.is_empty() && !customers::is_job(customer, job)) {
        return Err(Refusal::new(422, "no_such_job", format!("customer {} has no job {job}", draft.customer_no)));
    }
    let branch = quotes::branch_or_home(draft.branch_no.as_deref(), customer)?;
    let wanted = quotes::lines(&draft.lines)?;
    let mut book = call.vendor.book.lock();
    let same = |order: &&Order| order.customer == customer && order.po_number == draft.po_number;
    if let Some(order) = book.orders.iter().find(same) {
        let message = format!("{} was ordered before, as {}", order.po_number, order.number);
        return Err(Refusal::new(409, "already_ordered", message));
    }
    let mut lines = Vec::new();
    for (part, quantity) in wanted {
        let price = quotes::price(call.vendor, customer, branch, part, quantity);
        let backordered = (quantity - book.on_hand(call.vendor, branch, part)).max(0);
        if !call.lost {
            *book.taken.entry((branch, part)).or_default() += quantity - backordered;
        }
        lines.push(Line { part, quantity, price, backordered });
    }
    let order = Order {
        number: book.next_number(),
        customer,
        po_number: draft.po_number,
        placed: call.now,
        lines,
        branch,
        job: draft.job_no,
        pickup: draft.pickup,
        needed_by: draft.needed_by,
        notes: draft.notes,
        ship_to: draft.ship_to,
        extra: draft.extra,
        follows: call.vendor.rng("follows", book.orders.len()).between(1, 9),
        nudges: 0,
    };
    let shown = order.show(call.now);
    if !call.lost {
        book.orders.push(order);
    }
    Ok((201, json!({ "order": shown })))
}

/// `GET orders`: those of the customer `customer_no`, the latest first.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let customer = customer(&call.asked("customer_no").unwrap_or_default())?;
    let book = call.vendor.book.lock();
    let orders = book.orders.iter().rev().filter(|order| order.customer == customer);
    Ok((200, json!({ "orders": orders.map(|order| order.show(call.now)).collect::<Vec<_>>() })))
}

/// `GET orders/{}`: by its number, or by that of `customer_no`'s own purchase order.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let number = call.path.first().map(String::as_str).unwrap_or_default();
    let customer = call.asked("customer_no").map(|number| customer(&number)).transpose()?;
    let is_it = |order: &&Order| {
        let own = customer.is_none_or(|customer| customer == order.customer);
        own && (order.number == number || customer.is_some() && order.po_number == number)
    };
    let book = call.vendor.book.lock();
    let order = book.orders.iter().find(is_it).ok_or_else(|| Refusal::missing("order", number))?;
    Ok((200, json!({ "order": order.show(call.now) })))
}
