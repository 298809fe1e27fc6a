use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Caller, unlimited};
use crate::Options;

const CUSTOMERS: &str = "/crm/v2/tenant/{tenant}/customers";

fn ids(records: &[Value]) -> BTreeSet<i64> {
    records.iter().map(|record| record["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn pages_hold_every_record_once() {
    let caller = Caller::start(unlimited()).await;
    let path = format!("{CUSTOMERS}?active=Any&pageSize=7&includeTotal=true");
    let mut seen = Vec::new();
    for page in 1.. {
        let (_, answer) = caller.get(&format!("{path}&page={page}")).await;
        assert_eq!(
            (&answer["page"], &answer["pageSize"], &answer["totalCount"]),
            (&json!(page), &json!(7), &json!(60))
        );
        seen.extend(answer["data"].as_array().unwrap().iter().cloned());
        if answer["hasMore"] == false {
            break;
        }
    }
    assert_eq!((seen.len(), ids(&seen).len()), (60, 60));
    let (_, beyond) = caller.get(&format!("{path}&page=1000")).await;
    assert_eq!((&beyond["hasMore"], &beyond["data"]), (&json!(false), &json!([])));
    assert_eq!(caller.get(CUSTOMERS).await.1["totalCount"], Value::Null);
}

#[tokio::test]
async fn only_active_records_are_shown_unless_others_are_asked_for() {
    let caller = Caller::start(unlimited()).await;
    let count = |active: &'static str| caller.all(active);
    let active = count("/crm/v2/tenant/{tenant}/customers").await;
    assert!(active.iter().all(|customer| customer["active"] == true));
    let inactive = count("/crm/v2/tenant/{tenant}/customers?active=False").await;
    assert!(!inactive.is_empty() && inactive.iter().all(|customer| customer["active"] == false));
    let any = count("/crm/v2/tenant/{tenant}/customers?active=Any").await;
    assert_eq!(any.len(), active.len() + inactive.len());
}

#[tokio::test]
async fn lists_are_narrowed_by_ids_moments_and_words_and_sorted() {
    let caller = Caller::start(unlimited()).await;
    let all = caller.all(&format!("{CUSTOMERS}?active=Any")).await;
    let wanted = format!("{},{}", all[3]["id"], all[5]["id"]);
    assert_eq!(caller.all(&format!("{CUSTOMERS}?active=Any&ids={wanted}")).await.len(), 2);
    let moment = all[30]["modifiedOn"].as_str().unwrap();
    let since = caller.all(&format!("{CUSTOMERS}?active=Any&modifiedOnOrAfter={moment}")).await;
    let before = caller.all(&format!("{CUSTOMERS}?active=Any&modifiedBefore={moment}")).await;
    assert_eq!(since.len() + before.len(), all.len());
    assert!(ids(&since).contains(&all[30]["id"].as_i64().unwrap()));
    let sorted = caller.all(&format!("{CUSTOMERS}?active=Any&sort=-ModifiedOn")).await;
    let moments: Vec<&str> = sorted.iter().map(|customer| customer["modifiedOn"].as_str().unwrap()).collect();
    assert!(moments.windows(2).all(|pair| pair[0] >= pair[1]));
    let items = "/payroll/v2/tenant/{tenant}/gross-pay-items?employeeType=Technician&pageSize=50";
    let (_, items) = caller.get(items).await;
    assert!(items["data"].as_array().unwrap().iter().all(|item| item["employeeType"] == "Technician"));
}

#[tokio::test]
async fn a_wrong_value_is_a_problem_with_the_field() {
    let caller = Caller::start(unlimited()).await;
    let (status, problem) = caller.get(&format!("{CUSTOMERS}?sort=Shoes&page=x")).await;
    assert_eq!(status, 400);
    assert!(problem["errors"]["sort"][0].as_str().unwrap().contains("Shoes"), "{problem}");
    assert!(problem["errors"]["page"][0].is_string());
    assert_eq!(caller.get(&format!("{CUSTOMERS}/not-a-number")).await.0, 400);
    assert_eq!(caller.get(&format!("{CUSTOMERS}/1")).await.0, 404);
}

#[tokio::test]
async fn what_refers_to_something_refers_to_something_that_is_there() {
    let caller = Caller::start(unlimited()).await;
    let customers = ids(&caller.all(&format!("{CUSTOMERS}?active=Any")).await);
    let jobs = caller.all("/jpm/v2/tenant/{tenant}/jobs").await;
    assert!(jobs.iter().all(|job| customers.contains(&job["customerId"].as_i64().unwrap())));
    let jobs = ids(&jobs);
    let mut people = ids(&caller.all("/settings/v2/tenant/{tenant}/technicians?active=Any").await);
    people.extend(ids(&caller.all("/settings/v2/tenant/{tenant}/employees?active=Any").await));
    let settings = caller.all("/payroll/v2/tenant/{tenant}/payroll-settings?active=Any").await;
    let by_person: BTreeMap<i64, &Value> =
        settings.iter().map(|s| (s["employeeId"].as_i64().unwrap(), &s["externalPayrollId"])).collect();
    let items = caller.all("/payroll/v2/tenant/{tenant}/gross-pay-items").await;
    assert!(!items.is_empty());
    for item in &items {
        let person = item["employeeId"].as_i64().unwrap();
        assert!(people.contains(&person));
        assert_eq!(by_person[&person], &item["employeePayrollId"]);
        assert!(item["jobId"] == 0 || jobs.contains(&item["jobId"].as_i64().unwrap()), "{item}");
    }
    let vendors = ids(&caller.all("/inventory/v2/tenant/{tenant}/vendors?active=Any").await);
    let orders = caller.all("/inventory/v2/tenant/{tenant}/purchase-orders").await;
    assert!(orders.iter().all(|order| vendors.contains(&order["vendorId"].as_i64().unwrap())));
}

/// All that a feed gives from a cursor on, and the cursor after it.
async fn drained(caller: &Caller, path: &str, mut from: Option<String>) -> (Vec<Value>, String) {
    let mut records = Vec::new();
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let query = from.map(|from| format!("{joint}from={from}")).unwrap_or_default();
        let (status, answer) = caller.get(&format!("{path}{query}")).await;
        assert_eq!(status, 200, "{answer}");
        records.extend(answer["data"].as_array().unwrap().iter().cloned());
        let next = answer["continueFrom"].as_str().unwrap().to_owned();
        if answer["hasMore"] == false {
            return (records, next);
        }
        from = Some(next);
    }
}

#[tokio::test]
async fn a_feed_gives_everything_once_then_only_what_changed() {
    let caller = Caller::start(Options { feed_page: 13, ..unlimited() }).await;
    let feed = "/crm/v2/tenant/{tenant}/export/customers";
    let (all, cursor) = drained(&caller, feed, None).await;
    assert_eq!((all.len(), ids(&all).len()), (60, 60));
    let (none, cursor) = drained(&caller, feed, Some(cursor)).await;
    assert_eq!(none.len(), 0);
    let id = all[7]["id"].as_i64().unwrap();
    let (status, _) =
        caller.send(reqwest::Method::PATCH, &format!("{CUSTOMERS}/{id}"), json!({ "name": "Changed" })).await;
    assert_eq!(status, 200);
    let (changed, cursor) = drained(&caller, feed, Some(cursor)).await;
    assert_eq!((changed.len(), &changed[0]["name"]), (1, &json!("Changed")));
    let repeated = drained(&caller, &format!("{feed}?includeRecentChanges=true"), Some(cursor)).await.0;
    assert!(ids(&repeated).contains(&id));
    assert_eq!(caller.get(&format!("{feed}?from=made-up")).await.0, 400);
}

#[tokio::test]
async fn a_feed_from_a_date_starts_with_what_changed_at_that_moment() {
    let caller = Caller::start(unlimited()).await;
    let feed = "/crm/v2/tenant/{tenant}/export/customers";
    let (all, _) = drained(&caller, feed, None).await;
    let moment = all[40]["modifiedOn"].as_str().unwrap();
    let since = drained(&caller, feed, Some(moment.to_owned())).await.0;
    assert!(ids(&since).contains(&all[40]["id"].as_i64().unwrap()));
    assert_eq!(since.len(), all.iter().filter(|c| c["modifiedOn"].as_str().unwrap() >= moment).count());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_records_and_another_gives_others() {
    let now = Some("2026-03-04T05:06:07Z".parse().unwrap());
    let one = Caller::start(Options { now, ..unlimited() }).await.all(CUSTOMERS).await;
    let same = Caller::start(Options { now, ..unlimited() }).await.all(CUSTOMERS).await;
    let other = Caller::start(Options { now, seed: 2, ..unlimited() }).await.all(CUSTOMERS).await;
    assert_eq!(one, same);
    assert_ne!(one, other);
}
