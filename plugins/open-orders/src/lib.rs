#![doc = include_str!("../README.md")]

use tradewire_plugin::{Result, Run, Summary, inventory, log};
use tradewire_purchasing::{open_orders, report, servicetitan};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let mut reading = settings.reading();
    let (name, format) = reading.table("open-orders");
    reading.finish()?;

    let day = servicetitan::last_day(run.window())?;
    let vendors = servicetitan::vendors()?;
    let orders = servicetitan::orders(inventory::purchase_orders(), &vendors, |order| !order.status.is_closed())?;
    log::info!("{} orders are not closed", orders.len());

    let orders: Vec<_> = orders.into_values().collect();
    let mut table = run.create_table(&name, format, &open_orders::COLUMNS)?;
    let totals = open_orders::write(&orders, day, &mut table)?;
    let said = report::said(&totals);
    table.finish(totals)?;
    Ok(Summary::new(format!("{name}: {said}")))
}

tradewire_plugin::export_plugin!(run);
