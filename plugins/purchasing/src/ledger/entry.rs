//! What a ledger books of a bill: a credit to the vendor, and debits that come to the same.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, RoundingStrategy};

use super::Refusal;
use crate::records::{Account, Bill, BillLine};
use crate::report::money;

/// How bills become entries.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Vendors are known by their names, not by their numbers in the ledger.
    pub vendors_by_name: bool,
    /// What the ledger calls a vendor, by ServiceTitan's number: before anything that ServiceTitan says.
    pub vendors: BTreeMap<String, String>,
    /// Accounts are known by their names, not by their numbers.
    pub accounts_by_name: bool,
    /// Which account of a line is debited.
    pub line_account: LineAccount,
    /// What the ledger calls an account, by number or name in ServiceTitan; `*` is every other, and a line without one.
    pub accounts: BTreeMap<String, String>,
    /// The account of tax; none where bills may have none.
    pub tax: Option<String>,
    /// The account of freight.
    pub shipping: Option<String>,
    /// The account of other costs.
    pub other: Option<String>,
}

/// Which account of a line is debited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineAccount {
    /// `generalLedgerAccount`.
    #[default]
    GeneralLedger,
    /// `costOfSaleAccount`.
    CostOfSale,
    /// `assetAccount`.
    Asset,
}

impl std::str::FromStr for LineAccount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "general-ledger" => Ok(LineAccount::GeneralLedger),
            "cost-of-sale" => Ok(LineAccount::CostOfSale),
            "asset" => Ok(LineAccount::Asset),
            _ => Err("write `general-ledger`, `cost-of-sale` or `asset`"),
        }
    }
}

/// A bill as it is booked.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The bill.
    pub bill: &'a Bill,
    /// What the ledger calls the vendor.
    pub vendor: String,
    /// What is debited; it comes to the credit.
    pub debits: Vec<Debit<'a>>,
}

impl Entry<'_> {
    /// What is credited.
    pub fn credit(&self) -> Decimal {
        self.bill.amount
    }
}

/// A debit.
#[derive(Debug, Clone)]
pub struct Debit<'a> {
    /// What the ledger calls the account.
    pub account: String,
    /// In cents, as a whole number of them.
    pub amount: Decimal,
    /// What it is for.
    pub memo: String,
    /// The line of the bill; none is a charge.
    pub line: Option<&'a BillLine>,
}

/// The entries of bills, by their numbers at ServiceTitan.
///
/// # Errors
/// Every reason of every bill that cannot be booked.
pub fn entries<'a>(bills: impl IntoIterator<Item = &'a Bill>, terms: &Terms) -> Result<Vec<Entry<'a>>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for bill in bills {
        let mut faults = Faults { bill, refusals: &mut refusals };
        if let Some(entry) = entry(bill, terms, &mut faults) {
            entries.push(entry);
        }
    }
    entries.sort_by_key(|entry| entry.bill.id);
    let mut seen = BTreeSet::new();
    for entry in &entries {
        if !seen.insert((entry.vendor.as_str(), entry.bill.reference.as_str())) {
            let reason = format!("the vendor `{}` has another bill of this number in the file", entry.vendor);
            Faults { bill: entry.bill, refusals: &mut refusals }.add(reason);
        }
    }
    refusals.sort_by_key(|refusal| refusal.bill);
    if refusals.is_empty() { Ok(entries) } else { Err(refusals) }
}

struct Faults<'f> {
    bill: &'f Bill,
    refusals: &'f mut Vec<Refusal>,
}

impl Faults<'_> {
    fn add(&mut self, reason: impl Into<String>) {
        let Bill { id, reference, .. } = self.bill;
        self.refusals.push(Refusal { bill: *id, reference: reference.clone(), reason: reason.into() });
    }
}

