//! What ServiceTitan sends to an endpoint and wants back: the catalog's contracts, ready to check with.

mod document;
mod sample;

use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError};
use tradewire_liquid::{Value, pointer};
use tradewire_surface::{Catalog, Effect};
use tradewire_text::cut;

use crate::shape::Shape;
use document::Document;
pub use sample::Fill;

/// More faults than these are not told one by one.
const MOST_TOLD: usize = 20;
/// The most bytes of a breach's message: schemas quote whole documents.
const LONGEST: usize = 200;
/// A document of so many values is told one breach.
const MOST_VALUES: usize = 20_000;

/// The contract of an endpoint.
#[derive(Debug)]
pub struct Contract {
    /// What ServiceTitan sends.
    pub request: Side,
    /// What it wants back.
    pub response: Side,
    /// Whether a vendor that is asked this may do something.
    pub effect: Effect,
}

/// One direction of a contract.
pub struct Side {
    schema: &'static serde_json::Value,
    validator: jsonschema::Validator<Document>,
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Side")
    }
}

/// Where a document is not what the contract says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The place in the document: `/purchaseOrder/items/0/quantity`.
    pub path: String,
    /// What is wrong there.
    pub message: String,
    /// The place in the contract that says so, as a pointer: `/properties/success/type`.
    pub rule: String,
    /// Whether it is a member that the contract does not know.
    pub unknown: bool,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(f, "{path}: {}", self.message)
    }
}

impl Contract {
    /// The contract of an endpoint; none where ServiceTitan publishes none under that name.
    pub fn of(endpoint: &str) -> Option<Contract> {
        let contract = Catalog::get().contracts.get(endpoint)?;
        Some(Contract {
            request: Side::new(&contract.request)?,
            response: Side::new(&contract.response)?,
            effect: contract.effect,
        })
    }

    /// The name of a contract that is near to this one.
    pub fn nearest(endpoint: &str) -> Option<&'static str> {
        Catalog::nearest(endpoint, Catalog::get().contracts.keys().map(String::as_str))
    }
}

impl Side {
    fn new(schema: &'static serde_json::Value) -> Option<Side> {
        let validator = jsonschema::options_for::<Document>().with_draft(Draft::Draft4).build(schema).ok()?;
        Some(Side { schema, validator })
    }

    /// What it has at each place.
    pub fn shape(&self) -> Shape<'static> {
        Shape::of(self.schema)
    }

    /// Where a document is not what the contract says.
    pub fn breaches(&self, document: &Value) -> Vec<Breach> {
        let mut breaches = Vec::new();
        // Most documents have none, and a yes is found faster than reasons for a no.
        if self.validator.is_valid(document) {
            return breaches;
        }
        // The validator finds all of them before it tells the first, and each holds a copy of what it is about.
        if document.count(MOST_VALUES) == MOST_VALUES {
            if let Err(error) = self.validator.validate(document) {
                told(&error, &mut breaches);
            }
        } else {
            for error in self.validator.iter_errors(document) {
                told(&error, &mut breaches);
            }
        }
        breaches.truncate(MOST_TOLD);
        breaches
    }
}

/// Tells a breach. Of alternatives (`null` or an object) the one that the document comes nearest to is told, which is
/// the one with the deepest fault: that none fits helps nobody.
fn told(error: &ValidationError<'_>, breaches: &mut Vec<Breach>) {
    let depth = |error: &ValidationError<'_>| error.instance_path().as_str().matches('/').count();
    if let ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } = error.kind() {
        let nearest = context.iter().max_by_key(|errors| errors.iter().map(depth).max());
        if let Some(errors) = nearest.filter(|errors| errors.iter().any(|inner| depth(inner) > depth(error))) {
            return errors.iter().for_each(|inner| told(inner, breaches));
        }
    }
    let (path, rule) = (error.instance_path().to_string(), error.schema_path().to_string());
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            breaches.extend(unexpected.iter().map(|name| {
                let message = format!("the contract has no `{name}` here");
                Breach { path: format!("{path}/{}", pointer::step(name)), message, rule: rule.clone(), unknown: true }
            }));
        }
        _ => {
            breaches.push(Breach { path, message: cut(&error.to_string(), LONGEST).into_owned(), rule, unknown: false })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_contract_of_the_catalog_can_be_checked_with() {
        let contracts = &Catalog::get().contracts;
        assert_eq!(contracts.len(), 22);
        for endpoint in contracts.keys() {
            assert!(Contract::of(endpoint).is_some(), "{endpoint}");
        }
    }

    #[test]
    fn a_breach_says_where_and_what() {
        let contract = Contract::of("purchaseorder").unwrap();
        let breaches =
            contract.response.breaches(&Value::from_json(r#"{ "success": "yes", "orderNumber": "7" }"#).unwrap());
        let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|line| line.starts_with("/success: ") && line.contains("boolean")), "{told:?}");
        assert!(told.iter().any(|line| line.contains("orderNumber")), "{told:?}");
    }

    #[test]
    fn of_alternatives_the_fault_within_is_told() {
        let contract = Contract::of("purchaseorder").unwrap();
        let order = r#"{ "purchaseOrder": { "items": [{ "quantity": 1 }, { "quantity": "two" }] } }"#;
        let breaches = contract.request.breaches(&Value::from_json(order).unwrap());
        let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|line| line.starts_with("/purchaseOrder/items/1/quantity: ")), "{told:?}");
    }

    #[test]
    fn an_unknown_endpoint_has_a_nearest_one() {
        assert!(Contract::of("purchase-order").is_none());
        assert_eq!(Contract::nearest("purchase-order"), Some("purchaseorder"));
    }
}
