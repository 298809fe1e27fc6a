//! Orders, receipts and bills as they are read from ServiceTitan.
//!
//! A record that a walk meets twice, because it changed meanwhile, counts once, as it was last. Numbers that
//! ServiceTitan left out are zero; text that is no number is refused, by the record that holds it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use tradewire_plugin::inventory::purchase_orders;
use tradewire_plugin::inventory::types::{ActiveRequestArg, PurchaseOrderItem};
use tradewire_plugin::{Failure, Result, Window, decimal, inventory, moment};

use crate::records::{Address, Order, OrderLine, OrderStatus, Receipt, ReceiptLine, Vendor};

/// Records a page.
pub const PAGE: i32 = 1000;
/// As many numbers as ServiceTitan takes in one list.
const IDS_A_CALL: usize = 50;

/// Names of vendors, by their numbers.
pub type Vendors = BTreeMap<i64, String>;

/// The vendors, also those that are no longer used: old orders name them.
pub fn vendors() -> Result<Vendors> {
    vendors_named(inventory::vendors())
}

/// The vendors of these numbers, likewise.
pub fn vendors_of(ids: impl IntoIterator<Item = i64>) -> Result<Vendors> {
    vendors_named(inventory::vendors().ids(ids))
}

fn vendors_named(query: inventory::vendors::GetListQuery) -> Result<Vendors> {
    let mut vendors = Vendors::new();
    for record in query.active(ActiveRequestArg::Any).page_size(PAGE).records() {
        let record = record?;
        vendors.insert(record.id, record.name.unwrap_or_default());
    }
    Ok(vendors)
}

/// Orders of a query, those that `keep` keeps, by their numbers.
pub fn orders(
    query: purchase_orders::GetListQuery,
    vendors: &Vendors,
    keep: impl Fn(&Order) -> bool,
) -> Result<BTreeMap<i64, Order>> {
    let mut orders = BTreeMap::new();
    for record in query.page_size(PAGE).records() {
        let order = order(record?, vendors)?;
        match keep(&order) {
            true => orders.insert(order.id, order),
            false => orders.remove(&order.id),
        };
    }
    Ok(orders)
}

/// The orders of these numbers.
pub fn orders_of(ids: impl IntoIterator<Item = i64>, vendors: &Vendors) -> Result<BTreeMap<i64, Order>> {
    let mut all = BTreeMap::new();
    for list in lists(ids) {
        all.extend(orders(inventory::purchase_orders().ids(list), vendors, |_| true)?);
    }
    Ok(all)
}

/// Receipts of a query, by their numbers. One that was cancelled is none.
pub fn receipts(query: inventory::receipts::GetListQuery) -> Result<BTreeMap<i64, Receipt>> {
    let mut all = BTreeMap::new();
    for record in query.page_size(PAGE).records() {
        let record = record?;
        let Some(order) = record.purchase_order_id.filter(|_| record.active != Some(false)) else { continue };
        let mut lines = Vec::new();
        for item in record.items.unwrap_or_default() {
            lines.push(ReceiptLine {
                id: item.id,
                order_line: item.purchase_order_item_id,
                sku_id: item.sku_id,
                name: item.name.unwrap_or_default(),
                quantity: number(&item.quantity, || format!("receipt {}, item {}", record.id, item.id))?,
            });
        }
        let document = record.vendor_invoice_number.unwrap_or_default();
        let memo = record.memo.unwrap_or_default();
        all.insert(record.id, Receipt { id: record.id, order, bill: record.bill_id, document, memo, lines });
    }
    Ok(all)
}

/// The receipts of these orders.
pub fn receipts_of(orders: impl IntoIterator<Item = i64>) -> Result<BTreeMap<i64, Receipt>> {
    let mut all = BTreeMap::new();
    for list in lists(orders) {
        all.extend(receipts(inventory::receipts().purchase_order_ids(list))?);
    }
    Ok(all)
}

/// Bills of a query, by their numbers.
#[cfg(feature = "bills")]
pub fn bills(
    query: tradewire_plugin::accounting::inventory_bills::GetListPaginatedQuery,
) -> Result<BTreeMap<i64, crate::records::Bill>> {
    let mut bills = BTreeMap::new();
    for record in query.page_size(PAGE).records() {
        let bill = bill(record?)?;
        bills.insert(bill.id, bill);
    }
    Ok(bills)
}