fn entry<'a>(bill: &'a Bill, terms: &Terms, faults: &mut Faults<'_>) -> Option<Entry<'a>> {
    if bill.reference.trim().is_empty() {
        faults.add("it has no reference number, by which the ledger tells bills apart: set it in ServiceTitan");
    }
    if bill.date.is_none() {
        faults.add("it has no date: set it in ServiceTitan");
    }
    if bill.amount <= Decimal::ZERO {
        let amount = money(bill.amount);
        faults.add(format!("its amount is {amount}: a credit or nothing is no bill; enter it in the ledger"));
    }
    let vendor = vendor(bill, terms, faults);
    let debits = debits(bill, terms, faults);
    let sum: Decimal = debits.iter().map(|debit| debit.amount).sum();
    if sum != bill.amount {
        let differs = (bill.amount - sum).normalize();
        faults.add(format!(
            "its lines and charges come to {} and its amount is {}, which differs by {differs}: correct it in ServiceTitan",
            money(sum),
            money(bill.amount)
        ));
    }
    Some(Entry { bill, vendor: vendor?, debits })
}

fn vendor(bill: &Bill, terms: &Terms, faults: &mut Faults<'_>) -> Option<String> {
    let written = bill.vendor.id.and_then(|id| terms.vendors.get(&id.to_string()));
    let own = if terms.vendors_by_name { &bill.vendor.name } else { &bill.vendor_number };
    let found = written.unwrap_or(own).trim();
    if found.is_empty() {
        let id = bill.vendor.id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        let name = bill.vendor.name.escape_debug();
        faults.add(format!(
            "vendor {id} (`{name}`) has nothing that the ledger knows it by: set it in ServiceTitan, or add `{id}=…` to \
             `vendors`"
        ));
        return None;
    }
    Some(found.to_owned())
}

fn debits<'a>(bill: &'a Bill, terms: &Terms, faults: &mut Faults<'_>) -> Vec<Debit<'a>> {
    // Rounded as they add up, so that their sum is the rounded sum.
    let (mut exact, mut booked) = (Decimal::ZERO, Decimal::ZERO);
    let mut debits = Vec::new();
    for (place, line) in bill.lines.iter().enumerate() {
        exact += line.quantity * line.cost;
        let amount = cents(exact) - booked;
        booked += amount;
        if amount.is_zero() {
            continue;
        }
        let account = account(line, terms).unwrap_or_else(|known| {
            let name = if line.name.is_empty() { &line.code } else { &line.name };
            let (name, place) = (name.escape_debug(), place + 1);
            faults.add(match known {
                None => format!("line {place} (`{name}`) has no account: set it in ServiceTitan, or add `*=…` to `accounts`"),
                Some(Account { number, name: called }) => format!(
                    "line {place} (`{name}`) has the account `{number}` `{called}`, which lacks what the ledger knows it by: \
                     add `{}=…` to `accounts`",
                    if number.is_empty() { called } else { number }
                ),
            });
            String::new()
        });
        debits.push(Debit { account, amount, memo: line.name.clone(), line: Some(line) });
    }
    let charges = [
        ("tax", bill.tax, &terms.tax, "tax-account"),
        ("freight", bill.shipping, &terms.shipping, "shipping-account"),
        ("other costs", bill.other, &terms.other, "other-account"),
    ];
    for (name, amount, account, setting) in charges {
        if amount.is_zero() {
            continue;
        }
        if account.is_none() {
            let amount = money(amount);
            faults.add(format!("it has {name} of {amount}, and nothing says which account that is: set `{setting}`"));
        }
        let account = account.clone().unwrap_or_default();
        debits.push(Debit { account, amount: cents(amount), memo: name.to_owned(), line: None });
    }
    debits
}

/// What the ledger calls the account of a line; else what ServiceTitan says of it.
fn account<'l>(line: &'l BillLine, terms: &Terms) -> Result<String, Option<&'l Account>> {
    let known = match terms.line_account {
        LineAccount::GeneralLedger => &line.accounts.general_ledger,
        LineAccount::CostOfSale => &line.accounts.cost_of_sale,
        LineAccount::Asset => &line.accounts.asset,
    };
    let known = known.as_ref();
    let written = known.and_then(|known| terms.accounts.get(&known.number).or(terms.accounts.get(&known.name)));
    let own = known.map(|known| if terms.accounts_by_name { &known.name } else { &known.number });
    let own = own.filter(|own| !own.trim().is_empty());
    written.or(own).or(terms.accounts.get("*")).cloned().ok_or(known)
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
