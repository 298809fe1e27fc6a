use reqwest::Method;
use serde_json::{Value, json};

use super::{Caller, unlimited};
use crate::{Act, Fault, Faults};

const CUSTOMERS: &str = "/crm/v2/tenant/{tenant}/customers";
const FEED: &str = "/crm/v2/tenant/{tenant}/export/customers";

async fn with(fault: Fault) -> Caller {
    let caller = Caller::start(unlimited()).await;
    caller.sandbox.set_faults(Faults(vec![fault]));
    caller
}

#[tokio::test]
async fn a_status_a_retry_after_and_a_body_are_what_was_asked_for() {
    let caller = with(Fault::new(Act::TooMany { retry_after: Some("0.25".into()) }).on("crm/").times(1)).await;
    let answer = caller.call(Method::GET, CUSTOMERS).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"0.25".parse().unwrap()));
    assert_eq!(caller.get(CUSTOMERS).await.0, 200);
    let caller = with(Fault::new(Act::Status { code: 502, body: Some("<html>bad gateway</html>".into()) })).await;
    let answer = caller.call(Method::GET, CUSTOMERS).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (502, &"text/html".parse().unwrap()));
    let caller = with(Fault::new(Act::ExpiredToken)).await;
    assert_eq!(caller.get(CUSTOMERS).await.0, 401);
}

#[tokio::test]
async fn connections_break_before_after_and_within_an_answer() {
    let zone = json!({ "name": "Once", "zips": [], "cities": [], "territoryNumbers": [], "locnNumbers": [], "serviceDaysEnabled": false, "serviceDays": [], "businessUnits": [], "technicians": [], "active": true });
    let zones = "/dispatch/v2/tenant/{tenant}/zones";
    for (act, made) in [(Act::DropRequest, 0), (Act::DropAnswer, 1), (Act::HalfAnswer, 1)] {
        let caller = with(Fault::new(act.clone()).on("dispatch/zone.create").times(1)).await;
        let answer = caller.call(Method::POST, zones).json(&zone).send().await;
        let body = match answer {
            Ok(answer) => answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!body, "{act:?}");
        let named = caller.all(zones).await.into_iter().filter(|zone| zone["name"] == "Once").count();
        assert_eq!(named, made, "{act:?}");
    }
}

#[tokio::test]
async fn an_empty_page_is_followed_by_all_that_is_there() {
    let caller = with(Fault::new(Act::EmptyPage { page: 2 })).await;
    let whole = caller.all(&format!("{CUSTOMERS}?active=Any")).await.len();
    assert_eq!(whole, 60);
    let page = |page: u32| format!("{CUSTOMERS}?active=Any&pageSize=20&page={page}");
    let (_, empty) = caller.get(&page(2)).await;
    assert_eq!((&empty["data"], &empty["hasMore"]), (&json!([]), &json!(true)));
    let mut seen = 0;
    for number in 1..=4 {
        seen += caller.get(&page(number)).await.1["data"].as_array().unwrap().len();
    }
    assert_eq!(seen, 60);
    let (_, empty) = caller.get(FEED).await;
    assert_eq!((&empty["data"], &empty["hasMore"]), (&json!([]), &json!(true)));
    let next = empty["continueFrom"].as_str().unwrap();
    assert_eq!(caller.get(&format!("{FEED}?from={next}")).await.1["data"].as_array().unwrap().len(), 60);
}

#[tokio::test]
async fn undeclared_nulls_spare_the_id() {
    let caller = with(Fault::new(Act::UndeclaredNulls { per_mille: 1000 })).await;
    let customers = caller.all(CUSTOMERS).await;
    for customer in &customers {
        let fields = customer.as_object().unwrap();
        assert!(
            fields.iter().all(|(name, value)| (name == "id") == value.is_i64() && (name == "id" || value.is_null()))
        );
    }
}

#[tokio::test]
async fn a_lost_write_answers_well_and_changes_nothing() {
    let caller = with(Fault::new(Act::LostWrite)).await;
    let customer = caller.all(CUSTOMERS).await[0].clone();
    let path = format!("{CUSTOMERS}/{}", customer["id"]);
    let (status, answer) = caller.send(Method::PATCH, &path, json!({ "name": "Lost" })).await;
    assert_eq!((status.as_u16(), &answer["name"]), (200, &json!("Lost")));
    assert_eq!(caller.get(&path).await.1["name"], customer["name"]);
}

#[tokio::test]
async fn faults_are_set_shown_and_ended_over_http() {
    let caller = Caller::start(unlimited()).await;
    let faults = json!([{ "do": { "status": { "code": 500 } }, "on": "crm/" }]);
    let address = format!("{}/_sandbox/faults", caller.sandbox.url());
    assert_eq!(caller.http.put(&address).json(&faults).send().await.unwrap().status(), 204);
    assert_eq!(caller.get(CUSTOMERS).await.0, 500);
    let shown: Value = caller.http.get(&address).send().await.unwrap().json().await.unwrap();
    assert_eq!(shown[0]["do"]["status"]["code"], 500);
    let refused = caller.http.put(&address).json(&json!([{ "do": "explode" }])).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("explode"));
    assert_eq!(caller.http.delete(&address).send().await.unwrap().status(), 204);
    assert_eq!(caller.get(CUSTOMERS).await.0, 200);
}

#[tokio::test]
async fn calls_are_kept_as_they_came_without_secrets() {
    let caller = Caller::start(unlimited()).await;
    caller.get(&format!("{CUSTOMERS}?sort=%2BName&name=a%20b")).await;
    let calls = caller.sandbox.calls();
    let call = calls.iter().find(|call| call.operation.as_deref() == Some("crm/customers.get-list")).unwrap();
    assert_eq!((call.method.as_str(), call.query.as_str()), ("GET", "sort=%2BName&name=a%20b"));
    assert_eq!(call.header("st-app-key"), Some("ak1.sandbox"));
    assert!(calls.iter().any(|call| call.operation.as_deref() == Some("token") && call.body.is_empty()));
    let text = format!("{calls:?}");
    assert!(!text.contains(&caller.token) && !text.contains("cs1.sandbox"));
    let shown: Value = caller
        .http
        .get(format!("{}/_sandbox/calls?operation=crm/", caller.sandbox.url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_late_answer_is_of_a_call_that_is_carried_out_and_in_the_ledger_when_its_caller_hangs_up() {
    let caller = with(Fault::new(Act::LateAnswer { ms: 600_000 }).on("dispatch/team.create").times(1)).await;
    let made = || caller.sandbox.records("dispatch/teams", crate::DEMO_TENANT).unwrap();
    let seeded = made().len();
    let team = json!({ "name": "Late", "active": true });
    let call = caller.call(Method::POST, "/dispatch/v2/tenant/{tenant}/teams").json(&team).send();
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = async { while made().len() == seeded { tokio::task::yield_now().await; } } => {}
    }
    assert_eq!(made()[seeded]["name"], "Late");
    let calls = || caller.sandbox.calls();
    while !calls().iter().any(|call| call.method == "POST" && call.path.ends_with("/teams") && call.status == 0) {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}
