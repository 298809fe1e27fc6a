//! Middleware contracts: JSON Schemas (draft 4), kept as they are but for their prose.

use indexmap::IndexMap;
use serde_json::Value;

use super::{ImportError, Source};
use crate::catalog::{Contract, Effect};

/// The endpoints that only ask: what they answer is all that they are for. The schemas do not say so; what is left is
/// to order (`purchaseorder`) and to link an account (`register`, `unregister`). One that is new acts until it is known
/// here.
const ASK: [&str; 19] = [
    "account",
    "accounts",
    "alerts",
    "associated-branches",
    "available-skus",
    "branch-pricing",
    "branches",
    "bulk-pricing",
    "catalog",
    "defaultbranch",
    "field-configuration-CallbackName",
    "invoices",
    "pricing",
    "purchase-history-OptionId",
    "purchase-history-options",
    "purchaseorderstatus",
    "shippingaddresses",
    "stock-level",
    "subaccount",
];
/// By which endpoint one sees what another has done.
const TOLD_BY: [(&str, &str); 1] = [("purchaseorder", "purchaseorderstatus")];

/// The two schemas of a middleware endpoint.
#[derive(Debug, Clone)]
pub struct ContractSource {
    /// The endpoint: the name of its folder.
    pub endpoint: String,
    /// The schema of what ServiceTitan sends.
    pub request: Source,
    /// The schema of what it wants back.
    pub response: Source,
}

pub(super) fn import(sources: &[ContractSource]) -> Result<IndexMap<String, Contract>, ImportError> {
    let schema = |source: &Source| -> Result<Value, ImportError> {
        serde_json::from_str(&source.text)
            .map(without_prose)
            .map_err(|error| ImportError::Unreadable { file: source.name.clone(), source: error })
    };
    let mut contracts = IndexMap::new();
    for source in sources {
        let endpoint = source.endpoint.as_str();
        let contract = Contract {
            request: schema(&source.request)?,
            response: schema(&source.response)?,
            effect: if ASK.contains(&endpoint) { Effect::Read } else { Effect::Write },
            told_by: TOLD_BY.iter().find(|(acts, _)| *acts == endpoint).map(|(_, tells)| (*tells).to_owned()),
        };
        contracts.insert(endpoint.to_owned(), contract);
    }
    contracts.sort_keys();
    Ok(contracts)
}

/// Drops what only people read. Inside `properties` and `definitions` the keys are names, not keywords.
fn without_prose(schema: Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(key, value)| !(matches!(key.as_str(), "description" | "title" | "example") && value.is_string()))
            .map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("properties" | "definitions" | "patternProperties", Value::Object(named)) => {
                        Value::Object(named.into_iter().map(|(name, schema)| (name, without_prose(schema))).collect())
                    }
                    ("enum" | "required" | "default", value) => value,
                    (_, value) => without_prose(value),
                };
                (key, value)
            })
            .collect(),
        Value::Array(items) => Value::Array(items.into_iter().map(without_prose).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::without_prose;

    #[test]
    fn a_property_called_description_is_not_prose() {
        let schema =
            json!({ "description": "x", "properties": { "description": { "type": "string", "description": "y" } } });
        assert_eq!(without_prose(schema), json!({ "properties": { "description": { "type": "string" } } }));
    }
}
