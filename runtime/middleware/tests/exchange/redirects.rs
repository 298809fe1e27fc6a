//! Redirects: followed by what reads alone, within the vendor's origin, where the request stays what it is.

use super::stand_in::{StandIn, json, redirect};
use super::{Draft, failure, order};

const KEY: &str = r#"{ "kind": "ApiKey", "valueMappings": [
    { "authenticationKey": "ApiKey", "outputType": "Header", "outputKey": "X-API-KEY" } ] }"#;

#[tokio::test]
async fn a_circle_ends() {
    let vendor = StandIn::answering((0..10).map(|_| redirect(307, "/api/orders")).collect()).await;
    let middleware = Draft::of(&vendor).reading().serve();
    let (_, _, message) = failure(&order(&middleware).await);
    assert!(message.contains("redirects in a circle"), "{message}");
    assert_eq!(vendor.asked().len(), 6);
}

#[tokio::test]
async fn no_key_and_no_order_goes_to_another_host_or_port() {
    let key = |vendor: &StandIn| Draft::of(vendor).authentication(vendor, KEY).secret("ApiKey", "k-secret");
    let basic = |vendor: &StandIn| {
        let draft = Draft::of(vendor).authentication(vendor, r#"{ "kind": "Basic" }"#);
        draft.secret("Username", "ann").secret("Password", "k-secret")
    };
    let other = StandIn::answering(vec![]).await;
    for away in [other.url.clone(), other.url.replace("127.0.0.1", "localhost"), other.url.replace("http:", "")] {
        for status in [301, 302, 303, 307, 308] {
            let vendor = StandIn::answering(vec![redirect(status, &away), redirect(status, &away), json("{}")]).await;
            let (with_key, with_basic) = (key(&vendor).serve(), basic(&vendor).serve());
            for middleware in [&with_key, &with_basic] {
                let (status, kind, message) = failure(&order(middleware).await);
                assert_eq!((status, kind.as_str()), (502, "Vendor"));
                assert!(message.contains("which is not followed: keys are for 127.0.0.1"), "{message}");
                assert!(message.contains("change `baseUrl`") && !message.contains("k-secret"), "{message}");
            }
            assert_eq!(order(&with_key).await.status, 200);
        }
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_question_stays_a_question() {
    for status in [307, 308] {
        let vendor = StandIn::answering(vec![redirect(status, "v2/orders?x=1"), json("{}")]).await;
        let draft = Draft::of(&vendor).authentication(&vendor, KEY).secret("ApiKey", "k").reading();
        let outgoing = order(&draft.serve()).await;
        assert_eq!(outgoing.status, 200, "{outgoing:?}");
        let asked = vendor.asked();
        assert_eq!((asked[1].method.as_str(), asked[1].path.as_str()), ("POST", "/api/v2/orders?x=1"));
        assert_eq!(asked[1].header("x-api-key"), Some("k"));
        assert_eq!(asked[1].body, asked[0].body);
    }
    for status in [301, 302] {
        let vendor = StandIn::answering(vec![redirect(status, "/login"), json("{}")]).await;
        let (_, _, message) = failure(&order(&Draft::of(&vendor).reading().serve()).await);
        assert!(message.contains(&format!("answered a POST with {status} to `/login`, which is not followed")));
        assert_eq!(vendor.asked().len(), 1);
    }
    let vendor = StandIn::answering(vec![redirect(303, "/api/orders/7"), json(r#"{ "reference": "7" }"#)]).await;
    let outgoing = order(&Draft::of(&vendor).reading().serve()).await;
    assert_eq!(outgoing.body.to_json(), r#"{"success":true,"orderReferenceNumber":"7"}"#);
    let asked = &vendor.asked()[1];
    assert_eq!((asked.method.as_str(), asked.path.as_str(), asked.body.as_str()), ("GET", "/api/orders/7", ""));
}

#[tokio::test]
async fn an_order_goes_nowhere_but_where_the_template_says() {
    for status in [301, 302, 303, 307, 308] {
        let vendor = StandIn::answering(vec![redirect(status, "/api/v2/orders"), json("{}")]).await;
        let (told, kind, message) = failure(&order(&Draft::of(&vendor).serve()).await);
        assert_eq!((told, kind.as_str()), (502, "Vendor"));
        assert!(message.contains("`/api/v2/orders`") && message.contains("which is not followed"), "{message}");
        assert_eq!(vendor.asked().len(), 1, "{status}");
    }
}
