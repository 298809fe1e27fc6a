//! What goes over the wire how often: never an order twice, and what a template cannot make of a request.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tradewire_middleware::exchange::{Incoming, Outgoing};

use super::stand_in::{StandIn, json};
use super::wire::{GOOD, HEAD, Wire, good, request, send};
use super::{Draft, failure, order};

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let vendor = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (mut stream, _) = TcpListener::bind(place).await.unwrap().accept().await.unwrap();
        request(&mut stream).await;
        good(stream).await;
    });
    let outgoing = order(&Draft::at(&format!("http://{place}/api")).serve()).await;
    assert_eq!(outgoing.status, 200, "{outgoing:?}");
    vendor.await.unwrap();
}

#[tokio::test]
async fn connections_are_kept_and_an_order_lost_on_one_is_not_sent_again() {
    let wire = Wire::answering(|mut stream, number| async move {
        for _ in 0..3 {
            send(&mut stream, format!("{HEAD}content-length: {}\r\n\r\n{GOOD}", GOOD.len())).await;
            if !request(&mut stream).await {
                return;
            }
        }
        // The fourth request of the first connection was read and is not answered.
        assert_eq!(number, 0);
        stream.shutdown().await.unwrap();
    })
    .await;
    let middleware = Draft::at(&wire.url).serve();
    for _ in 0..3 {
        assert_eq!(order(&middleware).await.status, 200);
    }
    assert_eq!(wire.connections(), 1);
    let (status, _, message) = failure(&order(&middleware).await);
    assert_eq!((status, wire.connections()), (502, 1));
    assert!(message.contains("whether it did what it was asked is not known"), "{message}");
    assert_eq!(order(&middleware).await.status, 200);
}

#[tokio::test]
async fn all_requests_of_a_call_together_have_a_deadline() {
    let wire = Wire::answering(|mut stream, _| async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            send(&mut stream, format!("{HEAD}content-length: {}\r\n\r\n{GOOD}", GOOD.len())).await;
            if !request(&mut stream).await {
                return;
            }
        }
    })
    .await;
    let mut draft = Draft::at(&wire.url);
    draft.settings.deadline = Duration::from_millis(700);
    draft.response = r#"{ "body": { "success": true, "callBackInfo": { "shouldCallback": true, "values": { "page": "{{ 'now' | date: '%N' }}" } } } }"#.to_owned();
    let (status, kind, message) = failure(&order(&draft.serve()).await);
    assert_eq!((status, kind.as_str()), (504, "Vendor"));
    assert!(message.starts_with("the call took longer than 0.7 s"), "{message}");
}

#[tokio::test]
async fn a_token_that_the_vendor_no_longer_takes_is_fetched_anew_and_may_say_that_it_lives_forever() {
    let token = |name: &str| json(&format!(r#"{{ "access_token": "{name}", "expires_in": 18446744073709551615 }}"#));
    let refused = super::stand_in::with(401, "application/json", "{}");
    let vendor = StandIn::answering(vec![token("t-1"), refused, token("t-2"), json("{}")]).await;
    let kind = format!(r#"{{ "kind": "OAuth2", "tokenUrl": "{}/token" }}"#, vendor.url);
    let draft = Draft::of(&vendor).authentication(&vendor, &kind);
    let middleware = draft.secret("ClientId", "id").secret("ClientSecret", "s").serve();
    failure(&order(&middleware).await);
    assert_eq!(order(&middleware).await.status, 200);
    assert_eq!(vendor.asked()[3].header("authorization"), Some("Bearer t-2"));
}

async fn order_of(account: &str, draft: Draft) -> Outgoing {
    let body = tradewire_liquid::Value::object([("accountId", account.into())]).to_json().into_bytes();
    draft.serve().answer("purchaseorder", Incoming { headers: Vec::new(), body }, None).await
}

#[tokio::test]
async fn a_value_makes_no_header_of_its_own() {
    let vendor = StandIn::answering(vec![json("{}"), json("{}")]).await;
    let mut draft = Draft::of(&vendor);
    draft.request =
        r#"{ "url": "orders", "headers": { "X-Account": "{{ source.body.accountId }}" }, "body": {} }"#.to_owned();
    let (status, kind, message) = failure(&order_of("a\r\nX-Evil: 1", draft).await);
    assert_eq!((status, kind.as_str()), (500, "Template"));
    assert!(message.contains("the header `X-Account` has a value that no header can have"), "{message}");
    assert!(vendor.asked().is_empty());
    let mut draft = Draft::of(&vendor);
    draft.response = r#"{ "headers": { "X-Back": "{{ 'a%0D%0Ab' | url_decode }}" }, "body": {} }"#.to_owned();
    let (_, kind, message) = failure(&order_of("a", draft).await);
    assert_eq!(kind, "Template");
    assert!(message.contains("the header `X-Back` has a value"), "{message}");
}

#[tokio::test]
async fn a_template_does_not_say_how_a_message_is_framed_and_for_whom_it_is() {
    let vendor = StandIn::answering(vec![json("{}")]).await;
    let mut draft = Draft::of(&vendor);
    draft.request = r#"{ "url": "orders", "body": { "a": "bc" }, "headers": { "Host": "evil.example", "content-length": 1,
        "Transfer-Encoding": "chunked", "Connection": "upgrade", "Upgrade": "h2c", "TE": "trailers", "Trailer": "X" } }"#
        .to_owned();
    assert_eq!(order_of("a", draft).await.status, 200);
    let asked = &vendor.asked()[0];
    assert_eq!(asked.body, r#"{"a":"bc"}"#);
    assert!(vendor.url.contains(asked.header("host").unwrap()));
    assert_eq!(asked.header("content-length"), Some("10"));
    for name in ["transfer-encoding", "connection", "upgrade", "te", "trailer"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_value_leads_no_request_elsewhere() {
    let vendor = StandIn::answering(vec![json("{}")]).await;
    for (url, account) in [
        ("{{ config.baseUrl }}/orders/{{ source.body.accountId }}", "../../keys"),
        ("orders/{{ source.body.accountId }}", "%2e%2e/keys"),
        ("/{{ source.body.accountId }}", "/evil.example/x"),
        ("{{ source.body.accountId }}", "http://evil.example/x"),
        ("http://127.0.0.1{{ source.body.accountId }}", "@evil.example/"),
        ("http://127.0.0.1{{ source.body.accountId }}", ":1/"),
    ] {
        let mut draft = Draft::of(&vendor);
        draft.request = format!(r#"{{ "method": "GET", "url": "{url}" }}"#);
        let (status, kind, _) = failure(&order_of(account, draft).await);
        assert_eq!((status, kind.as_str()), (500, "Template"), "{url} {account}");
    }
    assert!(vendor.asked().is_empty());
    let mut draft = Draft::of(&vendor);
    draft.request = r#"{ "method": "GET", "url": "orders/{{ source.body.accountId | url_encode }}" }"#.to_owned();
    order_of("a/../b?c=d", draft).await;
    assert_eq!(vendor.asked()[0].path, "/api/orders/a%2F..%2Fb%3Fc%3Dd");
}
