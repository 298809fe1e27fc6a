//! Sends what the vendor does not have yet.

use std::collections::BTreeMap;

use tradewire_plugin::{Result, inventory, log};
use tradewire_purchasing::vendor::{order, status};
use tradewire_purchasing::vendor_orders::{Pushed, Row, Step, faults};
use tradewire_purchasing::{Order, plugin, servicetitan};

use crate::Flow;

pub fn push(flow: &mut Flow) -> Result<()> {
    let orders = to_send(flow)?;
    log::info!("{} orders of the vendor are to be sent or were", orders.len());
    for (id, order) in &orders {
        if !flow.pushed.contains_key(id) {
            send(flow, order)?;
        }
    }
    Ok(())
}

fn to_send(flow: &Flow) -> Result<BTreeMap<i64, Order>> {
    let options = &flow.options;
    let vendor = options.account.vendor;
    let vendors = servicetitan::vendors_of([vendor])?;
    let mut all = BTreeMap::new();
    for status in &options.statuses {
        let query =
            inventory::purchase_orders().status(status).date_on_or_after(format!("{}T00:00:00Z", options.since));
        all.extend(servicetitan::orders(query, &vendors, |order| order.vendor.id == Some(vendor))?);
    }
    Ok(all)
}

fn send(flow: &mut Flow, order: &Order) -> Result<()> {
    let options = &flow.options;
    let row = |result| Row::new(order.id, &order.number, Step::Order, result);
    let faults = faults(order);
    if !faults.is_empty() {
        flow.report.add(Row { message: format!("not sent: {}", faults.join("; ")), ..row("refused") });
        return Ok(());
    }
    let sent = Pushed { number: order.number.clone(), sent: flow.day, ..Pushed::default() };
    let about = format!("order {}", order.number);
    if options.look_first {
        let asked = status::request(&order.number, "", &options.account);
        let answer = plugin::call(&options.vendor, status::ENDPOINT, asked, &about)?;
        match status::answer(answer.status, &answer.body) {
            Ok(known) => {
                let reference = known.reference;
                let message = "the vendor has it already".to_owned();
                flow.report.add(Row { reference: reference.clone(), message, ..row("known") });
                flow.pushed.insert(order.id, Pushed { reference, ..sent });
                return Ok(());
            }
            Err(refused) if refused.is_unknown() => {}
            Err(refused) => {
                let message = format!("not sent: the vendor does not say whether it has it: {refused}");
                flow.report.add(Row { message, ..row("held") });
                return Ok(());
            }
        }
    }
    let body = order::request(order, &options.account, options.is_pickup);
    let answer = plugin::call(&options.vendor, order::ENDPOINT, body, &about)?;
    match order::answer(answer.status, &answer.body) {
        Ok(taken) => {
            flow.report.add(Row {
                reference: taken.reference.clone(),
                pieces: Some(order.pieces()),
                value: Some(order.value()),
                message: taken.message,
                ..row("sent")
            });
            flow.pushed.insert(order.id, Pushed { reference: taken.reference, ..sent });
        }
        Err(refused) => {
            log::warn!("{about}: {refused}");
            let result = if refused.is_transient() { "held" } else { "refused" };
            flow.report.add(Row { message: refused.to_string(), ..row(result) });
        }
    }
    Ok(())
}
