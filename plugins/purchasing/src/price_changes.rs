//! A vendor's prices held against what the pricebook says that its parts cost.
//!
//! ```text
//! Kind,Item Id,Code,Item,Vendor Part,Old Cost,New Cost,Difference,Percent,Result,Message
//! Material,61,M00001,Copper pipe,HL-1001,3.20,3.42,0.22,6.88,change,
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;

use rust_decimal::{Decimal, RoundingStrategy};
use tradewire_tables::{Column, Error, Table};

use crate::report::{Total, total};
use crate::vendor::catalog::Product;
use crate::vendor::pricing::Quoted;

/// The columns of the report.
pub const COLUMNS: [Column; 11] = [
    Column::text("Kind"),
    Column::integer("Item Id"),
    Column::text("Code"),
    Column::text("Item"),
    Column::text("Vendor Part"),
    Column::money("Old Cost"),
    Column::money("New Cost"),
    Column::money("Difference"),
    Column::money("Percent"),
    Column::text("Result"),
    Column::text("Message"),
];

/// What kind of item it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Material,
    Equipment,
}

impl Kind {
    /// ServiceTitan's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Material => "Material",
            Kind::Equipment => "Equipment",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An item of the pricebook that names the vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What kind it is.
    pub kind: Kind,
    /// ServiceTitan's number of it.
    pub id: i64,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The unit in which the company counts it; empty where it has none.
    pub unit: String,
    /// The vendor's part number; empty where there is none.
    pub part: String,
    /// What a piece costs from this vendor; none where nothing is known yet.
    pub cost: Option<Decimal>,
    /// Whether its cost is locked in the pricebook.
    pub is_locked: bool,
    /// How often it names the vendor.
    pub entries: usize,
}

/// What the vendor says.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// Prices, by part numbers.
    pub prices: BTreeMap<String, Quoted>,
    /// What it sells, by part numbers; none where its catalogue was not asked for.
    pub products: Option<BTreeMap<String, Product>>,
}

/// What comes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The cost is another.
    Change,
    /// It was, and is now written into the pricebook.
    Applied,
    /// The cost differs by more than may change unseen.
    Held,
    /// The cost is what it was.
    Unchanged,
    /// There is no price that could be taken.
    Refused,
    /// The vendor sells it, and the pricebook does not have it.
    New,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Change => "change",
            Outcome::Applied => "applied",
            Outcome::Held => "held",
            Outcome::Unchanged => "unchanged",
            Outcome::Refused => "refused",
            Outcome::New => "new",
        })
    }
}

/// A row of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The item; of what is new the number is 0.
    pub item: Item,
    /// The vendor's price.
    pub price: Option<Decimal>,
    /// What comes of it.
    pub outcome: Outcome,
    /// Why, in words.
    pub message: String,
}

impl Row {
    /// Notes that the change was not taken, and why.
    pub fn refuse(&mut self, why: impl ToString) {
        (self.outcome, self.message) = (Outcome::Refused, why.to_string());
    }

    fn difference(&self) -> Option<Decimal> {
        Some(self.price? - self.item.cost?)
    }

