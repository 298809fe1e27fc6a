//! The endpoint `catalog`: what a vendor sells, page after page.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Refused, read};

/// The endpoint.
pub const ENDPOINT: &str = "catalog";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    catalog_id: &'a str,
    pull_state: &'a BTreeMap<String, String>,
}

/// The body of the call: about the page that the answer before has pointed to by `pull_state`.
pub fn request(catalog: &str, pull_state: &BTreeMap<String, String>) -> String {
    serde_json::to_string(&Request { catalog_id: catalog, pull_state }).unwrap_or_default()
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    products: Option<Vec<ProductAnswer>>,
    has_more_results: Option<bool>,
    pull_state: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ProductAnswer {
    id: Option<String>,
    display_name: Option<Text>,
    vendor_part_number: Option<String>,
    units_of_measure: Option<Vec<Option<String>>>,
    #[serde(with = "rust_decimal::serde::arbitrary_precision_option")]
    manufacturer_suggested_retail_price: Option<Decimal>,
    active: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Text {
    plain_text: Option<String>,
}

/// A page of a catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// What is on it.
    pub products: Vec<Product>,
    /// What to ask the next page with; none after the last.
    pub next: Option<BTreeMap<String, String>>,
}

/// A part that a vendor sells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Product {
    /// The vendor's part number.
    pub part: String,
    /// What it is called.
    pub name: String,
    /// The units in which it is sold.
    pub units: Vec<String>,
    /// The price in a list.
    pub list_price: Option<Decimal>,
    /// Whether it is still sold.
    pub active: bool,
}

/// A page.
///
/// # Errors
/// The vendor does not answer.
pub fn answer(status: u16, body: &str) -> Result<Page, Refused> {
    let answer: Answer = read(status, body)?;
    let product = |product: ProductAnswer| Product {
        part: product.vendor_part_number.or(product.id).unwrap_or_default(),
        name: product.display_name.and_then(|name| name.plain_text).unwrap_or_default(),
        units: product.units_of_measure.unwrap_or_default().into_iter().flatten().collect(),
        list_price: product.manufacturer_suggested_retail_price,
        active: product.active.unwrap_or(true),
    };
    let next = answer.pull_state.filter(|_| answer.has_more_results == Some(true));
    Ok(Page { products: answer.products.unwrap_or_default().into_iter().map(product).collect(), next })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_page_points_to_the_next_as_long_as_there_is_one() {
        let page = |more: bool| {
            let body = format!(
                r#"{{"products": [{{"id": "P1", "displayName": {{"plainText": "Pipe"}}, "unitsOfMeasure": ["FT", null]}}],
                "hasMoreResults": {more}, "pullState": {{"cursor": "16"}}}}"#
            );
            answer(200, &body).unwrap()
        };
        let first = page(true);
        assert_eq!((first.products[0].part.as_str(), &first.products[0].units), ("P1", &vec!["FT".to_owned()]));
        assert!(first.products[0].active);
        assert_eq!(request("main", &first.next.unwrap()), r#"{"catalogId":"main","pullState":{"cursor":"16"}}"#);
        assert_eq!(page(false).next, None);
    }
}
