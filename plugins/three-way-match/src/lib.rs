#![doc = include_str!("../README.md")]

use std::collections::BTreeSet;

use tradewire_plugin::accounting::inventory_bills::GetListPaginatedQuery;
use tradewire_plugin::{Decimal, Result, Run, Summary, Window, inventory, log};
use tradewire_purchasing::servicetitan::{self, Vendors};
use tradewire_purchasing::three_way_match::{self, Rules};
use tradewire_purchasing::{Bill, Order, Receipt, report};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let mut reading = settings.reading();
    let (name, format) = reading.table("three-way-match");
    let rules = Rules {
        tolerance: reading.parsed("tolerance", Decimal::ZERO),
        tolerance_percent: reading.parsed("tolerance-percent", Decimal::ZERO),
        amount_without_charges: reading.parsed("amount-without-charges", false),
        only_differences: reading.parsed("only-differences", false),
    };
    for (name, value) in [("tolerance", rules.tolerance), ("tolerance-percent", rules.tolerance_percent)] {
        if value < Decimal::ZERO {
            reading.fault(format!("setting `{name}` is `{value}`: write 0 or more"));
        }
    }
    reading.finish()?;

    let moved = Moved::within(run.window())?;
    log::info!("{} orders moved in the window", moved.orders.len());
    let mut table = run.create_table(&name, format, &three_way_match::COLUMNS)?;
    let totals = three_way_match::write(&moved.orders, &moved.receipts, &moved.bills, &rules, &mut table)?;
    let said = report::said(&totals);
    table.finish(totals)?;
    Ok(Summary::new(format!("{name}: {said}")))
}

/// The orders that a window moved, with everything that belongs to them.
struct Moved {
    orders: Vec<Order>,
    receipts: Vec<Receipt>,
    bills: Vec<Bill>,
}

impl Moved {
    fn within(window: &Window) -> Result<Moved> {
        let vendors = servicetitan::vendors()?;
        let ids = ids(window, &vendors)?;
        let orders = servicetitan::orders_of(ids.iter().copied(), &vendors)?;
        let receipts = servicetitan::receipts_of(ids.iter().copied())?;
        // ServiceTitan cannot be asked for the bills of orders: those that are not older than the oldest order are looked
        // through, and older ones are known by their receipts.
        let oldest = orders.values().filter_map(|order| order.ordered.min(order.sent)).min();
        let undated = orders.values().any(|order| order.ordered.is_none());
        let mut query = GetListPaginatedQuery::default();
        if let Some(day) = oldest.filter(|_| !undated) {
            query = query.created_on_or_after(format!("{day}T00:00:00Z"));
        }
        let mut bills = if orders.is_empty() { Default::default() } else { servicetitan::bills(query)? };
        let known: BTreeSet<i64> = receipts.values().filter_map(|receipt| receipt.bill).collect();
        bills.extend(servicetitan::bills_of(
            known.into_iter().filter(|id| !bills.contains_key(id)).collect::<Vec<_>>(),
        )?);
        bills.retain(|_, bill| bill.order.is_some_and(|order| ids.contains(&order)));
        Ok(Moved {
            orders: orders.into_values().collect(),
            receipts: receipts.into_values().collect(),
            bills: bills.into_values().collect(),
        })
    }
}

/// The orders of which something changed within the window: themselves, a receipt or a bill.
fn ids(window: &Window, vendors: &Vendors) -> Result<BTreeSet<i64>> {
    let Window { start, end } = window;
    let orders = inventory::purchase_orders().modified_on_or_after(start).modified_before(end);
    let mut ids: BTreeSet<i64> = servicetitan::orders(orders, vendors, |_| true)?.into_keys().collect();
    let receipts = inventory::receipts().modified_on_or_after(start).modified_before(end);
    ids.extend(servicetitan::receipts(receipts)?.into_values().map(|receipt| receipt.order));
    let bills = GetListPaginatedQuery::default().modified_on_or_after(start).modified_before(end);
    ids.extend(servicetitan::bills(bills)?.into_values().filter_map(|bill| bill.order));
    Ok(ids)
}

tradewire_plugin::export_plugin!(run);
