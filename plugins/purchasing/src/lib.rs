//! What was ordered, received and billed: the model that stands between ServiceTitan's purchasing and its reports.
//!
//! A plugin reads [`records`]; [`open_orders`] lists what has not come yet, [`three_way_match`] holds orders, receipts
//! and bills against each other, [`vendor_orders`] sends orders and receives what was shipped, [`price_changes`] holds a
//! vendor's prices against the pricebook, [`ledger`] writes bills as a ledger imports them. What is said to a [`vendor`] has
//! the form of ServiceTitan's middleware contracts. But for `servicetitan` and `plugin`, which are for
//! plugins alone, nothing here does I/O or knows the plugin interface, so all of it is tested on the host. Numbers are
//! exact: a report says what ServiceTitan says.
//!
//! Rows have an id that is the same from run to run, and stand in an order that the data alone decides: the same records
//! give the same bytes.

pub mod ledger;
pub mod open_orders;
#[cfg(feature = "servicetitan")]
pub mod plugin;
pub mod price_changes;
pub mod records;
pub mod report;
#[cfg(feature = "servicetitan")]
pub mod servicetitan;
pub mod three_way_match;
pub mod vendor;
pub mod vendor_orders;

pub use records::{Bill, BillLine, Order, OrderLine, OrderStatus, Receipt, ReceiptLine, Vendor};
pub use report::Total;
