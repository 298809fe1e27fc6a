use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Caller, sent, unlimited};
use crate::{DEMO_TENANT, Options, SandboxTenant};

const CUSTOMERS: &str = "/crm/v2/tenant/{tenant}/customers";

async fn token(caller: &Caller, form: &[(&str, &str)]) -> (u16, Value) {
    let call = caller.http.post(format!("{}/connect/token", caller.sandbox.url())).form(form);
    let (status, answer) = sent(call).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_token_takes_a_form_with_the_right_client() {
    let caller = Caller::start(unlimited()).await;
    let right = [("grant_type", "client_credentials"), ("client_id", "cid.sandbox"), ("client_secret", "cs1.sandbox")];
    let (status, answer) = token(&caller, &right).await;
    assert_eq!((status, &answer["token_type"], &answer["expires_in"]), (200, &json!("Bearer"), &json!(900)));
    assert!(answer["scope"].as_str().unwrap().contains("tn.prl.grosspayitems:r"));
    assert_eq!(answer["access_token"].as_str().unwrap().split('.').count(), 3);
    for (form, error) in [
        ([right[0], right[1], ("client_secret", "cs1.sandbox ")], "invalid_client"),
        ([("grant_type", "password"), right[1], right[2]], "unsupported_grant_type"),
        ([("grant", "client_credentials"), right[1], right[2]], "invalid_request"),
    ] {
        assert_eq!(token(&caller, &form).await, (400, json!({ "error": error })));
    }
    let call = caller.http.post(format!("{}/connect/token", caller.sandbox.url()));
    assert_eq!(sent(call.json(&json!({ "grant_type": "client_credentials" }))).await.0, 400);
}

#[tokio::test]
async fn a_client_may_come_in_a_basic_header() {
    let caller = Caller::start(unlimited()).await;
    let call = caller.http.post(format!("{}/connect/token", caller.sandbox.url()));
    let call = call.basic_auth("cid.sandbox", Some("cs1.sandbox")).form(&[("grant_type", "client_credentials")]);
    assert_eq!(sent(call).await.0, 200);
}

#[tokio::test]
async fn a_call_without_a_good_token_or_key_is_refused() {
    let caller = Caller::start(unlimited()).await;
    let bare = || caller.http.get(format!("{}/crm/v2/tenant/{DEMO_TENANT}/customers", caller.sandbox.url()));
    assert_eq!(sent(bare().bearer_auth(&caller.token)).await.0, 401);
    assert_eq!(sent(bare().bearer_auth(&caller.token).header("ST-App-Key", "ak1.other")).await.0, 401);
    assert_eq!(sent(bare().header("ST-App-Key", "ak1.sandbox")).await.0, 401);
    assert_eq!(sent(bare().bearer_auth("made.up.token").header("ST-App-Key", "ak1.sandbox")).await.0, 401);
    assert_eq!(caller.get("/crm/v2/tenant/99/customers").await.0, 403);
    let alone = bare().header("Authorization", &caller.token).header("ST-App-Key", "ak1.sandbox");
    assert_eq!(sent(alone).await.0, 200);
    assert_eq!(caller.get(CUSTOMERS).await.0, 200);
}

#[tokio::test]
async fn a_token_that_was_let_expire_or_outlived_its_life_is_refused() {
    let caller = Caller::start(unlimited()).await;
    caller.sandbox.expire_tokens();
    assert_eq!(caller.get(CUSTOMERS).await.0, 401);
    let caller = Caller::start(Options { token_life: Duration::ZERO, ..unlimited() }).await;
    assert_eq!(caller.get(CUSTOMERS).await.0, 401);
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_refused() {
    let mut options = unlimited();
    options.tenants =
        vec![SandboxTenant { scopes: Some(vec!["tn.prl.grosspayitems:r".to_owned()]), ..options.tenants[0].clone() }];
    let caller = Caller::start(options).await;
    assert_eq!(caller.get("/payroll/v2/tenant/{tenant}/gross-pay-items").await.0, 200);
    let (status, problem) = caller.get(CUSTOMERS).await;
    assert_eq!((status.as_u16(), &problem["title"]), (403, &json!("Scope validation failed")));
}

#[tokio::test]
async fn a_path_that_no_operation_has_is_the_gateways_404() {
    let caller = Caller::start(unlimited()).await;
    for (method, path) in [(Method::GET, "/crm/v2/customers"), (Method::PUT, CUSTOMERS), (Method::GET, "/")] {
        let (status, problem) = sent(caller.call(method, path)).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(problem["title"], "Unable to match incoming request to an operation.");
        assert!(problem["traceId"].as_str().unwrap().starts_with("00-"));
    }
}

#[tokio::test]
async fn a_call_too_many_within_a_second_is_told_when_to_come_again() {
    let caller = Caller::start(Options { rate: Some(2), ..unlimited() }).await;
    let calls = (0..100).map(|_| caller.call(Method::GET, CUSTOMERS).send());
    let answers = futures::future::join_all(calls).await;
    let refused: Vec<_> = answers.into_iter().map(Result::unwrap).filter(|answer| answer.status() == 429).collect();
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!(answer.headers()["retry-after"], "1");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["title"], "Rate limit is exceeded. Try again in 1 seconds.");
    }
}

#[tokio::test]
async fn a_report_is_given_once_a_minute() {
    let caller = Caller::start(Options { report_interval: Some(Duration::from_secs(60)), ..unlimited() }).await;
    let report = caller.sandbox.example("reporting/report-category-reports.get-data", DEMO_TENANT).unwrap();
    let path = format!("/reporting/v2/tenant/{{tenant}}/report-category/{}/reports/{}/data", report[0], report[1]);
    let (status, answer) = caller.send(Method::POST, &path, json!({ "parameters": [] })).await;
    assert_eq!(status, 200, "{answer}");
    let columns = answer["fields"].as_array().unwrap().len();
    assert!(answer["data"].as_array().unwrap().iter().all(|row| row.as_array().unwrap().len() == columns));
    assert_eq!(caller.send(Method::POST, &path, json!({ "parameters": [] })).await.0, 429);
}