#[cfg(feature = "bills")]
fn bill(record: tradewire_plugin::accounting::inventory_bills::InventoryBill) -> Result<crate::records::Bill> {
    use crate::records::{Account, Bill, BillLine, LineAccounts};
    let account = |account: tradewire_plugin::accounting::types::GlAccount| Account {
        number: account.number.unwrap_or_default(),
        name: account.name.unwrap_or_default(),
    };
    let id = record.id;
    let named = || format!("bill {id}");
    let mut lines = Vec::new();
    for item in record.items.unwrap_or_default() {
        let named = || format!("bill {id}, item {}", item.id);
        lines.push(BillLine {
            id: item.id,
            receipt_line: item.receipt_item_id,
            sku_id: item.sku_id,
            quantity: number(&item.quantity, named)?,
            cost: number(&item.cost, named)?,
            code: item.sku_code.unwrap_or_default(),
            name: item.name.unwrap_or_default(),
            accounts: LineAccounts {
                general_ledger: item.general_ledger_account.map(account),
                cost_of_sale: item.cost_of_sale_account.map(account),
                asset: item.asset_account.map(account),
            },
        });
    }
    let vendor = record.vendor.map(|vendor| Vendor { id: Some(vendor.id), name: vendor.name.unwrap_or_default() });
    Ok(Bill {
        id,
        order: record.purchase_order_id,
        reference: record.reference_number.unwrap_or_default(),
        vendor: vendor.unwrap_or_default(),
        vendor_number: record.vendor_number.unwrap_or_default(),
        sync_status: record.sync_status.unwrap_or_default(),
        date: day(&record.bill_date, named)?,
        due: day(&record.due_date, named)?,
        posted: day(&record.post_date, named)?,
        terms: record.term_name.unwrap_or_default(),
        summary: record.summary.unwrap_or_default(),
        business_unit: record.business_unit.and_then(|unit| unit.name).unwrap_or_default(),
        lines,
        amount: number(&record.bill_amount, named)?,
        tax: number(&record.tax_amount, named)?,
        shipping: number(&record.shipping_amount, named)?,
        other: number(&record.other_amount, named)?,
    })
}

/// The bills of these numbers.
#[cfg(feature = "bills")]
pub fn bills_of(ids: impl IntoIterator<Item = i64>) -> Result<BTreeMap<i64, crate::records::Bill>> {
    let mut all = BTreeMap::new();
    for list in lists(ids) {
        let query = tradewire_plugin::accounting::inventory_bills::GetListPaginatedQuery::default();
        all.extend(bills(query.ids(list))?);
    }
    Ok(all)
}

/// The day on which a window ends, in the window's own zone: the last that belongs to it.
///
/// # Errors
/// When the window is none.
pub fn last_day(window: &Window) -> Result<NaiveDate> {
    let end = chrono::DateTime::parse_from_rfc3339(&window.end)
        .map_err(|_| Failure::refused(format!("the window's end `{}` is not a moment", window.end)))?;
    Ok((end - chrono::Duration::nanoseconds(1)).date_naive())
}

fn order(record: purchase_orders::PurchaseOrder, vendors: &Vendors) -> Result<Order> {
    let id = record.id;
    let named = || format!("purchase order {id}");
    let name = record.vendor_id.and_then(|id| vendors.get(&id)).cloned().unwrap_or_default();
    let items = record.items.unwrap_or_default().into_iter();
    Ok(Order {
        id,
        number: record.number.unwrap_or_default(),
        status: OrderStatus::of(&record.status.unwrap_or_default()),
        vendor: Vendor { id: record.vendor_id, name },
        document: record.vendor_document_number.unwrap_or_default(),
        ordered: day(&record.date, named)?,
        sent: day(&record.sent_on, named)?,
        required: day(&record.required_on, named)?,
        lines: items.map(|item| order_line(id, item)).collect::<Result<_>>()?,
        tax: number(&record.tax, named)?,
        shipping: number(&record.shipping, named)?,
        ship_to: record.ship_to.map(address),
    })
}

fn address(address: tradewire_plugin::inventory::types::Address) -> Address {
    Address {
        street: address.street.unwrap_or_default(),
        unit: address.unit.unwrap_or_default(),
        city: address.city.unwrap_or_default(),
        state: address.state.unwrap_or_default(),
        zip: address.zip.unwrap_or_default(),
        country: address.country.unwrap_or_default(),
    }
}

fn order_line(order: i64, item: PurchaseOrderItem) -> Result<OrderLine> {
    let named = || format!("purchase order {order}, item {}", item.id);
    Ok(OrderLine {
        id: item.id,
        sku_id: item.sku_id,
        quantity: number(&item.quantity, named)?,
        received: number(&item.quantity_received, named)?,
        cost: number(&item.cost, named)?,
        code: item.sku_code.unwrap_or_default(),
        name: item.sku_name.unwrap_or_default(),
        vendor_part: item.vendor_part_number.unwrap_or_default(),
    })
}

fn number(text: &Option<String>, whose: impl FnOnce() -> String) -> Result<Decimal> {
    let number = decimal(text).map_err(|failure| told(failure, whose))?;
    Ok(number.unwrap_or_default())
}

/// The day that ServiceTitan writes, which is a day of UTC.
fn day(text: &Option<String>, whose: impl FnOnce() -> String) -> Result<Option<NaiveDate>> {
    let moment = moment(text).map_err(|failure| told(failure, whose))?;
    Ok(moment.map(|moment| moment.date_naive()))
}

fn told(failure: Failure, whose: impl FnOnce() -> String) -> Failure {
    Failure::refused(format!("{}: {}", whose(), failure.message))
}

/// Numbers in lists as ServiceTitan takes them.
fn lists(ids: impl IntoIterator<Item = i64>) -> Vec<String> {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.chunks(IDS_A_CALL).map(|ids| ids.join(",")).collect()
}
