use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Caller, sent, unlimited};
use crate::DEMO_TENANT;

const ITEMS: &str = "/payroll/v2/tenant/{tenant}/gross-pay-items";
const ZONES: &str = "/dispatch/v2/tenant/{tenant}/zones";

#[tokio::test]
async fn what_was_created_is_read_changed_listed_and_taken_away() {
    let caller = Caller::start(unlimited()).await;
    let (status, made) = caller.send(Method::POST, ZONES, json!({ "name": "North", "zips": ["85001"], "cities": [], "territoryNumbers": [], "locnNumbers": [], "serviceDaysEnabled": false, "serviceDays": [], "businessUnits": [], "technicians": [], "active": true })).await;
    assert_eq!(status, 200, "{made}");
    let path = format!("{ZONES}/{}", made["id"]);
    let (status, zone) = caller.get(&path).await;
    assert_eq!((status.as_u16(), &zone["name"], &zone["zips"]), (200, &json!("North"), &json!(["85001"])));
    let (status, _) = caller.send(Method::PATCH, &path, json!({ "name": "South" })).await;
    assert_eq!(status, 200);
    let zone = caller.get(&path).await.1;
    assert_eq!((&zone["name"], &zone["zips"]), (&json!("South"), &json!(["85001"])));
    let listed = caller.all(ZONES).await;
    assert!(listed.iter().any(|zone| zone["id"] == made["id"] && zone["name"] == "South"));
    assert_eq!(sent(caller.call(Method::DELETE, &path)).await.0, 200);
    // ServiceTitan keeps what says of itself whether it is active.
    assert_eq!(caller.get(&path).await.1["active"], false);
    assert!(!caller.all(ZONES).await.iter().any(|zone| zone["id"] == made["id"]));
    let item = caller.all(ITEMS).await[0]["id"].clone();
    let path = format!("{ITEMS}/{item}");
    assert_eq!(sent(caller.call(Method::DELETE, &path)).await.0, 200);
    assert!(!caller.all(ITEMS).await.iter().any(|other| other["id"] == item));
    assert_eq!(sent(caller.call(Method::DELETE, &path)).await.0, 404);
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told_and_changes_nothing() {
    let caller = Caller::start(unlimited()).await;
    let before = caller.all(ITEMS).await.len();
    let (status, problem) = caller.send(Method::POST, ITEMS, json!({ "amount": "much" })).await;
    assert_eq!(status, 400);
    assert!(problem["errors"]["amount"][0].is_string(), "{problem}");
    assert!(problem["errors"]["payrollId"][0].as_str().unwrap().contains("required"), "{problem}");
    let call = caller.call(Method::POST, ITEMS).header("content-type", "text/plain").body("{}");
    assert_eq!(sent(call).await.0, 415);
    let call = caller.call(Method::POST, ITEMS).header("content-type", "application/json").body("{");
    assert_eq!(sent(call).await.0, 400);
    assert_eq!(caller.all(ITEMS).await.len(), before);
}

#[tokio::test]
async fn exact_amounts_come_back_with_their_own_digits() {
    let caller = Caller::start(unlimited()).await;
    let id = caller.all(ITEMS).await[0]["id"].as_i64().unwrap();
    let body =
        r#"{"payrollId": 1, "amount": 9007199254740993.10, "activityCodeId": 1, "date": "2026-01-02T00:00:00Z"}"#;
    let call = caller.call(Method::PUT, &format!("{ITEMS}/{id}")).header("content-type", "application/json").body(body);
    let (status, answer) = sent(call).await;
    assert_eq!(status, 200, "{answer}");
    let text = caller.call(Method::GET, &format!("{ITEMS}?ids={id}")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains(r#""amount":9007199254740993.10"#), "{text}");
}

#[tokio::test]
async fn bills_are_marked_as_exported_one_by_one() {
    let caller = Caller::start(unlimited()).await;
    let bills = caller.get("/accounting/v2/tenant/{tenant}/inventory-bills?pageSize=2").await.1;
    let bills = bills.get("data").unwrap_or(&bills).clone();
    let known = bills[0]["id"].clone();
    let path = "/accounting/v2/tenant/{tenant}/inventory-bills/markasexported";
    let (status, answer) = caller.send(Method::POST, path, json!({ "inventoryBillIds": [known, 1] })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer[0]["inventoryBillId"], &answer[0]["success"]), (&known, &json!(true)));
    assert_eq!((&answer[1]["success"], answer[1]["errorMessage"].is_string()), (&json!(false), true));
    let after = caller.get("/accounting/v2/tenant/{tenant}/inventory-bills?pageSize=2").await.1;
    let after = after.get("data").unwrap_or(&after).clone();
    assert_eq!(after[0]["syncStatus"], "Exported");
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off_and_a_job_is_canceled() {
    let caller = Caller::start(unlimited()).await;
    let customer = caller.all("/crm/v2/tenant/{tenant}/customers").await[0]["id"].clone();
    let tag = caller.all("/settings/v2/tenant/{tenant}/tag-types").await[2]["id"].clone();
    let path = format!("/crm/v2/tenant/{{tenant}}/customers/{customer}");
    assert_eq!(sent(caller.call(Method::POST, &format!("{path}/tags/{tag}"))).await.0, 200);
    assert!(caller.get(&path).await.1["tagTypeIds"].as_array().unwrap().contains(&tag));
    assert_eq!(sent(caller.call(Method::DELETE, &format!("{path}/tags/{tag}"))).await.0, 200);
    assert!(!caller.get(&path).await.1["tagTypeIds"].as_array().unwrap().contains(&tag));
    let job = caller.all("/jpm/v2/tenant/{tenant}/jobs").await[0]["id"].clone();
    let path = format!("/jpm/v2/tenant/{{tenant}}/jobs/{job}");
    let (status, _) = caller.send(Method::PUT, &format!("{path}/cancel"), json!({ "reasonId": 1, "memo": "x" })).await;
    assert_eq!((status.as_u16(), &caller.get(&path).await.1["jobStatus"]), (200, &json!("Canceled")));
}

#[tokio::test]
async fn a_file_that_was_sent_is_found_behind_a_redirect() {
    let caller = Caller::start(unlimited()).await;
    let images = "/pricebook/v2/tenant/{tenant}/images";
    let part = reqwest::multipart::Part::bytes(&b"\x89PNG not quite"[..]).file_name("a b.png");
    let form = reqwest::multipart::Form::new().part("file", part.mime_str("image/png").unwrap());
    let (status, answer) = sent(caller.call(Method::POST, images).multipart(form)).await;
    assert_eq!(status, 200, "{answer}");
    let path = answer["path"].as_str().unwrap();
    let answer = caller.call(Method::GET, images).query(&[("path", path)]).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let address = answer.headers()["location"].to_str().unwrap().to_owned();
    let file = caller.http.get(format!("{}{address}", caller.sandbox.url())).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.unwrap(), &b"\x89PNG not quite"[..]);
    let missing = caller.call(Method::GET, images).query(&[("path", "nowhere")]);
    assert_eq!(sent(missing).await.0, 404);
    let call = caller.call(Method::POST, images).body("not a form");
    assert_eq!(sent(call).await.0, 415);
}

#[tokio::test]
async fn a_recording_is_audio() {
    let caller = Caller::start(unlimited()).await;
    let id = caller.sandbox.example("telecom/calls.get-recording", DEMO_TENANT).unwrap();
    let operation =
        tradewire_sandbox_seed::plan::Plan::get().endpoint("telecom/calls.get-recording").unwrap().operation;
    let answer = caller.call(Method::GET, &operation.path.replace("{id}", &id[0])).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "audio/wav");
    assert!(answer.bytes().await.unwrap().starts_with(b"RIFF"));
}

#[tokio::test]
async fn people_write_records_without_an_operation_and_move_the_clock_on() {
    let caller = Caller::start(unlimited()).await;
    let at = |path: &str| format!("{}/_sandbox/{path}", caller.sandbox.url());
    let send =
        async |method: Method, path: &str, body: Value| sent(caller.http.request(method, at(path)).json(&body)).await;
    let before: DateTime<Utc> = Utc::now() + TimeDelta::days(3);
    assert_eq!(send(Method::POST, "clock", json!({ "now": before.to_rfc3339() })).await.0, 204);
    assert_eq!(send(Method::POST, "clock", json!({ "now": "2020-01-01T00:00:00Z" })).await.0, 400);
    let bill = json!({ "referenceNumber": "IN-1", "syncStatus": "Pending", "billAmount": "12.50" });
    let (status, made) = send(Method::POST, "records/accounting/inventory-bills", bill).await;
    assert_eq!((status.as_u16(), &made["syncStatus"]), (200, &json!("Pending")));
    assert!(made["createdOn"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() >= before, "{made}");
    let path = format!("records/accounting/inventory-bills/{}", made["id"]);
    assert_eq!(send(Method::PATCH, &path, json!({ "syncStatus": "Posted" })).await.0, 200);
    let (_, all) = sent(caller.http.get(at("records/accounting/inventory-bills"))).await;
    let last = all.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["id"], &last["syncStatus"], &last["billAmount"]),
        (&made["id"], &json!("Posted"), &json!("12.50"))
    );
    for (path, body, status) in [
        ("records/accounting/nothing", json!({}), 404),
        ("records/accounting/inventory-bills/1", json!({}), 404),
        ("records/accounting/inventory-bills/1", json!([]), 400),
    ] {
        assert_eq!(send(Method::PATCH, path, body).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn a_receipt_counts_at_its_order() {
    const ORDERS: &str = "inventory/purchase-orders";
    let caller = Caller::start(unlimited()).await;
    let item = json!({ "skuId": 1, "vendorPartNumber": "HL-1", "quantity": "10.00", "quantityReceived": "0.00", "cost": "2.00" });
    let order = json!({ "number": "N-1", "status": "Sent", "items": [item.clone(), item] });
    let order = caller.sandbox.add_record(ORDERS, DEMO_TENANT, &order).unwrap();
    let (first, second) = (&order["items"][0]["id"], &order["items"][1]["id"]);
    assert_ne!(first, second);
    let receive = async |line: &Value, pieces: f64| {
        let items = json!([{ "purchaseOrderItemId": line, "skuId": 1, "quantity": pieces, "cost": 2 }]);
        let body = json!({ "purchaseOrderId": order["id"], "dateReceived": "2026-01-05T00:00:00Z", "tax": 0, "shipping": 0, "items": items });
        let (status, answer) = caller.send(Method::POST, "/inventory/v2/tenant/{tenant}/receipts", body).await;
        assert_eq!(status, 200, "{answer}");
        let orders = caller.sandbox.records(ORDERS, DEMO_TENANT).unwrap();
        orders.into_iter().find(|one| one["id"] == order["id"]).unwrap()
    };
    let partly = receive(first, 2.5).await;
    assert_eq!(
        (&partly["status"], partly["items"][0]["quantityReceived"].as_f64()),
        (&json!("PartiallyReceived"), Some(2.5))
    );
    receive(first, 7.5).await;
    let whole = receive(second, 10.0).await;
    assert_eq!((&whole["status"], &whole["items"][0]["status"]), (&json!("Received"), &json!("Received")));
    assert!(whole["receivedOn"].is_string(), "{whole}");
}
