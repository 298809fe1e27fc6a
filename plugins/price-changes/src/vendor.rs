//! What the vendor says, through its pack.

use std::collections::{BTreeMap, BTreeSet};

use tradewire_plugin::{Failure, Result, log, middleware};
use tradewire_purchasing::plugin;
use tradewire_purchasing::price_changes::Item;
use tradewire_purchasing::vendor::Refused;
use tradewire_purchasing::vendor::catalog::{self, Product};
use tradewire_purchasing::vendor::pricing::{self, Quoted};

use crate::options::Options;

/// Pages of a catalogue beyond which it is taken for one without end.
const MOST_PAGES: usize = 10_000;

/// The prices of all parts that these items name. Whatever one call fails of, all of it fails: a list of half the prices
/// would say of the others that they have none.
pub fn prices<'i>(options: &Options, items: impl Iterator<Item = &'i Item>) -> Result<BTreeMap<String, Quoted>> {
    let parts: BTreeSet<(&str, &str)> =
        items.filter(|item| !item.part.is_empty()).map(|item| (item.part.as_str(), item.kind.as_str())).collect();
    let parts: Vec<(&str, &str)> = parts.into_iter().collect();
    let mut prices = BTreeMap::new();
    for batch in parts.chunks(options.batch) {
        let body = pricing::request(batch.iter().copied(), &options.account);
        let answer = call(options, options.endpoint, &body)?;
        prices.extend(pricing::answer(answer.status, &answer.body).map_err(|refused| told(options, &refused))?);
    }
    Ok(prices)
}

/// What the vendor sells, by part numbers; none where nobody wants to know.
pub fn products(options: &Options) -> Result<Option<BTreeMap<String, Product>>> {
    let Some(name) = &options.catalog else { return Ok(None) };
    let (mut products, mut place) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..MOST_PAGES {
        let answer = call(options, catalog::ENDPOINT, &catalog::request(name, &place))?;
        let page = catalog::answer(answer.status, &answer.body).map_err(|refused| told(options, &refused))?;
        products.extend(page.products.into_iter().map(|product| (product.part.clone(), product)));
        match page.next {
            Some(next) if next != place => place = next,
            Some(_) => return Err(Failure::refused("the vendor's catalogue points from a page to the same page")),
            None => {
                log::info!("the vendor's catalogue has {} parts", products.len());
                return Ok(Some(products));
            }
        }
    }
    Err(Failure::refused(format!("the vendor's catalogue has more than {MOST_PAGES} pages")))
}

fn call(options: &Options, endpoint: &str, body: &str) -> Result<middleware::Response> {
    plugin::call(&options.vendor, endpoint, body, endpoint)
}

fn told(options: &Options, refused: &Refused) -> Failure {
    let message = format!("`{}` does not say its prices: {refused}", options.vendor);
    if refused.is_transient() { Failure::transient(message) } else { Failure::refused(message) }
}
