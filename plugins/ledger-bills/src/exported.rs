//! Which bills were exported by which window: handed over to those that come after, and kept for the runs to come.
//!
//! A bill is kept as `bill-<number>` with the start and end of its window until ServiceTitan says that it is
//! exported, or does not have it any more, and nobody is likely to run the window again.

use std::collections::{BTreeMap, BTreeSet};

use tradewire_plugin::accounting::inventory_bills::GetListPaginatedQuery;
use tradewire_plugin::{Result, Run, State, Window, log, time};
use tradewire_purchasing::plugin::{self, span};
use tradewire_purchasing::{Bill, servicetitan};

use crate::options::Options;

/// Windows that ended so long ago are not run again.
const KEPT: chrono::Duration = chrono::Duration::days(60);

pub struct Exported {
    state: State,
    /// The window of each bill.
    windows: BTreeMap<i64, String>,
}

impl Exported {
    pub fn read(run: &Run) -> Result<Exported> {
        let state = run.handover()?;
        let mut windows = BTreeMap::new();
        let odd = |key: &str| format!("the state has a key `{key}`, which is none of its own");
        for id in plugin::numbered(&state, "bill-", odd)? {
            windows.insert(id, state.get(&key(id))?.unwrap_or_default());
        }
        Ok(Exported { state, windows })
    }

    /// The bills of a window: those that changed in it, are not exported and are in no other window's file; and whatever
    /// its file had before.
    pub fn bills(&self, window: &Window, options: &Options) -> Result<Vec<Bill>> {
        let is_pending = |bill: &Bill| options.statuses.contains(&bill.sync_status);
        let query = GetListPaginatedQuery::default().modified_on_or_after(&window.start).modified_before(&window.end);
        let mut bills = servicetitan::bills(query)?;
        let own = span(window);
        bills.retain(|id, bill| match self.windows.get(id) {
            Some(kept) if *kept == own => true,
            Some(_) => {
                if is_pending(bill) {
                    log::warn!(
                        "bill {id} ({}) has changed since it was exported; it is not exported again",
                        bill.reference
                    );
                }
                false
            }
            None => is_pending(bill),
        });
        let before = self.windows.iter().filter(|(id, kept)| **kept == own && !bills.contains_key(*id));
        let before: Vec<i64> = before.map(|(id, _)| *id).collect();
        bills.extend(servicetitan::bills_of(before)?);
        Ok(bills.into_values().collect())
    }

    /// Keeps the bills of a window's file in place of those that it had, and forgets what is long done.
    pub fn keep(&self, bills: &[i64], window: &Window) -> Result<()> {
        let own = span(window);
        let now: BTreeSet<i64> = bills.iter().copied().collect();
        for id in &now {
            if self.windows.get(id) != Some(&own) {
                self.state.set(&key(*id), &own)?;
            }
        }
        let start = time::parse(&window.start)?;
        let mut old = Vec::new();
        for (id, kept) in self.windows.iter().filter(|(id, _)| !now.contains(id)) {
            let end = kept.split_once('/').and_then(|(_, end)| time::parse(end).ok());
            if *kept == own {
                self.state.delete(&key(*id))?;
            } else if end.is_none_or(|end| end + KEPT < start) {
                old.push(*id);
            }
        }
        let bills = servicetitan::bills_of(old.iter().copied())?;
        for id in old {
            if bills.get(&id).is_none_or(Bill::is_exported) {
                self.state.delete(&key(id))?;
            }
        }
        Ok(())
    }
}

fn key(bill: i64) -> String {
    format!("bill-{bill}")
}
