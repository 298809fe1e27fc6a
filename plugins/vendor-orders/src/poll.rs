//! Asks how far orders are, and makes receipts of what has come.

use std::collections::BTreeMap;

use tradewire_plugin::inventory::receipts::{
    ReceivePurchaseOrderItemRequest, ReceivePurchaseOrderRequest, create_receipt,
};
use tradewire_plugin::{Decimal, Result, log};
use tradewire_purchasing::vendor::status::{self, Shipment, Status};
use tradewire_purchasing::vendor_orders::{Pushed, Receiving, Row, Step};
use tradewire_purchasing::{Order, Receipt, plugin, servicetitan};

use crate::Flow;

pub fn poll(flow: &mut Flow) -> Result<()> {
    let known: Vec<i64> = flow.pushed.keys().copied().collect();
    let orders = servicetitan::orders_of(known, &servicetitan::Vendors::new())?;
    // An order that is done at both ends is not looked for again.
    flow.pushed.retain(|id, pushed| !pushed.done || orders.get(id).is_some_and(|order| !order.status.is_closed()));

    let open: Vec<i64> = flow.pushed.iter().filter(|(_, pushed)| !pushed.done).map(|(id, _)| *id).collect();
    let mut news: BTreeMap<i64, Status> = BTreeMap::new();
    for id in open {
        if let Some(status) = ask(flow, id)? {
            news.insert(id, status);
        }
    }
    let came = news.iter().filter(|(id, status)| !new(flow, **id, status).is_empty());
    let came: Vec<i64> = came.map(|(id, _)| *id).collect();
    let receipts = servicetitan::receipts_of(came)?;
    for (id, status) in &news {
        match orders.get(id) {
            Some(order) => receive(flow, order, status, &receipts)?,
            None => {
                let number = flow.pushed[id].number.clone();
                let message = "ServiceTitan does not have it any more".to_owned();
                flow.report.add(Row { message, ..Row::new(*id, &number, Step::Status, "gone") });
                flow.pushed.entry(*id).and_modify(|pushed| pushed.done = true);
            }
        }
    }
    Ok(())
}

/// What the vendor says of an order; none where it does not, which is in the report.
fn ask(flow: &mut Flow, id: i64) -> Result<Option<Status>> {
    let Flow { options, pushed, report, day } = flow;
    let Some(order) = pushed.get_mut(&id) else { return Ok(None) };
    let row = |order: &Pushed, result, message: String| Row {
        reference: order.reference.clone(),
        state: order.state.clone(),
        message,
        ..Row::new(id, &order.number, Step::Status, result)
    };
    if (*day - order.sent).num_days() > options.give_up_days {
        order.done = true;
        let message = format!("it is not asked for any more: it was sent on {}", order.sent);
        report.add(row(order, "given up", message));
        return Ok(None);
    }
    let asked = status::request(&order.number, &order.reference, &options.account);
    let answer = plugin::call(&options.vendor, status::ENDPOINT, asked, &format!("order {}", order.number))?;
    match status::answer(answer.status, &answer.body) {
        Ok(status) => {
            order.learn(&status);
            Ok(Some(status))
        }
        Err(refused) => {
            report.add(row(order, "unknown", refused.to_string()));
            Ok(None)
        }
    }
}

/// The shipments that are to be received.
fn new<'s>(flow: &Flow, id: i64, status: &'s Status) -> Vec<&'s Shipment> {
    status.shipments.iter().filter(|shipment| is_new(flow, id, shipment)).collect()
}

fn is_new(flow: &Flow, id: i64, shipment: &Shipment) -> bool {
    let is_received = flow.pushed.get(&id).is_some_and(|pushed| pushed.received.contains(&shipment.number));
    let has_come = shipment.delivered.is_some()
        || flow.options.receive_shipped
        || flow.options.delivered_states.contains(&shipment.state.to_lowercase());
    has_come && !is_received
}

/// What a receipt of a shipment is known by: nothing that a vendor may come to call otherwise.
fn memo(flow: &Flow, shipment: &Shipment, order: &Order) -> String {
    format!("{} shipment {} of order {}", flow.options.vendor, shipment.number, order.number)
}

fn receive(flow: &mut Flow, order: &Order, status: &Status, receipts: &BTreeMap<i64, Receipt>) -> Result<()> {
    let Some(mut pushed) = flow.pushed.get(&order.id).cloned() else { return Ok(()) };
    let mut receiving = Receiving::new(order, receipts.values());
    for shipment in new(flow, order.id, status) {
        let row = |result, message: String| Row {
            reference: pushed.reference.clone(),
            state: pushed.state.clone(),
            shipment: shipment.number.clone(),
            message,
            ..Row::new(order.id, &order.number, Step::Receipt, result)
        };
        let memo = memo(flow, shipment, order);
        if receipts.values().any(|receipt| receipt.order == order.id && receipt.memo == memo) {
            flow.report.add(row("known", "ServiceTitan has its receipt already".to_owned()));
            pushed.received.push(shipment.number.clone());
            continue;
        }
        let received = receiving.receive(shipment);
        flow.report.differ(received.differences.len());
        let told = received.differences.join("; ");
        if received.lines.is_empty() {
            flow.report.add(row("nothing", if told.is_empty() { "nothing is in it".to_owned() } else { told }));
            pushed.received.push(shipment.number.clone());
            continue;
        }
        let items = received.lines.iter().map(|line| {
            ReceivePurchaseOrderItemRequest::new(line.sku_id, line.quantity, line.cost)
                .purchase_order_item_id(line.order_line)
        });
        let day = shipment.delivered.unwrap_or(flow.day);
        let zero = Decimal::ZERO;
        let body = ReceivePurchaseOrderRequest::new(order.id, format!("{day}T00:00:00Z"), zero, zero, items)
            .vendor_document_number(&shipment.number)
            .memo(&memo);
        match create_receipt(&body) {
            Ok(made) => {
                log::info!("order {}: receipt {} of shipment {}", order.number, made.id, shipment.number);
                let (pieces, value) = (Some(received.pieces()), Some(received.value()));
                flow.report.add(Row { pieces, value, ..row("received", told) });
                pushed.received.push(shipment.number.clone());
            }
            Err(error) if error.is_transient() || error.unresolved => return Err(error.into()),
            // It is tried again by the next run; what stands in its way is in ServiceTitan.
            Err(error) => flow.report.add(row("refused", error.to_string())),
        }
    }
    let all = status.shipments.iter().all(|shipment| pushed.received.contains(&shipment.number));
    let is_final = flow.options.final_states.contains(&pushed.state.to_lowercase());
    // Without a new shipment nothing was read of what has come: then ServiceTitan's own count is asked.
    let has_all = receiving.is_complete() || order.lines.iter().all(|line| line.received >= line.quantity);
    pushed.done = all && (is_final || has_all);
    let result = if pushed.done { "done" } else { "open" };
    let (reference, state) = (pushed.reference.clone(), pushed.state.clone());
    flow.report.add(Row { reference, state, ..Row::new(order.id, &order.number, Step::Status, result) });
    flow.pushed.insert(order.id, pushed);
    Ok(())
}
