#![doc = include_str!("../README.md")]

use std::collections::BTreeSet;

use tradewire_plugin::accounting::inventory_bills::{self, MarkInventoryBillAsExportedUpdateRequest};
use tradewire_plugin::{Failure, Result, Run, State, Summary, log};
use tradewire_purchasing::{plugin, servicetitan};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let mut reading = settings.reading();
    let batch: usize = reading.parsed("batch", 50);
    if batch == 0 {
        reading.fault("setting `batch` is `0`: write how many bills to mark in one call");
    }
    reading.finish()?;

    let window = plugin::span(run.window());
    let state = run.state()?;
    let marked = ids(&state)?;
    let followed = run.followed()?;
    let delivered = ids(&followed)?;
    for id in marked.difference(&delivered) {
        state.delete(&key(*id))?;
    }
    let mut wanted = Vec::new();
    for id in delivered.difference(&marked) {
        if followed.get::<String>(&key(*id))?.as_deref() == Some(&window) {
            wanted.push(*id);
        }
    }

    // Who marked one by hand meanwhile has done it; what is gone cannot be marked.
    let bills = servicetitan::bills_of(wanted.iter().copied())?;
    let is_open = |id: &i64| bills.get(id).is_some_and(|bill| !bill.is_exported());
    let (open, done): (Vec<i64>, Vec<i64>) = wanted.into_iter().partition(is_open);
    for id in &done {
        state.set(&key(*id), "before")?;
    }
    let mut refusals = Vec::new();
    for ids in open.chunks(batch) {
        let answers = inventory_bills::mark_as_exported(&MarkInventoryBillAsExportedUpdateRequest::new(ids.to_vec()))?;
        for id in ids {
            let refused = answers.iter().find(|one| one.inventory_bill_id == Some(*id) && one.success == Some(false));
            match refused {
                Some(one) => {
                    refusals.push(format!("bill {id}: {}", one.error_message.as_deref().unwrap_or("no reason")))
                }
                None => state.set(&key(*id), "marked")?,
            }
        }
    }
    for refusal in &refusals {
        log::warn!("not marked: {refusal}");
    }
    let count = open.len() - refusals.len();
    match refusals.is_empty() {
        true => Ok(Summary::new(format!("{count} bills are marked as exported, {} were", done.len()))),
        false => {
            let message = format!("ServiceTitan does not mark {} of {} bills as exported", refusals.len(), open.len());
            Err(Failure::refused(message).because(refusals))
        }
    }
}

fn key(bill: i64) -> String {
    format!("bill-{bill}")
}

fn ids(state: &State) -> Result<BTreeSet<i64>> {
    let odd = |key: &str| format!("`{key}` is no bill: this export runs after one of `ledger-bills`");
    plugin::numbered(state, "bill-", odd)
}

tradewire_plugin::export_plugin!(run);
