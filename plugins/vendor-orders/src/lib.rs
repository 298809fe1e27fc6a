#![doc = include_str!("../README.md")]

mod options;
mod poll;
mod push;

use std::collections::BTreeMap;

use options::Options;
use tradewire_plugin::{Result, Run, State, Summary, log};
use tradewire_purchasing::vendor_orders::{COLUMNS, Pushed, Report};
use tradewire_purchasing::{plugin, report, servicetitan};

fn run(run: Run) -> Result<Summary> {
    let options = Options::read(&run.settings()?)?;
    let book = Book { state: run.state()? };
    let mut flow =
        Flow { day: servicetitan::last_day(run.window())?, pushed: book.read()?, report: Report::default(), options };
    let before = flow.pushed.clone();
    push::push(&mut flow)?;
    if flow.options.poll {
        poll::poll(&mut flow)?;
    }

    book.write(&before, &flow.pushed)?;
    let Flow { report, options, .. } = flow;
    let mut table = run.create_table(&options.file_name, options.format, &COLUMNS)?;
    let totals = report.write(&mut table)?;
    let said = report::said(&totals);
    table.finish(totals)?;
    Ok(Summary::new(format!("{}: {said}", options.file_name)))
}

/// What the steps of a run share.
struct Flow {
    options: Options,
    /// The last day that the run accounts for.
    day: chrono::NaiveDate,
    /// The orders that the vendor has, by ServiceTitan's numbers.
    pushed: BTreeMap<i64, Pushed>,
    report: Report,
}

/// The orders that the vendor has, as they are kept: `order-<number>` each.
struct Book {
    state: State,
}

impl Book {
    fn read(&self) -> Result<BTreeMap<i64, Pushed>> {
        let mut pushed = BTreeMap::new();
        let odd = |key: &str| format!("the state has a key `{key}`, which is none of its own");
        for id in plugin::numbered(&self.state, "order-", odd)? {
            if let Some(order) = self.state.get(&key(id))? {
                pushed.insert(id, order);
            }
        }
        log::info!("{} orders are known to be at the vendor", pushed.len());
        Ok(pushed)
    }

    fn write(&self, before: &BTreeMap<i64, Pushed>, now: &BTreeMap<i64, Pushed>) -> Result<()> {
        for (id, order) in now.iter().filter(|(id, order)| before.get(id) != Some(order)) {
            self.state.set(&key(*id), order)?;
        }
        for id in before.keys().filter(|id| !now.contains_key(id)) {
            self.state.delete(&key(*id))?;
        }
        Ok(())
    }
}

fn key(order: i64) -> String {
    format!("order-{order}")
}

tradewire_plugin::export_plugin!(run);
