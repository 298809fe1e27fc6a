use tradewire_liquid::{Object, Value};
use tradewire_middleware::contract::Contract;
use tradewire_sandbox::{Act, Fault, Faults};
use tradewire_surface::Catalog;

use super::{Served, json, pack};

fn list<'v>(body: &'v Value, name: &str) -> &'v [Value] {
    let Some(Value::List(items)) = body.get(name) else { panic!("no list `{name}`: {body}") };
    items
}

fn text<'v>(body: &'v Value, name: &str) -> &'v str {
    body.get(name).and_then(Value::as_text).unwrap_or_else(|| panic!("no text `{name}`: {body}"))
}

/// The document with another value at a place such as `/purchaseOrder/items/0/quantity`.
pub fn with(document: &Value, place: &str, value: Option<Value>) -> Value {
    let (name, rest) = place
        .trim_start_matches('/')
        .split_once('/')
        .map_or((&place[1..], ""), |(name, _)| (name, &place[name.len() + 1..]));
    match document {
        Value::Object(members) => {
            let mut members: Object = members.clone();
            match (rest.is_empty(), value, members.get(name).cloned()) {
                (true, Some(value), _) => members.insert(name, value),
                (true, None, _) => drop(members.remove(name)),
                (false, value, Some(inner)) => members.insert(name, with(&inner, rest, value)),
                (false, ..) => panic!("no `{name}` in {document}"),
            }
            Value::Object(members)
        }
        Value::List(items) => {
            let mut items = items.clone();
            let at: usize = name.parse().unwrap();
            match (rest.is_empty(), value) {
                (true, Some(value)) => items[at] = value,
                (true, None) => drop(items.remove(at)),
                (false, value) => items[at] = with(&items[at], rest, value),
            }
            Value::List(items)
        }
        other => panic!("{other} has no members"),
    }
}

#[test]
fn the_pack_has_every_contract_and_no_faults() {
    let pack = pack();
    let names: Vec<&String> = pack.endpoints.keys().collect();
    assert_eq!(names, Catalog::get().contracts.keys().collect::<Vec<_>>());
    assert!(pack.error.is_some() && pack.endpoints.values().all(|endpoint| endpoint.sandbox_request.is_some()));
}

#[tokio::test]
async fn every_endpoint_carries_its_own_request_and_the_answer_is_the_contracts() {
    let served = Served::start().await;
    for (name, endpoint) in &pack().endpoints {
        let outgoing = served.answer(name, endpoint.sandbox_request.as_ref().unwrap()).await;
        assert_eq!((outgoing.status, &*outgoing.warnings), (200, &[][..]), "{name}: {outgoing:?}");
        let breaches = Contract::of(name).unwrap().response.breaches(&outgoing.body);
        assert_eq!(breaches, [], "{name}: {}", outgoing.body);
        let lists = |value: &Value| matches!(value, Value::List(items) if items.is_empty());
        let Value::Object(members) = &outgoing.body else { panic!("{name}: {}", outgoing.body) };
        assert!(!members.iter().any(|(member, value)| lists(value) && member != "accounts"), "{name}: {members:?}");
    }
}

#[tokio::test]
async fn an_answer_in_pages_is_fetched_whole() {
    let served = Served::start().await;
    let request = pack().endpoints["subaccount"].sandbox_request.clone().unwrap();
    let outgoing = served.answer("subaccount", &request).await;
    assert_eq!((list(&outgoing.body, "subAccounts").len(), served.arrived("jobs.list")), (5, 2));
    assert_eq!(outgoing.body.get("callBackInfo"), Some(&Value::Nil));

    let mut request = pack().endpoints["catalog"].sandbox_request.clone().unwrap();
    let mut products = 0;
    for page in 1.. {
        let outgoing = served.answer("catalog", &request).await;
        products += list(&outgoing.body, "products").len();
        if outgoing.body.get("hasMoreResults") == Some(&Value::Bool(false)) {
            assert_eq!((products, page), (32, 2));
            break;
        }
        request = with(&request, "/pullState", outgoing.body.get("pullState").cloned());
    }
}

