#![doc = include_str!("../README.md")]

mod options;
mod pricebook;
mod vendor;

use std::collections::BTreeSet;

use options::Options;
use tradewire_plugin::{Result, Run, Summary, log};
use tradewire_purchasing::price_changes::{COLUMNS, Offer, Outcome, compare, new_products, write};
use tradewire_purchasing::report;

fn run(run: Run) -> Result<Summary> {
    let options = Options::read(&run.settings()?)?;
    let items = pricebook::items(&options)?;
    log::info!("{} items of the pricebook name the vendor", items.len());
    let products = vendor::products(&options)?;
    let prices = vendor::prices(&options, items.values().map(|item| &item.compared))?;
    let offer = Offer { prices, products };

    let known: BTreeSet<String> = items.values().map(|item| item.compared.part.clone()).collect();
    let mut rows = compare(items.values().map(|item| item.compared.clone()), &offer, options.largest_percent);
    if options.apply {
        for row in rows.iter_mut().filter(|row| row.outcome == Outcome::Change) {
            let (Some(item), Some(price)) = (items.get(&(row.item.kind, row.item.id)), row.price) else { continue };
            match pricebook::set_cost(item, price, &options) {
                Ok(()) => row.outcome = Outcome::Applied,
                Err(error) if error.unresolved => return Err(error.into()),
                // Also what passes: the report is to say what was applied, and the next run tries the rest again.
                Err(error) => row.refuse(error),
            }
        }
    }
    if let Some(products) = offer.products.as_ref().filter(|_| options.list_new) {
        rows.extend(new_products(products, &known));
    }

    let mut table = run.create_table(&options.file_name, options.format, &COLUMNS)?;
    let totals = write(&rows, options.list_unchanged, &mut table)?;
    let said = report::said(&totals);
    table.finish(totals)?;
    Ok(Summary::new(format!("{}: {said}", options.file_name)))
}

tradewire_plugin::export_plugin!(run);