    /// Per cent of the old cost, with two decimals.
    fn percent(&self) -> Option<Decimal> {
        let old = self.item.cost.filter(|cost| !cost.is_zero())?;
        let percent = self.difference()?.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(old)?;
        Some(percent.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    }
}

/// Holds a vendor's offer against the pricebook. `largest_percent` of the old cost is the most that may change.
pub fn compare(items: impl IntoIterator<Item = Item>, offer: &Offer, largest_percent: Decimal) -> Vec<Row> {
    let mut rows: Vec<Row> = items.into_iter().map(|item| row(item, offer, largest_percent)).collect();
    rows.sort_by_key(|row| (row.item.kind, row.item.id));
    rows
}

fn row(item: Item, offer: &Offer, largest_percent: Decimal) -> Row {
    let refused = |item, price, message| Row { item, price, outcome: Outcome::Refused, message };
    let price = match price(&item, offer) {
        Ok(price) => price,
        Err((price, why)) => return refused(item, price, why),
    };
    let unchanged = Row { item, price: Some(price), outcome: Outcome::Unchanged, message: String::new() };
    if unchanged.difference() == Some(Decimal::ZERO) {
        return unchanged;
    }
    if unchanged.item.is_locked {
        return refused(unchanged.item, Some(price), "its cost is locked in the pricebook".to_owned());
    }
    // Exact, so that what is at the limit is within it.
    let old = unchanged.item.cost.unwrap_or_default();
    let is_large = (price - old).abs() * Decimal::ONE_HUNDRED > old.abs() * largest_percent;
    match is_large {
        true if old.is_zero() => Row {
            outcome: Outcome::Held,
            message: "the pricebook has no cost to hold it against: enter the first one by hand".to_owned(),
            ..unchanged
        },
        true => {
            let largest = largest_percent.normalize();
            let message = format!(
                "it changes by more than {largest} per cent: enter it by hand, or raise `largest-change-percent`"
            );
            Row { outcome: Outcome::Held, message, ..unchanged }
        }
        false => Row { outcome: Outcome::Change, ..unchanged },
    }
}

/// The price that an item can take, or the price that it cannot, and why.
fn price(item: &Item, offer: &Offer) -> Result<Decimal, (Option<Decimal>, String)> {
    if item.part.is_empty() {
        return Err((None, "it has no part number of the vendor".to_owned()));
    }
    if item.entries > 1 {
        return Err((None, "it names the vendor more than once: leave one".to_owned()));
    }
    let quoted = offer.prices.get(&item.part).cloned();
    let price = quoted.unwrap_or_else(|| Err("the vendor does not answer it".to_owned())).map_err(|why| (None, why))?;
    let no = |why| Err((Some(price), why));
    if price <= Decimal::ZERO {
        return no(format!("{price} is no price"));
    }
    if let Some(products) = &offer.products {
        let Some(product) = products.get(&item.part) else {
            return no("the vendor's catalogue does not have it".to_owned());
        };
        let same = |unit: &String| unit.trim().eq_ignore_ascii_case(item.unit.trim());
        if !item.unit.trim().is_empty() && !product.units.is_empty() && !product.units.iter().any(same) {
            return no(format!(
                "the vendor sells it by {}, and the pricebook counts {}",
                product.units.join(", "),
                item.unit
            ));
        }
    }
    Ok(price)
}

/// What the vendor's catalogue has, is still sold and no item names, as rows.
pub fn new_products(products: &BTreeMap<String, Product>, known: &BTreeSet<String>) -> Vec<Row> {
    let new = products.values().filter(|product| product.active && !known.contains(&product.part));
    new.map(|product| Row {
        item: Item {
            kind: Kind::Material,
            id: 0,
            code: String::new(),
            name: product.name.clone(),
            unit: product.units.first().cloned().unwrap_or_default(),
            part: product.part.clone(),
            cost: None,
            is_locked: false,
            entries: 0,
        },
        price: product.list_price,
        outcome: Outcome::New,
        message: "new in the vendor's catalogue; its list price".to_owned(),
    })
    .collect()
}

/// Writes a report, and gives its control total. What is unchanged is counted, and has no row unless it is asked for.
///
/// # Errors
/// When the table cannot hold a row, or what it is written to fails.
pub fn write<W: Write + Send>(rows: &[Row], list_unchanged: bool, table: &mut Table<W>) -> Result<Vec<Total>, Error> {
    for row in rows.iter().filter(|row| list_unchanged || row.outcome != Outcome::Unchanged) {
        let Row { item, price, outcome, message } = row;
        table.row([
            item.kind.as_str().into(),
            (item.id != 0).then_some(item.id).into(),
            (&item.code).into(),
            (&item.name).into(),
            (&item.part).into(),
            item.cost.into(),
            (*price).into(),
            row.difference().into(),
            row.percent().into(),
            outcome.to_string().into(),
            message.into(),
        ])?;
    }
    let count = |outcome: Outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let mut totals = vec![total("rows", table.rows())];
    for (name, outcome) in [
        ("changes", Outcome::Change),
        ("applied", Outcome::Applied),
        ("held", Outcome::Held),
        ("refused", Outcome::Refused),
        ("unchanged", Outcome::Unchanged),
        ("new", Outcome::New),
    ] {
        totals.push(total(name, count(outcome)));
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_tables::Format;

    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn item(part: &str, cost: &str) -> Item {
        Item {
            kind: Kind::Material,
            id: i64::from(part.as_bytes().first().copied().unwrap_or_default()),
            code: format!("M-{part}"),
            name: "=Pipe".into(),
            unit: "EA".into(),
            part: part.into(),
            cost: cost.parse().ok(),
            is_locked: false,
            entries: 1,
        }
    }

    fn offer(prices: &[(&str, &str)]) -> Offer {
        let prices =
            prices.iter().map(|(part, price)| ((*part).to_owned(), price.parse().map_err(|_| (*price).into())));
        Offer { prices: prices.collect(), products: None }
    }

    fn outcomes(items: Vec<Item>, offer: &Offer) -> Vec<(String, Outcome, String)> {
        let rows = compare(items, offer, number("25"));
        rows.into_iter().map(|row| (row.item.part, row.outcome, row.message)).collect()
    }

    #[test]
    fn each_change_is_listed_with_difference_and_percent_to_the_last_digit() {
        let rows = compare(
            [item("C", "8"), item("B", "3.3333"), item("A", "4.00")],
            &offer(&[("A", "3.5"), ("B", "3.3334"), ("C", "8.000")]),
            number("25"),
        );
        let mut table = Table::begin(Format::Csv, &COLUMNS, Vec::new()).unwrap();
        let totals = write(&rows, false, &mut table).unwrap();
        let text = String::from_utf8(table.finish().unwrap()).unwrap();
        assert_eq!(
            text.lines().skip(1).collect::<Vec<_>>(),
            [
                "Material,65,M-A,'=Pipe,A,4.00,3.50,-0.50,-12.50,change,",
                "Material,66,M-B,'=Pipe,B,3.3333,3.3334,0.0001,0.00,change,"
            ]
        );
        let told: Vec<_> = totals.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(told[..2], ["rows 2", "changes 2"]);
        assert!(told.contains(&"unchanged 1".to_owned()));
        let mut all = Table::begin(Format::Csv, &COLUMNS, Vec::new()).unwrap();
        assert_eq!(write(&rows, true, &mut all).unwrap()[0].1, "3");
    }

    #[test]
    fn what_is_at_the_limit_changes_and_what_is_above_it_is_held() {
        let held = outcomes(
            vec![item("A", "4"), item("B", "4"), item("C", "4"), item("D", "0"), item("E", "")],
            &offer(&[("A", "5"), ("B", "5.0001"), ("C", "2.99"), ("D", "1"), ("E", "1")]),
        );
        let outcomes: Vec<Outcome> = held.iter().map(|(_, outcome, _)| *outcome).collect();
        assert_eq!(outcomes, [Outcome::Change, Outcome::Held, Outcome::Held, Outcome::Held, Outcome::Held]);
        assert!(held[1].2.contains("more than 25 per cent") && held[4].2.contains("no cost to hold it against"));
    }

    #[test]
    fn what_cannot_be_taken_is_refused_with_its_reason() {
        let mut offer =
            offer(&[("A", "0"), ("B", "-1"), ("C", "Discontinued"), ("D", "4"), ("E", "4"), ("F", "4"), ("G", "4")]);
        let product = |unit: &str| Product { units: vec![unit.into()], active: true, ..Product::default() };
        let parts = ["A", "B", "C", "D", "F", "G"];
        offer.products =
            Some(parts.iter().map(|part| ((*part).into(), product(if *part == "D" { "FT" } else { "ea" }))).collect());
        let mut items: Vec<Item> = ["A", "B", "C", "D", "E", "F", "G", "H", ""].map(|part| item(part, "3.9")).to_vec();
        items[5].is_locked = true;
        items[6].entries = 2;
        let told = outcomes(items, &offer);
        assert!(told.iter().all(|(_, outcome, _)| *outcome == Outcome::Refused), "{told:?}");
        let why = |part: &str| told.iter().find(|(of, ..)| of == part).unwrap().2.clone();
        assert_eq!(why("A"), "0 is no price");
        assert_eq!(why("B"), "-1 is no price");
        assert_eq!(why("C"), "Discontinued");
        assert_eq!(why("D"), "the vendor sells it by FT, and the pricebook counts EA");
        assert_eq!(why("E"), "the vendor's catalogue does not have it");
        assert!(why("F").contains("locked") && why("G").contains("more than once"));
        assert_eq!(why("H"), "the vendor does not answer it");
        assert_eq!(why(""), "it has no part number of the vendor");
    }

    #[test]
    fn what_is_sold_and_not_in_the_pricebook_is_new() {
        let product = |part: &str, active| Product { part: part.into(), active, ..Product::default() };
        let products = [product("A", true), product("B", true), product("C", false)];
        let products = products.into_iter().map(|product| (product.part.clone(), product)).collect();
        let new = new_products(&products, &BTreeSet::from(["A".to_owned()]));
        assert_eq!(new.iter().map(|row| row.item.part.as_str()).collect::<Vec<_>>(), ["B"]);
    }
}