#[tokio::test]
async fn an_order_arrives_with_every_character_and_is_found_again() {
    let served = Served::start().await;
    let request = pack().endpoints["purchaseorder"].sandbox_request.clone().unwrap();
    let ordered = served.answer("purchaseorder", &request).await;
    let calls = served.sandbox.calls();
    let sent = json(&calls.iter().find(|call| call.path.ends_with("/orders")).unwrap().body);
    assert_eq!(text(&sent, "notes"), "Call before you come;\nthe gate is \"always\" closed. (job J-88, for Luis Ruiz)");
    assert_eq!(text(&list(&sent, "lines")[0], "text"), "3/4\" copper pipe, type L");
    assert_eq!(text(sent.get("ship_to").unwrap(), "line_2"), "Gate \"B\"");
    let question = json(r#"{ "vendorCustomerId": "H-7001", "purchaseOrderNumber": "PO-5521" }"#);
    let status = served.answer("purchaseorderstatus", &question).await;
    let order = status.body.get("purchaseOrder").unwrap();
    assert_eq!(text(order, "status"), "Received");
    assert_eq!(text(order, "deliveryService"), "TRUCK");
    assert_eq!(text(order, "orderReferenceNumber"), text(&ordered.body, "orderReferenceNumber"));
}

#[tokio::test]
async fn an_order_that_is_placed_twice_is_refused_in_the_contracts_shape() {
    let served = Served::start().await;
    let request = pack().endpoints["purchaseorder"].sandbox_request.clone().unwrap();
    assert_eq!(served.answer("purchaseorder", &request).await.status, 200);
    let outgoing = served.answer("purchaseorder", &request).await;
    assert_eq!((outgoing.status, &*outgoing.warnings), (409, &[][..]), "{outgoing:?}");
    assert_eq!(Contract::of("purchaseorder").unwrap().response.breaches(&outgoing.body), []);
    assert_eq!(outgoing.body.get("success"), Some(&Value::Bool(false)));
    assert_eq!(
        (text(&outgoing.body, "errorCode"), text(&outgoing.body, "errorKind")),
        ("already_ordered", "Duplicate")
    );
    assert!(text(&outgoing.body, "errorMessage").starts_with("PO-5521 was ordered before, as SO-"));
    assert_eq!(served.arrived("orders.create"), 2);
}

#[tokio::test]
async fn an_unknown_part_is_told_with_the_vendors_own_words() {
    let served = Served::start().await;
    let request = pack().endpoints["purchaseorder"].sandbox_request.clone().unwrap();
    let request = with(&request, "/purchaseOrder/items/0/vendorPartNumber", Some("3/4\" pipe".into()));
    let request = with(&request, "/purchaseOrder/items/1/quantity", Some(Value::from(0)));
    let outgoing = served.answer("purchaseorder", &request).await;
    assert_eq!((outgoing.status, &*outgoing.warnings), (422, &[][..]), "{outgoing:?}");
    let told = "2 lines cannot be ordered: line 1: no part `3/4\" pipe` in the catalogue; \
        line 2: 0 is no quantity of `HL-1009`";
    assert_eq!(text(&outgoing.body, "errorMessage"), told);
    assert_eq!(text(&outgoing.body, "errorKind"), "Validation");
}

#[tokio::test]
async fn an_account_that_is_a_path_reaches_no_other_path() {
    let served = Served::start().await;
    for account in ["..", ".", "H-7001/..", "H-7001?a=", "H-7001#", "", "%2e%2e", "a b+c"] {
        let outgoing = served.answer("unregister", &Value::object([("accountId", account.into())])).await;
        assert!(matches!(outgoing.status, 404 | 500), "{account}: {outgoing:?}");
    }
    assert!(served.sandbox.calls().iter().all(|call| call.path.ends_with("/links")));
    assert_eq!(served.arrived("links.delete"), 5);
}

#[tokio::test]
async fn a_failure_is_told_by_every_endpoint_whatever_its_contract_holds() {
    let served = Served::start().await;
    for (name, endpoint) in &pack().endpoints {
        let body = "<html>\"closed\"</html>".to_owned();
        let fault = Fault::new(Act::Status { code: 500, body: Some(body) }).on("_vendor/").times(1);
        served.sandbox.set_faults(Faults(vec![fault]));
        let outgoing = served.answer(name, endpoint.sandbox_request.as_ref().unwrap()).await;
        assert_eq!(outgoing.status, 500, "{name}: {outgoing:?}");
        let told = text(&outgoing.body, "errorMessage");
        assert_eq!(told, "Harborline answered 500: <html>\"closed\"</html>", "{name}");
        // The catalog's contract has no field for a failure.
        assert_eq!(outgoing.warnings.is_empty(), name != "catalog", "{name}: {outgoing:?}");
    }
}

#[tokio::test]
async fn fields_that_the_vendor_never_said_could_be_null_break_no_template() {
    let served = Served::start().await;
    served.sandbox.set_faults(Faults(vec![Fault::new(Act::UndeclaredNulls { per_mille: 1000 }).on("_vendor/")]));
    for (name, endpoint) in &pack().endpoints {
        let outgoing = served.answer(name, endpoint.sandbox_request.as_ref().unwrap()).await;
        // Where a contract demands what is null, the refusal says so; a template never fails.
        let said = outgoing.body.get("errorMessage").and_then(Value::as_text).unwrap_or_default();
        assert!(outgoing.status == 200 || said.contains("is not what the contract says"), "{name}: {outgoing:?}");
    }
}
