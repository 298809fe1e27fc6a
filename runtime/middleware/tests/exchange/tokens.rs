//! What vendors give for tokens and callers show of themselves, and who sees it again.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Response;
use serde_json::json as document;
use tradewire_middleware::exchange::{Incoming, Middleware, Outgoing};

use super::stand_in::{StandIn, json};
use super::{Draft, ORDER, failure, order};

/// A pack that gets its tokens from this vendor, and hands on what the vendor says.
async fn oauth(answers: Vec<Response<Body>>) -> (StandIn, Middleware) {
    let vendor = StandIn::answering(answers).await;
    let kind = format!(r#"{{ "kind": "OAuth2", "tokenUrl": "{}/token" }}"#, vendor.url);
    let draft = telling(Draft::of(&vendor).authentication(&vendor, &kind));
    let middleware = draft.secret("ClientId", "id").secret("ClientSecret", "s").serve();
    (vendor, middleware)
}

fn telling(mut draft: Draft) -> Draft {
    draft.response = r#"{ "headers": { "X-Told": "{{ source.headers | json | url_encode }}" },
        "body": { "success": true, "orderReferenceNumber": "{{ source.body.reference }}" } }"#
        .to_owned();
    draft
}

fn reference(outgoing: &Outgoing) -> String {
    assert_eq!(outgoing.status, 200, "{outgoing:?}");
    outgoing.body.get("orderReferenceNumber").and_then(|value| value.as_text()).unwrap().to_owned()
}

#[tokio::test]
async fn a_token_is_masked_in_its_own_vendors_answers_whatever_it_looks_like_and_in_no_other_ones() {
    for token in ["12|abcdef", "two words", "PO-2026-000000123/COPPER-ELBOW", "a%41\"b/c"] {
        let given = json(&document!({ "access_token": token, "expires_in": 3600 }).to_string());
        let said = || json(&document!({ "reference": format!("for {token}") }).to_string());
        let (vendor, middleware) = oauth(vec![given, said()]).await;
        assert_eq!(reference(&order(&middleware).await), "for ***");
        assert_eq!(vendor.asked()[1].header("authorization"), Some(format!("Bearer {token}").as_str()));

        let other = StandIn::answering(vec![said()]).await;
        assert_eq!(reference(&order(&telling(Draft::of(&other)).serve()).await), format!("for {token}"));
    }
}

#[tokio::test]
async fn names_of_headers_are_masked_too() {
    let mut said = json(r#"{ "reference": "1" }"#);
    let name = "x-echo-t0ken-of-this-vendor".parse::<axum::http::HeaderName>().unwrap();
    said.headers_mut().insert(name, "T0ken-Of-This-Vendor".parse().unwrap());
    let given = json(r#"{ "access_token": "T0ken-Of-This-Vendor" }"#);
    let (_vendor, middleware) = oauth(vec![given, said]).await;
    let outgoing = order(&middleware).await;
    let told = format!("{outgoing:?}").to_ascii_lowercase();
    assert!(told.contains("x-echo-") && !told.contains("t0ken"), "{told}");
}

#[tokio::test]
async fn a_life_is_read_however_it_is_written() {
    for life in
        ["3600", "3599.0", r#""3600""#, r#"" 3599.5 ""#, "null", r#""soon""#, "{}", "1e300", "18446744073709551616"]
    {
        let given = json(&format!(r#"{{ "access_token": "t-1", "expires_in": {life} }}"#));
        let (vendor, middleware) = oauth(vec![given, json("{}"), json("{}")]).await;
        order(&middleware).await;
        assert_eq!(order(&middleware).await.status, 200, "{life}");
        // It lives, so it was fetched once.
        assert_eq!(vendor.asked().len(), 3, "{life}");
    }
    for life in ["-1", "0", "\"-5\""] {
        let given = || json(&format!(r#"{{ "access_token": "t-1", "expires_in": {life} }}"#));
        let (vendor, middleware) = oauth(vec![given(), json("{}"), given(), json("{}")]).await;
        order(&middleware).await;
        assert_eq!(order(&middleware).await.status, 200, "{life}");
        assert_eq!(vendor.asked().len(), 4, "{life}");
    }
}

#[tokio::test]
async fn a_token_that_nothing_can_be_sent_with_is_the_vendors_fault_and_is_not_kept() {
    let long = "t".repeat((8 << 10) + 1);
    for (token, why) in
        [("t-1\r\nX-Evil: 1", "with a line end"), (long.as_str(), "of 8193 bytes"), (" ", "without a character")]
    {
        let given = json(&document!({ "access_token": token, "expires_in": 3600 }).to_string());
        let good = json(r#"{ "access_token": "t-2" }"#);
        let (vendor, middleware) = oauth(vec![given, good, json(r#"{ "reference": "t-1" }"#)]).await;
        let (status, kind, message) = failure(&order(&middleware).await);
        assert_eq!((status, kind.as_str()), (502, "Vendor"), "{message}");
        assert!(message.contains(&format!("gives a token {why}")) && !message.contains("Evil"), "{message}");
        assert_eq!(reference(&order(&middleware).await), "t-1");
        assert_eq!(vendor.asked()[2].header("authorization"), Some("Bearer t-2"));
    }
}

async fn order_by(authorization: &str, middleware: &Middleware) -> Outgoing {
    let headers = vec![("Authorization".to_owned(), authorization.to_owned())];
    middleware.answer("purchaseorder", Incoming { headers, body: ORDER.into() }, None).await
}

#[tokio::test]
async fn what_a_caller_is_known_by_has_a_bound_and_costs_a_long_answer_no_more() {
    let long = document!({ "reference": "a".repeat(3 << 20) }).to_string();
    let vendor = StandIn::answering(vec![json(&long)]).await;
    let pack = || Draft::of(&vendor).authentication(&vendor, r#"{ "kind": "PassThrough" }"#);
    let (status, kind, message) = failure(&order_by(&"a".repeat(30_000), &pack().serve()).await);
    assert_eq!((status, kind.as_str()), (431, "Request"));
    assert!(message.starts_with("the header `Authorization` has more than 8192 bytes"), "{message}");
    assert!(vendor.asked().is_empty());
    let start = Instant::now();
    let outgoing = order_by(&format!("1{}", "a".repeat(8_000)), &pack().serve()).await;
    // The end of what is long tells it, and what it is made of before that is masked with it.
    assert_eq!(reference(&outgoing), "***");
    // It was hours.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
