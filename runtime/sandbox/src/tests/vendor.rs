use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Caller, sent, unlimited};
use crate::{Act, DEMO_VENDOR_KEY, Fault, Faults, Options};

impl Caller {
    async fn vendor(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let call = self.http.request(method, format!("{}/{path}", self.sandbox.vendor_url()));
        let call = call.header("X-Api-Key", DEMO_VENDOR_KEY);
        sent(match body {
            Some(body) => call.json(&body),
            None => call,
        })
        .await
    }

    async fn shown(&self, path: &str) -> Value {
        let (status, body) = self.vendor(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn order(&self, po_number: &str, lines: Value) -> (StatusCode, Value) {
        let order = json!({ "customer_no": "H-7001", "po_number": po_number, "branch_no": "B-02", "lines": lines });
        self.vendor(Method::POST, "orders", Some(order)).await
    }
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn the_key_is_wanted_and_never_shown() {
    let caller = Caller::start(unlimited()).await;
    for key in [None, Some("hk1.wrong")] {
        let call = caller.http.get(format!("{}/branches", caller.sandbox.vendor_url()));
        let (status, body) = sent(key.into_iter().fold(call, |call, key| call.header("X-Api-Key", key))).await;
        assert_eq!((status.as_u16(), code(&body)), (401, "bad_key"));
    }
    caller.shown("branches").await;
    assert!(!format!("{:?}", caller.sandbox.calls()).contains(DEMO_VENDOR_KEY));
}

#[tokio::test]
async fn the_same_seed_is_the_same_shop_and_another_has_other_prices() {
    let prices = async |seed| {
        let caller = Caller::start(Options { seed, ..unlimited() }).await;
        let parts = caller.shown("parts").await["parts"].clone();
        parts.as_array().unwrap().iter().map(|part| part["list_price"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(prices(1).await, prices(1).await);
    assert_ne!(prices(1).await, prices(2).await);
}

#[tokio::test]
async fn every_page_of_the_catalogue_leads_to_the_next() {
    let caller = Caller::start(unlimited()).await;
    let mut numbers = Vec::new();
    let mut path = "parts?limit=12".to_owned();
    loop {
        let page = caller.shown(&path).await;
        assert_eq!(page["groups"].as_array().unwrap().is_empty(), !numbers.is_empty());
        numbers.extend(page["parts"].as_array().unwrap().iter().map(|part| part["part_no"].clone()));
        let Some(cursor) = page["cursor"].as_str() else { break };
        path = format!("parts?limit=12&cursor={cursor}");
    }
    assert_eq!((numbers.len(), &numbers[0], &numbers[31]), (32, &json!("HL-1001"), &json!("HL-1032")));
}

#[tokio::test]
async fn the_nearest_branch_comes_first() {
    let caller = Caller::start(unlimited()).await;
    let nearest = caller.shown("branches?zip=85701&limit=1").await;
    assert_eq!(nearest["branches"][0]["addr"]["town"], "Tucson");
    assert_eq!(caller.shown("branches?lat=34.1&lon=-118.2").await["branches"][0]["branch_no"], "B-05");
}

#[tokio::test]
async fn an_order_takes_stock_goes_on_and_ends_in_an_invoice() {
    let caller = Caller::start(unlimited()).await;
    let stock = json!({ "customer_no": "H-7001", "branch_no": "B-02", "lines": [{ "part_no": "HL-1009", "qty": 1 }] });
    let on_hand =
        async || caller.vendor(Method::POST, "stock", Some(stock.clone())).await.1["stock"][0]["on_hand"].clone();
    let before = on_hand().await.as_f64().unwrap();
    let (status, body) = caller.order("PO-1", json!([{ "part_no": "HL-1009", "qty": 2.5 }])).await;
    assert_eq!((status.as_u16(), &body["order"]["state"]), (201, &json!("received")));
    assert_eq!(on_hand().await.as_f64().unwrap(), before - 2.5);
    let line = &body["order"]["lines"][0];
    let total = line["unit_price"].as_f64().unwrap() * 2.5;
    assert!((line["line_total"].as_f64().unwrap() - total).abs() < 0.006, "{line}");

    let number = body["order"]["order_no"].as_str().unwrap();
    let invoices = async || caller.shown("invoices?customer_no=H-7001").await["invoices"].as_array().unwrap().len();
    let invoiced = invoices().await;
    let advance = format!("{}/_sandbox/vendor/orders/{number}/advance", caller.sandbox.url());
    for state in ["picking", "shipped", "delivered", "delivered"] {
        assert_eq!(caller.http.post(&advance).send().await.unwrap().status(), 204);
        let order = caller.shown("orders/PO-1?customer_no=H-7001").await["order"].clone();
        assert_eq!((&order["state"], &order["order_no"]), (&json!(state), &json!(number)));
    }
    assert_eq!(invoices().await, invoiced + 1);
    let advance = format!("{}/_sandbox/vendor/orders/SO-1/advance", caller.sandbox.url());
    assert_eq!(caller.http.post(&advance).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_same_purchase_order_is_refused_the_second_time() {
    let caller = Caller::start(unlimited()).await;
    let lines = json!([{ "part_no": "HL-1001", "qty": 1 }]);
    assert_eq!(caller.order("PO-2", lines.clone()).await.0, 201);
    let (status, body) = caller.order("PO-2", lines.clone()).await;
    assert_eq!((status.as_u16(), code(&body)), (409, "already_ordered"));
    let other = json!({ "customer_no": "H-7002", "po_number": "PO-2", "lines": lines });
    assert_eq!(caller.vendor(Method::POST, "orders", Some(other)).await.0, 201);
}

#[tokio::test]
async fn every_faulty_line_is_told_and_nothing_is_ordered() {
    let caller = Caller::start(unlimited()).await;
    let lines = json!([{ "part_no": "HL-1001", "qty": 1 }, { "part_no": "3/4\" pipe", "qty": 1 },
        { "part_no": "HL-1002", "qty": 0 }, { "part_no": null, "qty": 1 }, { "part_no": "HL-1003" }]);
    let (status, body) = caller.order("PO-3", lines).await;
    assert_eq!((status.as_u16(), code(&body)), (422, "bad_lines"));
    let told: Vec<String> =
        body["error"]["details"].as_array().unwrap().iter().map(|d| d["line"].to_string()).collect();
    assert_eq!(told, ["2", "3", "4", "5"]);
    let orders = caller.shown("orders?customer_no=H-7001").await;
    assert!(orders["orders"].as_array().unwrap().iter().all(|order| order["po_number"] != "PO-3"));
    for (lines, wanted) in [(json!([]), "no_lines"), (json!("none"), "bad_body")] {
        assert_eq!(code(&caller.order("PO-3", lines).await.1), wanted);
    }
}

#[tokio::test]
async fn a_link_is_made_once_and_ended() {
    let caller = Caller::start(unlimited()).await;
    let partner = Some(json!({ "partner": "ServiceTitan" }));
    let links = "customers/H-7001/links";
    assert_eq!(caller.vendor(Method::POST, links, partner.clone()).await.0, 201);
    assert_eq!(caller.vendor(Method::POST, links, partner).await.0, 200);
    assert_eq!(caller.shown("customers/H-7001").await["customer"]["linked"], true);
    assert_eq!(caller.vendor(Method::DELETE, links, None).await.1["was_linked"], true);
    assert_eq!(caller.shown("customers/H-7001").await["customer"]["linked"], false);
}

#[tokio::test]
async fn faults_meet_the_vendor_too_and_its_calls_are_kept() {
    let caller = Caller::start(unlimited()).await;
    let line = json!([{ "part_no": "HL-1001", "qty": 1 }]);
    for (act, status) in [
        (Act::Status { code: 503, body: None }, 503),
        (Act::TooMany { retry_after: None }, 429),
        (Act::ExpiredToken, 401),
    ] {
        caller.sandbox.set_faults(Faults(vec![Fault::new(act).on("_vendor/").times(1)]));
        let (found, body) = caller.order("PO-4", line.clone()).await;
        assert_eq!(found.as_u16(), status);
        assert!(body["error"]["message"].is_string(), "{body}");
    }
    caller.sandbox.set_faults(Faults(vec![Fault::new(Act::LostWrite).on("_vendor/orders.create").times(1)]));
    assert_eq!(caller.order("PO-4", line.clone()).await.0, 201);
    assert_eq!(caller.vendor(Method::GET, "orders/PO-4?customer_no=H-7001", None).await.0, 404);
    assert_eq!(caller.order("PO-4", line).await.0, 201);
    let arrived =
        caller.sandbox.calls().iter().filter(|call| call.operation.as_deref() == Some("_vendor/orders.create")).count();
    assert_eq!(arrived, 5);
    assert_eq!(caller.vendor(Method::GET, "nothing", None).await.0, 404);
    assert_eq!(caller.vendor(Method::PUT, "orders", None).await.0, 405);
}

#[tokio::test]
async fn what_is_not_in_stock_follows_days_later_as_a_shipment_of_its_own() {
    let caller = Caller::start(unlimited()).await;
    let stock = json!({ "customer_no": "H-7001", "branch_no": "B-02", "lines": [{ "part_no": "HL-1009", "qty": 1 }] });
    let on_hand = caller.vendor(Method::POST, "stock", Some(stock)).await.1["stock"][0]["on_hand"].as_f64().unwrap();
    let (_, body) = caller.order("PO-9", json!([{ "part_no": "HL-1009", "qty": on_hand + 3.0 }])).await;
    assert_eq!(body["order"]["lines"][0]["backordered"].as_f64(), Some(3.0));
    let shown = async || caller.shown("orders/PO-9?customer_no=H-7001").await["order"].clone();
    let placed: chrono::DateTime<chrono::Utc> = shown().await["placed_at"].as_str().unwrap().parse().unwrap();
    caller.sandbox.move_on(placed + chrono::TimeDelta::hours(2));
    let order = shown().await;
    assert_eq!((&order["state"], order["shipments"].as_array().unwrap().len()), (&json!("shipped"), 1));
    assert_eq!(order["shipments"][0]["lines"][0]["qty"].as_f64(), Some(on_hand));
    caller.sandbox.move_on(placed + chrono::TimeDelta::days(10));
    let order = shown().await;
    let numbers: Vec<_> = order["shipments"].as_array().unwrap().iter().map(|one| one["shipment_no"].clone()).collect();
    let number = body["order"]["order_no"].as_str().unwrap().replace("SO", "SH");
    assert_eq!(numbers, [json!(number), json!(format!("{number}-2"))]);
    assert_eq!((&order["state"], order["shipments"][1]["lines"][0]["qty"].as_f64()), (&json!("delivered"), Some(3.0)));
}

#[tokio::test]
async fn prices_are_those_that_were_set_last() {
    let caller = Caller::start(unlimited()).await;
    let prices = format!("{}/_sandbox/vendor/prices", caller.sandbox.url());
    let set = async |body: serde_json::Value| caller.http.post(&prices).json(&body).send().await.unwrap().status();
    let listed = async || caller.shown("parts?limit=2").await["parts"].clone();
    let before = listed().await;
    assert_eq!(set(json!({ "HL-1001": 1234, "HL-9999": 1 })).await, 404);
    assert_eq!(listed().await, before);
    assert_eq!(set(json!({ "HL-1001": 1234 })).await, 204);
    assert_eq!((&listed().await[0]["list_price"], &listed().await[1]), (&json!(12.34), &before[1]));
    assert_eq!(set(json!({ "HL-1001": "1" })).await, 400);
}
