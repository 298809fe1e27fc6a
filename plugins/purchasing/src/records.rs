//! What is read from ServiceTitan, cut down to what purchasing reports depend on.

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A vendor: ServiceTitan's number of it, and its name where it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vendor {
    /// ServiceTitan's number of it.
    pub id: Option<i64>,
    /// Its name; empty where ServiceTitan has none.
    pub name: String,
}

/// One purchase order (`inventory/purchase-orders`).
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The number that people know it by.
    pub number: String,
    /// How far it is.
    pub status: OrderStatus,
    /// Whom it goes to.
    pub vendor: Vendor,
    /// The vendor's own number of it.
    pub document: String,
    /// The day of the order.
    pub ordered: Option<NaiveDate>,
    /// The day on which it was sent to the vendor.
    pub sent: Option<NaiveDate>,
    /// The day on which it should have come.
    pub required: Option<NaiveDate>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// Its tax.
    pub tax: Decimal,
    /// Its freight.
    pub shipping: Decimal,
    /// Where it goes; none where ServiceTitan does not say.
    pub ship_to: Option<Address>,
}

impl Order {
    /// Pieces of all lines.
    pub fn pieces(&self) -> Decimal {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// What the pieces cost, without tax and freight.
    pub fn value(&self) -> Decimal {
        self.lines.iter().map(|line| line.quantity * line.cost).sum()
    }
}

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// The unit within the house.
    pub unit: String,
    /// The city.
    pub city: String,
    /// The state.
    pub state: String,
    /// The postal code.
    pub zip: String,
    /// The country.
    pub country: String,
}

/// How far an order is (`status`). ServiceTitan adds words without notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// Not sent yet.
    Pending,
    /// Sent to the vendor.
    Sent,
    /// Some of it has come.
    PartiallyReceived,
    /// All of it has come, or nothing more is waited for.
    Received,
    /// It has gone to the ledger.
    Exported,
    /// It was cancelled.
    Canceled,
    /// A word that this contract does not know; empty where there is none.
    Other(String),
}

impl OrderStatus {
    const WORDS: [(&'static str, OrderStatus); 6] = [
        ("Pending", OrderStatus::Pending),
        ("Sent", OrderStatus::Sent),
        ("PartiallyReceived", OrderStatus::PartiallyReceived),
        ("Received", OrderStatus::Received),
        ("Exported", OrderStatus::Exported),
        ("Canceled", OrderStatus::Canceled),
    ];

    /// The status that a word says.
    pub fn of(word: &str) -> OrderStatus {
        let known = OrderStatus::WORDS.into_iter().find(|(known, _)| *known == word);
        known.map_or_else(|| OrderStatus::Other(word.to_owned()), |(_, status)| status)
    }

    /// Whether nothing more is waited for. An unknown word is no reason to forget an order.
    pub fn is_closed(&self) -> bool {
        matches!(self, OrderStatus::Received | OrderStatus::Exported | OrderStatus::Canceled)
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = OrderStatus::WORDS.iter().find(|(_, status)| status == self);
        match (known, self) {
            (Some((word, _)), _) => f.write_str(word),
            (None, OrderStatus::Other(word)) => f.write_str(word),
            (None, _) => Ok(()),
        }
    }
}

/// One line of an order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderLine {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The pricebook item.
    pub sku_id: Option<i64>,
    /// The pricebook item's code.
    pub code: String,
    /// The pricebook item's name.
    pub name: String,
    /// The vendor's part number.
    pub vendor_part: String,
    /// Pieces that were ordered.
    pub quantity: Decimal,
    /// Pieces that have come.
    pub received: Decimal,
    /// The price of a piece.
    pub cost: Decimal,
}

/// One receipt (`inventory/receipts`): what came with one delivery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The order that it belongs to.
    pub order: i64,
    /// The bill that it is on, where it says so.
    pub bill: Option<i64>,
    /// The vendor's number of the delivery.
    pub document: String,
    /// What was noted of it.
    pub memo: String,
    /// Its lines.
    pub lines: Vec<ReceiptLine>,
}

/// One line of a receipt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReceiptLine {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The line of the order, where the receipt says which.
    pub order_line: Option<i64>,
    /// The pricebook item.
    pub sku_id: Option<i64>,
    /// Its name.
    pub name: String,
    /// Pieces.
    pub quantity: Decimal,
}

/// One bill of a vendor (`accounting/inventory-bills`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The order that it belongs to; none where it belongs to none.
    pub order: Option<i64>,
    /// The number on the vendor's invoice.
    pub reference: String,
    /// Who has sent it.
    pub vendor: Vendor,
    /// What the ledger calls the vendor, where ServiceTitan knows that.
    pub vendor_number: String,
    /// Whether it has gone to the ledger (`syncStatus`).
    pub sync_status: String,
    /// The day of the bill.
    pub date: Option<NaiveDate>,
    /// The day on which it is to be paid.
    pub due: Option<NaiveDate>,
    /// The day on which it counts in the ledger.
    pub posted: Option<NaiveDate>,
    /// The name of its payment terms.
    pub terms: String,
    /// What was noted of it.
    pub summary: String,
    /// The name of the business unit that pays.
    pub business_unit: String,
    /// Its lines.
    pub lines: Vec<BillLine>,
    /// What is to be paid, tax and freight included.
    pub amount: Decimal,
    /// Its tax.
    pub tax: Decimal,
    /// Its freight.
    pub shipping: Decimal,
    /// Its other costs.
    pub other: Decimal,
}

impl Bill {
    /// Whether ServiceTitan says that it has gone to the ledger.
    pub fn is_exported(&self) -> bool {
        self.sync_status.contains("Exported")
    }
}

/// One line of a bill.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BillLine {
    /// ServiceTitan's number of it.
    pub id: i64,
    /// The line of the receipt, where the bill says which.
    pub receipt_line: Option<i64>,
    /// The pricebook item.
    pub sku_id: Option<i64>,
    /// The pricebook item's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Pieces.
    pub quantity: Decimal,
    /// The price of a piece.
    pub cost: Decimal,
    /// The accounts that ServiceTitan names for it.
    pub accounts: LineAccounts,
}

/// The accounts of a line, each with number and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineAccounts {
    /// `generalLedgerAccount`.
    pub general_ledger: Option<Account>,
    /// `costOfSaleAccount`.
    pub cost_of_sale: Option<Account>,
    /// `assetAccount`.
    pub asset: Option<Account>,
}

/// An account of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Its number; empty where it has none.
    pub number: String,
    /// Its name; empty where it has none.
    pub name: String,
}
