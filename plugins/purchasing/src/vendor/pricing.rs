//! The endpoints `pricing` and `bulk-pricing`: what parts cost.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Account, Refused, read};

/// The endpoints that answer prices, in the order of preference.
pub const ENDPOINTS: [&str; 2] = ["bulk-pricing", "pricing"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    account_id: &'a str,
    vendor_id: String,
    sub_account_id: Option<&'a str>,
    branch_id: Option<&'a str>,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    item_id: &'a str,
    quantity: u32,
    sku_type: &'a str,
}

/// The body of the call: about one piece of each of these parts, with what ServiceTitan calls its kind (`Material`).
pub fn request<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>, account: &Account) -> String {
    let request = Request {
        account_id: &account.id,
        vendor_id: account.vendor.to_string(),
        sub_account_id: account.sub_account.as_deref(),
        branch_id: account.branch.as_deref(),
        items: (parts.into_iter()).map(|(item_id, sku_type)| Item { item_id, quantity: 1, sku_type }).collect(),
    };
    serde_json::to_string(&request).unwrap_or_default()
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    vendor_costs: Option<Vec<VendorCost>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct VendorCost {
    item_id: Option<String>,
    costs: Option<Vec<Cost>>,
    availability: Option<Vec<Availability>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Cost {
    #[serde(with = "rust_decimal::serde::arbitrary_precision_option")]
    cost: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::arbitrary_precision_option")]
    quantity: Option<Decimal>,
    skip_storing_cost: Option<bool>,
    message: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Availability {
    status: Option<String>,
    message: Option<String>,
}

/// What one piece of a part costs, or why the vendor does not say.
pub type Quoted = Result<Decimal, String>;

/// The prices of an answer, by part numbers.
///
/// # Errors
/// The vendor does not answer.
pub fn answer(status: u16, body: &str) -> Result<BTreeMap<String, Quoted>, Refused> {
    let answer: Answer = read(status, body)?;
    let mut quoted = BTreeMap::new();
    for cost in answer.vendor_costs.unwrap_or_default() {
        let Some(part) = cost.item_id.clone() else { continue };
        let said = price(cost);
        // A part that is answered twice with two prices has none.
        match quoted.get(&part) {
            Some(before) if *before != said => {
                drop(quoted.insert(part, Err("the vendor answers it twice, and not alike".to_owned())));
            }
            _ => drop(quoted.insert(part, said)),
        }
    }
    Ok(quoted)
}

fn price(answer: VendorCost) -> Quoted {
    let costs = answer.costs.unwrap_or_default();
    let said = |cost: &Cost| cost.message.clone().filter(|words| !words.is_empty());
    // Of several, the one for the most pieces that one piece reaches.
    let of_one = costs.iter().filter(|cost| cost.quantity.unwrap_or(Decimal::ONE) <= Decimal::ONE);
    match of_one.max_by_key(|cost| cost.quantity) {
        Some(Cost { skip_storing_cost: Some(true), .. }) => Err("the vendor says not to keep this price".to_owned()),
        Some(Cost { cost: Some(price), .. }) => Ok(*price),
        Some(cost) => Err(said(cost).unwrap_or_else(|| "no price".to_owned())),
        None => match costs.iter().filter(|cost| cost.cost.is_some()).min_by_key(|cost| cost.quantity) {
            Some(first) => Err(format!(
                "no price of one piece: it is sold from {}",
                first.quantity.unwrap_or_default().normalize()
            )),
            None => {
                let told = costs.iter().find_map(said);
                let why =
                    answer.availability.unwrap_or_default().into_iter().find_map(|one| one.message.or(one.status));
                Err(told.or(why).filter(|words| !words.is_empty()).unwrap_or_else(|| "no price".to_owned()))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn quoted(costs: &str) -> Quoted {
        let body = format!(r#"{{"success": true, "vendorCosts": [{{"itemId": "A", "costs": [{costs}]}}]}}"#);
        answer(200, &body).unwrap().remove("A").unwrap()
    }

    #[test]
    fn of_quantity_breaks_the_one_that_one_piece_reaches_counts() {
        let price =
            quoted(r#"{"cost": 3.8900, "quantity": 1}, {"cost": 4, "quantity": 0}, {"cost": 3.5, "quantity": 10}"#);
        assert_eq!(price.unwrap().to_string(), "3.8900");
        let told = quoted(r#"{"cost": 3.5, "quantity": 10}"#).unwrap_err();
        assert_eq!(told, "no price of one piece: it is sold from 10");
    }

    #[test]
    fn what_has_no_price_says_why() {
        assert_eq!(quoted("").unwrap_err(), "no price");
        assert!(quoted(r#"{"cost": 3, "quantity": 1, "skipStoringCost": true}"#).unwrap_err().contains("not to keep"));
        let body = r#"{"vendorCosts": [{"itemId": "A", "costs": [], "availability": [{"status": "Not sold here"}]},
            {"itemId": "B", "costs": [{"cost": 1, "quantity": 1}]}, {"itemId": "B", "costs": [{"cost": 2, "quantity": 1}]}]}"#;
        let all = answer(200, body).unwrap();
        assert_eq!(all["A"], Err("Not sold here".to_owned()));
        assert!(all["B"].as_ref().unwrap_err().contains("twice"));
    }
}
